import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAnnotated, parseRaw } from '../../../embedded/csv/parse.ts';
import { readRecords } from '../../../embedded/csv/records.ts';
import { FluxError } from '../../../embedded/flux/evaluate.ts';

const RECORDS: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  [
    'a,b\nc,d\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    'a,b\r\n\r\n,\r\n',
    [
      ['a', 'b'],
      ['', ''],
    ],
  ],
  ['"a,""b""",c', [['a,"b"', 'c']]],
  ['"two\r\nlines",x\n', [['two\nlines', 'x']]],
  ['a,', [['a', '']]],
  ['"open', [['open']]],
  ['', []],
];

test('records are read with quotes, either line end and empty lines', () => {
  for (const [text, wanted] of RECORDS) assert.deepEqual([...readRecords(text)], wanted, text);
});

const HEAD = '#datatype,string,long,long,string\n#group,false,false,false,true\n';

test('rows are tables by their table column', () => {
  const text = `${HEAD}#default,r,,,\n,result,table,n,k\n,,0,1,a\n,,0,2,a\n,,1,3,b\n`;
  const tables = parseAnnotated(text);
  assert.deepEqual(
    tables.map(({ result, rows }) => [result, rows]),
    [
      [
        'r',
        [
          ['1', 'a'],
          ['2', 'a'],
        ],
      ],
      ['r', [['3', 'b']]],
    ],
  );
  assert.deepEqual(tables[0]?.columns[1], {
    label: 'k',
    type: 'string',
    grouped: true,
    fallback: '',
  });
});

test('a block without rows is one empty table when its defaults name it', () => {
  const text = `${HEAD}#default,r,0,,a\n,result,table,n,k\n`;
  assert.deepEqual(
    parseAnnotated(text).map(({ rows }) => rows),
    [[]],
  );
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['a,b\n1,2\n', /missing expected annotation datatype/],
  ['#datatype,string,long,long\n,result,table,n\n', /missing expected annotation group/],
  [`${HEAD},result,table,n,k\n`, /missing expected annotation default/],
  [`${HEAD}#default,r,,,\n,result,table,n,k\n,,0,1\n`, /wrong number of fields/],
  [`${HEAD}#default,r,,,\n`, /annotations without a header/],
  [
    '#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n,it broke,897\n',
    /it broke/,
  ],
];

test('what is no annotated csv is refused', () => {
  for (const [text, message] of REFUSED) {
    assert.throws(
      () => parseAnnotated(text),
      (error) => error instanceof FluxError && message.test(error.message),
    );
  }
});

test('raw csv is all text', () => {
  const [table] = parseRaw('a,b\n1,"x y"\n');
  assert.deepEqual(
    table?.columns.map(({ label, type }) => [label, type]),
    [
      ['a', 'string'],
      ['b', 'string'],
    ],
  );
  assert.deepEqual(table?.rows, [['1', 'x y']]);
  assert.deepEqual(parseRaw(''), []);
});
