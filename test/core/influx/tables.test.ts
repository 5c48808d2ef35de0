import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnIndexes } from '../../../core/influx/rows.ts';
import { TableReader } from '../../../core/influx/tables.ts';

const CSV = `#datatype,string,long,string,string\r
#group,false,false,true,false\r
#default,_result,,,\r
,result,table,_field,text\r
,,0,a,plain\r
,,0,a,"quoted, with comma"\r
,,0,a,"two ""quotes"""\r
,,0,a,"two
lines"\r
,,1,b,\r
,,1,b,""\r
\r
#datatype,string,long,double\r
#group,false,false,false\r
#default,other,,\r
,result,table,_value\r
,,0,1.5\r
,,0,ünïcode\r
\r
`;

interface Seen {
  readonly labels: string;
  readonly rows: string[][];
}

function read(chunks: readonly Buffer[]): Seen[] {
  const reader = new TableReader();
  const seen: Seen[] = [];
  for (const chunk of chunks) {
    for (const { columns, rows } of reader.feed(chunk)) {
      const labels = columns
        .map(({ label, type, group }) => `${label}:${type}${group ? '!' : ''}`)
        .join();
      const last = seen.at(-1);
      const cells = rows.map((row) => [...row]);
      if (last?.labels === labels) last.rows.push(...cells);
      else seen.push({ labels, rows: cells });
    }
  }
  reader.end();
  return seen;
}

const wanted: Seen[] = [
  {
    labels: 'result:string,table:long,_field:string!,text:string',
    rows: [
      ['_result', '0', 'a', 'plain'],
      ['_result', '0', 'a', 'quoted, with comma'],
      ['_result', '0', 'a', 'two "quotes"'],
      ['_result', '0', 'a', 'two\nlines'],
      ['_result', '1', 'b', ''],
      ['_result', '1', 'b', ''],
    ],
  },
  {
    labels: 'result:string,table:long,_value:double',
    rows: [
      ['other', '0', '1.5'],
      ['other', '0', 'ünïcode'],
    ],
  },
];

test('tables, quotes, defaults and schema changes are read', () => {
  assert.deepEqual(read([Buffer.from(CSV)]), wanted);
});

test('it does not matter where the chunks are cut', () => {
  const bytes = Buffer.from(CSV);
  for (let at = 1; at < bytes.length; at++) {
    assert.deepEqual(read([bytes.subarray(0, at), bytes.subarray(at)]), wanted, `cut at ${at}`);
  }
  assert.deepEqual(read([...bytes].map((byte) => Buffer.from([byte]))), wanted);
});

test('a row of another width is refused', () => {
  const reader = new TableReader();
  assert.throws(() => reader.feed(Buffer.from(',result,table\r\n,a,0,x\r\n')), /3 cells/);
});

test('wanted columns are found by label and missing ones named', () => {
  const columns = ['result', 'table', '_time', '_value'].map((label) => ({
    label,
    type: 'string',
    group: false,
  }));
  assert.deepEqual(columnIndexes(columns, ['_value', '_time']), [3, 2]);
  assert.throws(() => columnIndexes(columns, ['pair']), /no column pair/);
});
