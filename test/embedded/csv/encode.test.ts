import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../../embedded/csv/dialect.ts';
import { DEFAULT_DIALECT } from '../../../embedded/csv/dialect.ts';
import { CsvEncoder } from '../../../embedded/csv/encode.ts';
import { formatTime } from '../../../embedded/flux/values/print.ts';
import type { Column, Table } from '../../../embedded/flux/values/value.ts';
import { Time, UInt } from '../../../embedded/flux/values/value.ts';
import { FULL_DIALECT } from '../../helpers/flux.ts';

function encode(tables: readonly Table[], dialect: Dialect = FULL_DIALECT): string {
  const encoder = new CsvEncoder(dialect);
  encoder.startResult('_result');
  const pieces = tables.flatMap((table) => [...encoder.table(table)]);
  encoder.endResult();
  return pieces.join('') + encoder.finish();
}

const lines = (...text: string[]): string => text.map((line) => `${line}\r\n`).join('');

const keyed = (pair: string, values: number[]): Table => ({
  key: ['pair'],
  rowCount: values.length,
  columns: [
    { label: '_value', type: 'double', values: Float64Array.from(values) },
    { label: 'pair', type: 'string', constant: pair },
  ],
});

test('tables of one shape share a block and count on', () => {
  assert.equal(
    encode([keyed('a', [1, 2.5]), keyed('b', [3])]),
    lines(
      '#datatype,string,long,double,string',
      '#group,false,false,false,true',
      '#default,_result,,,',
      ',result,table,_value,pair',
      ',,0,1,a',
      ',,0,2.5,a',
      ',,1,3,b',
      '',
    ),
  );
});

test('another shape or key begins a block', () => {
  const other: Table = { ...keyed('b', [3]), key: [] };
  const [head] = encode([keyed('a', [1]), other], DEFAULT_DIALECT).split('\r\n');
  assert.equal(head, ',result,table,_value,pair');
  assert.equal(
    encode([keyed('a', [1]), other], DEFAULT_DIALECT),
    lines(
      ',result,table,_value,pair',
      ',_result,0,1,a',
      '',
      ',result,table,_value,pair',
      ',_result,1,3,b',
      '',
    ),
  );
});

test('an empty table says its key in the defaults', () => {
  assert.equal(
    encode([keyed('a', [])]),
    lines(
      '#datatype,string,long,double,string',
      '#group,false,false,false,true',
      '#default,_result,0,,a',
      ',result,table,_value,pair',
      '',
    ),
  );
});

test('nulls are empty whatever the type', () => {
  const nulls = Uint8Array.of(0, 1);
  const columns: Column[] = [
    { label: 'f', type: 'double', values: Float64Array.of(1, 0), nulls },
    { label: 'i', type: 'long', values: BigInt64Array.of(-1n, 0n), nulls },
    { label: 'u', type: 'unsignedLong', values: BigUint64Array.of(2n ** 64n - 1n, 0n), nulls },
    { label: 'b', type: 'boolean', values: Uint8Array.of(1, 0), nulls },
    { label: 't', type: 'dateTime:RFC3339', values: BigInt64Array.of(0n, 0n), nulls },
    { label: 's', type: 'string', values: ['x', null] },
    { label: 'k', type: 'string', constant: null },
  ];
  const [, first, second] = encode([{ key: ['k'], rowCount: 2, columns }], DEFAULT_DIALECT).split(
    '\r\n',
  );
  assert.equal(first, ',_result,0,1,-1,18446744073709551615,true,1970-01-01T00:00:00Z,x,');
  assert.equal(second, ',_result,0,,,,,,,');
});

const CONSTANTS: readonly (readonly [Column, string])[] = [
  [{ label: 'x', type: 'unsignedLong', constant: new UInt(5n) }, '5'],
  [
    { label: 'x', type: 'dateTime:RFC3339', constant: new Time(1n) },
    '1970-01-01T00:00:00.000000001Z',
  ],
  [{ label: 'x', type: 'boolean', constant: false }, 'false'],
  [{ label: 'x', type: 'double', constant: -0 }, '-0'],
  [{ label: 'x', type: 'double', constant: 1e21 }, '1000000000000000000000'],
  [{ label: 'x', type: 'double', constant: 1.5e-7 }, '0.00000015'],
  [{ label: 'x', type: 'double', constant: Number.NaN }, 'NaN'],
  [{ label: 'x', type: 'double', constant: -Infinity }, '-Inf'],
  [{ label: 'x', type: 'string', constant: 'a"b' }, '"a""b"'],
];

test('constant columns are written as their type asks', () => {
  for (const [column, wanted] of CONSTANTS) {
    const csv = encode([{ key: ['x'], rowCount: 1, columns: [column] }], DEFAULT_DIALECT);
    assert.equal(csv.split('\r\n')[1], `,_result,0,${wanted}`);
  }
});

test('times keep their nanoseconds, before the epoch too', () => {
  const times = [
    0n,
    1n,
    -1n,
    -1_000_000_000n,
    1_700_000_000_123_400_000n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ];
  let state = 1n;
  for (let i = 0; i < 2000; i += 1) {
    state = BigInt.asIntN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    times.push(state);
  }
  const column: Column = {
    label: 't',
    type: 'dateTime:RFC3339',
    values: BigInt64Array.from(times),
  };
  const csv = encode([{ key: [], rowCount: times.length, columns: [column] }], DEFAULT_DIALECT);
  const written = csv
    .split('\r\n')
    .slice(1, -2)
    .map((line) => line.split(',').at(-1));
  assert.deepEqual(written, times.map(formatTime));
});

test('a text is quoted where it must be, for the delimiter in use', () => {
  const values = ['a,b', 'a;b', 'line\nend', ' lead', 'trail ', '', '\\.', 'cr\rx'];
  const table: Table = {
    key: [],
    rowCount: values.length,
    columns: [{ label: 's', type: 'string', values }],
  };
  const of = (delimiter: string) => encode([table], { header: false, delimiter, annotations: [] });
  assert.equal(
    of(','),
    lines(
      ',_result,0,"a,b"',
      ',_result,0,a;b',
      ',_result,0,"line\r\nend"',
      ',_result,0," lead"',
      ',_result,0,trail ',
      ',_result,0,',
      ',_result,0,"\\."',
      ',_result,0,"crx"',
      '',
    ),
  );
  assert.match(of(';'), /^;_result;0;a,b\r\n;_result;0;"a;b"\r\n/);
});

test('an error after rows is a table of its own', () => {
  const encoder = new CsvEncoder(FULL_DIALECT);
  encoder.startResult('_result');
  assert.deepEqual([...encoder.table(keyed('a', [1]))], []);
  encoder.error('it broke, "badly"');
  assert.equal(
    encoder.finish().split('\r\n').slice(5).join('\r\n'),
    lines(
      '',
      '#datatype,string,string',
      '#group,true,true',
      '#default,,',
      ',error,reference',
      ',"it broke, ""badly""",',
    ),
  );
});

test('long answers come in pieces of about 64 kB', () => {
  const encoder = new CsvEncoder(FULL_DIALECT);
  encoder.startResult('_result');
  const values = Array.from({ length: 50_000 }, (_, index) => index / 7);
  const pieces = [...encoder.table(keyed('a', values))];
  assert.ok(pieces.length > 10);
  for (const piece of pieces) assert.ok(piece.length >= 65_536 && piece.length < 66_000);
});
