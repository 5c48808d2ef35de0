import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '../../../core/flux-syntax.ts';
import { FluxError } from '../../../embedded/flux/evaluate.ts';
import { Query } from '../../../embedded/flux/query/query.ts';
import { compileMap, compileReduce, compileRow } from '../../../embedded/flux/rows.ts';
import { ScriptFunction } from '../../../embedded/flux/syntax/function.ts';
import type { FluxRecord, Table, Value } from '../../../embedded/flux/values/value.ts';
import { Time, UInt } from '../../../embedded/flux/values/value.ts';
import { hostWithoutStorage, NOW_NS } from '../../helpers/flux.ts';

/** The value of `fn` after running a script. */
async function functionOf(script: string): Promise<ScriptFunction> {
  const query = new Query({
    host: hostWithoutStorage,
    org: { id: '1', name: 'o' },
    nowNs: NOW_NS,
    signal: new AbortController().signal,
  });
  await query.evaluate(parse(script));
  const fn = query.option('fn');
  assert.ok(fn instanceof ScriptFunction);
  return fn;
}

const table: Table = {
  key: ['pair'],
  rowCount: 3,
  columns: [
    { label: 'pair', type: 'string', constant: 'btcusd' },
    { label: '_time', type: 'dateTime:RFC3339', values: BigInt64Array.of(1n, 2n, 3n) },
    {
      label: '_value',
      type: 'double',
      values: Float64Array.of(1, 2, 0),
      nulls: Uint8Array.of(0, 0, 1),
    },
    { label: 'n', type: 'long', values: BigInt64Array.of(10n, 20n, 30n) },
    { label: 'u', type: 'unsignedLong', values: BigUint64Array.of(1n, 2n, 3n) },
    { label: 'ok', type: 'boolean', values: Uint8Array.of(1, 0, 1) },
    { label: 'text', type: 'string', values: ['a', null, 'c'] },
  ],
};

async function rowsOf(source: string): Promise<Value[]> {
  const row = compileRow(await functionOf(source), table);
  return [0, 1, 2].map(row);
}

const CASES: readonly (readonly [string, readonly Value[]])[] = [
  ['fn = (r) => r._value * 2.0', [2, 4, null]],
  ['fn = (r) => r.pair', ['btcusd', 'btcusd', 'btcusd']],
  ['fn = (r) => r._time', [new Time(1n), new Time(2n), new Time(3n)]],
  ['fn = (r) => r.u', [new UInt(1n), new UInt(2n), new UInt(3n)]],
  ['fn = (r) => r.ok and r.n > 10', [false, false, true]],
  ['fn = (r) => exists r.text', [true, false, true]],
  ['fn = (r) => exists r.nothing', [false, false, false]],
  ['fn = (r) => if r.ok then r.n else 0', [10n, 0n, 30n]],
  ['k = 5\nfn = (r) => { x = r.n + k\n y = x * 2\n return y }', [30n, 50n, 70n]],
  ['f = (x, by=2) => x * by\nfn = (r) => f(x: r.n) + f(x: r.n, by: 3)', [50n, 100n, 150n]],
  ['f = (r) => r.n + 1\nfn = (r) => f(r: r) + f(r: {n: 100})', [112n, 122n, 132n]],
  ['twice = (f, x) => f(x: f(x: x))\nfn = (r) => twice(f: (x) => x + r.n, x: 1)', [21n, 41n, 61n]],
  ['import "array"\nfn = (r) => array.map(arr: [1, 2], fn: (x) => x * r.n)[1]', [20n, 40n, 60n]],
  ['fn = (r) => contains(value: r.text, set: ["a", "b"])', [true, false, false]],
  ['fn = (r) => r.pair =~ /^btc/', [true, true, true]],
];

for (const [source, wanted] of CASES) {
  test(`row by row: ${source.replaceAll('\n', '; ')}`, async () => {
    assert.deepEqual(await rowsOf(source), wanted);
  });
}

test('a compiled function keeps two tables of one schema apart', async () => {
  const fn = await functionOf('fn = (r) => r.n');
  const other: Table = {
    ...table,
    columns: table.columns.map((column) =>
      column.label === 'n' ? { ...column, values: BigInt64Array.of(7n, 8n, 9n) } : column,
    ),
  };
  const first = compileRow(fn, table);
  const second = compileRow(fn, other);
  assert.deepEqual([first(0), second(0), first(1), second(1)], [10n, 7n, 20n, 8n]);
});

test('map over a record literal goes column by column', async () => {
  const fn = await functionOf(
    'fn = (r) => ({r with x: r._value * 2.0, y: r.text, z: "k", q: r.zz})',
  );
  const mapper = compileMap(fn, table);
  assert.equal(mapper.kind, 'fields');
  if (mapper.kind !== 'fields') return;
  assert.equal(mapper.withSource, true);
  const [x, y, z, q] = mapper.fields;
  assert.deepEqual([x?.get(0), x?.get(2), x?.type], [2, null, 'double']);
  assert.equal(y?.column, table.columns[6]);
  assert.equal(z?.constant, 'k');
  assert.equal(q?.constant, null);
});

test('map over any other body gives records', async () => {
  const fn = await functionOf('fn = (r) => if r.ok then {a: r.n} else {a: 0}');
  const mapper = compileMap(fn, table);
  assert.equal(mapper.kind, 'record');
  if (mapper.kind !== 'record') return;
  assert.deepEqual(
    [mapper.record(0), mapper.record(1)],
    [new Map([['a', 10n]]), new Map([['a', 0n]])],
  );
});

test('reduce sees its accumulator', async () => {
  const fn = await functionOf('fn = (r, accumulator) => ({sum: accumulator.sum + r.n})');
  const step = compileReduce(fn, table);
  let accumulator: FluxRecord = new Map([['sum', 0n]]);
  for (const row of [0, 1, 2]) accumulator = step(row, accumulator) as FluxRecord;
  assert.deepEqual(accumulator, new Map([['sum', 60n]]));
});

test('an error of a row tells its place in the script', async () => {
  const row = compileRow(await functionOf('fn = (r) => r.n / (r.n - 10)'), table);
  assert.equal(row(1), 2n);
  assert.throws(
    () => row(0),
    (error) =>
      error instanceof FluxError &&
      error.message === 'cannot divide by zero' &&
      error.column === 13,
  );
});

test('a branch that is never taken may be wrong', async () => {
  assert.deepEqual(await rowsOf('fn = (r) => if r.n > 0 then 1 else 1 / 0'), [1n, 1n, 1n]);
});

test('a planner may ask for the value of what does not depend on the row', async () => {
  const fn = await functionOf('base = 3.0\nfn = (r) => r._value > base * 2.0');
  const body = fn.expression;
  assert.equal(body?.type, 'BinaryExpression');
  if (body?.type !== 'BinaryExpression') return;
  assert.equal(fn.constantOf(body.right), 6);
  assert.equal(fn.constantOf(body.left), undefined);
  assert.equal(fn.constantOf(body), undefined);
});

test('a mapped column is read by row, without a record', async () => {
  const rowCount = 2_000;
  const big: Table = {
    key: [],
    rowCount,
    columns: [{ label: '_value', type: 'double', values: new Float64Array(rowCount).fill(1.5) }],
  };
  const fn = await functionOf('fn = (r) => ({r with x: r._value * 2.0})');
  const mapper = compileMap(fn, big);
  assert.equal(mapper.kind, 'fields');
  const field = mapper.kind === 'fields' ? mapper.fields[0] : undefined;
  for (let row = 0; row < rowCount; row += 1) assert.equal(field?.get(row), 3);
});
