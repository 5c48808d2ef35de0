import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { zoneOf } from '../../../embedded/flux/functions/universe/zone.ts';
import { Budget } from '../../../embedded/flux/tables/budget.ts';
import { ColumnBuilder } from '../../../embedded/flux/tables/builder.ts';
import { constantColumn, take, valueAt, withValues } from '../../../embedded/flux/tables/column.ts';
import { Grouper } from '../../../embedded/flux/tables/group.ts';
import { Intervals } from '../../../embedded/flux/tables/intervals.ts';
import type { Pausing } from '../../../embedded/flux/tables/pause.ts';
import { estimate } from '../../../embedded/flux/tables/quantile.ts';
import { sortedRows } from '../../../embedded/flux/tables/sort.ts';
import { compareKeys, compareText, sortableKey } from '../../../embedded/flux/tables/table.ts';
import type { Column, ColumnType, Table, Value } from '../../../embedded/flux/values/value.ts';
import { Duration, Time } from '../../../embedded/flux/values/value.ts';

function column(label: string, type: ColumnType, values: readonly Value[]): Column {
  const builder = new ColumnBuilder(label, type, 1);
  for (const value of values) builder.append(value);
  return builder.finish();
}

function table(columns: readonly Column[], key: readonly string[] = []): Table {
  const longest = columns.find((one) => one.values !== undefined);
  return { key, columns, rowCount: longest?.values?.length ?? 1 };
}

const valuesOf = (one: Column, count: number) =>
  Array.from({ length: count }, (_, row) => valueAt(one, row));

describe('columns', () => {
  test('every type holds its values and nulls', () => {
    const given: [ColumnType, Value[]][] = [
      ['double', [1.5, null, Number.NaN]],
      ['long', [-1n, null, 2n ** 63n - 1n]],
      ['boolean', [true, null, false]],
      ['string', ['', null, 'ü']],
      ['dateTime:RFC3339', [new Time(0n), null, new Time(-1n)]],
    ];
    for (const [type, values] of given) {
      assert.deepEqual(valuesOf(column('c', type, values), 3), values, type);
    }
  });

  test('rows taken by number, -1 giving null, also from a constant column', () => {
    const rows = Int32Array.of(1, -1, 0);
    assert.deepEqual(valuesOf(take(column('c', 'long', [1n, 2n]), rows), 3), [2n, null, 1n]);
    assert.deepEqual(valuesOf(take(constantColumn('c', 'string', 'x'), rows), 3), ['x', null, 'x']);
  });
});

describe('order', () => {
  test('nulls come first both ways, NaN is the least; equal rows keep their order', () => {
    const one = table([column('v', 'double', [2, null, Number.NaN, 1, 2])]);
    assert.deepEqual([...sortedRows(one, { columns: ['v'], desc: false })], [1, 2, 3, 0, 4]);
    assert.deepEqual([...sortedRows(one, { columns: ['v'], desc: true })], [1, 0, 4, 3, 2]);
  });

  test('texts compare as their UTF-8 bytes do', () => {
    const texts = ['\u{1f600}', '\uffee', 'z', 'a', 'ab'];
    const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    assert.deepEqual([...texts].sort(compareText), [...texts].sort(bytes));
  });

  test('group keys compare label by label in alphabetical order', () => {
    const key = (labels: Record<string, string>) =>
      sortableKey(
        table(
          Object.entries(labels).map(([label, value]) => constantColumn(label, 'string', value)),
          Object.keys(labels),
        ),
      );
    assert.ok(compareKeys(key({ b: '1', a: '2' }), key({ a: '1', b: '9' })) > 0);
    assert.ok(compareKeys(key({ a: '1' }), key({ a: '1', b: '0' })) < 0);
  });
});

/** Does all of the work, pauses or not. */
function finish(work: Pausing<void>): void {
  while (work.next().done !== true);
}

describe('grouping', () => {
  test('columns that some rows lack are null there', () => {
    const grouper = new Grouper(() => undefined);
    finish(
      grouper.add(
        table([column('g', 'string', ['x', 'y', 'x']), column('v', 'long', [1n, 2n, 3n])]),
        ['g'],
      ),
    );
    finish(grouper.add(table([column('g', 'string', ['x']), column('w', 'double', [0.5])]), ['g']));
    const [first, second] = [...grouper.tables()];
    assert.deepEqual(
      first?.columns.map((one) => one.label),
      ['g', 'v', 'w'],
    );
    assert.deepEqual(valuesOf(first!.columns[1]!, 3), [1n, 3n, null]);
    assert.deepEqual(valuesOf(first!.columns[2]!, 3), [null, null, 0.5]);
    assert.equal(second?.rowCount, 1);
  });

  test('a column of two types is refused', () => {
    const grouper = new Grouper(() => undefined);
    finish(grouper.add(table([column('v', 'long', [1n])]), []));
    assert.throws(
      () => finish(grouper.add(table([column('v', 'double', [1])]), [])),
      /schema collision detected: column "v" is both of type int and float/,
    );
  });
});

describe('memory', () => {
  test('what one holder frees another may take', () => {
    const budget = new Budget(100);
    const first = budget.hold();
    first.add(80);
    assert.throws(
      () => budget.hold().add(30),
      /limit reached: limit 100 bytes, allocated: 80, wanted: 30/,
    );
    first.free();
    budget.hold().add(90);
    assert.equal(budget.bytes, 90);
  });
});

describe('windows', () => {
  const zero = new Duration(0, 0n);
  const HOUR = 3_600_000_000_000n;
  const at = (text: string) => BigInt(Date.parse(text)) * 1_000_000n;
  const starts = (intervals: Intervals, from: string, to: string) =>
    [...intervals.within({ startNs: at(from), stopNs: at(to) })].map((one) =>
      new Date(Number(one.startNs / 1_000_000n)).toISOString().slice(0, 16),
    );

  test('months begin on their first day, whatever their length', () => {
    const month = new Duration(1, 0n);
    const intervals = new Intervals({ every: month, period: month, offset: zero });
    assert.deepEqual(starts(intervals, '2024-01-15T00:00Z', '2024-04-01T00:00Z'), [
      '2024-01-01T00:00',
      '2024-02-01T00:00',
      '2024-03-01T00:00',
    ]);
  });

  test('days of a place begin at its midnight, also when its clocks change', () => {
    const day = new Duration(0, 24n * HOUR);
    const { zone } = zoneOf({ zone: 'Europe/Paris', offsetNs: 0n });
    const intervals = new Intervals({ every: day, period: day, offset: zero, zone });
    assert.deepEqual(
      starts(intervals, '2024-03-30T12:00Z', '2024-04-01T12:00Z'),
      ['2024-03-29T23:00', '2024-03-30T23:00', '2024-03-31T22:00', '2024-04-01T22:00'].slice(0, 3),
    );
  });

  test('overlapping windows all hold a time', () => {
    const intervals = new Intervals({
      every: new Duration(0, HOUR),
      period: new Duration(0, 3n * HOUR),
      offset: zero,
    });
    assert.equal([...intervals.containing(at('2024-01-01T05:30Z'))].length, 3);
  });

  test('durations that cannot be windows are refused', () => {
    for (const every of [zero, new Duration(1, 1n), new Duration(0, -1n)]) {
      assert.throws(() => new Intervals({ every, period: every, offset: zero }), /interval cannot/);
    }
  });

  test('an unknown zone is named', () =>
    assert.throws(
      () => zoneOf({ zone: 'Nowhere/At', offsetNs: 0n }),
      /unknown time zone Nowhere\/At/,
    ));
});

describe('quantile estimates', () => {
  test('lie near the true ones, also for many values', () => {
    const values = Float64Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 50_000);
    const numbers = withValues({ label: 'v', type: 'double' }, values);
    for (const q of [0.01, 0.5, 0.99]) {
      const { raw } = estimate(q, 0)(numbers, values.length);
      assert.ok(Math.abs((raw as number) - q * 50_000) < 50, `${q}: ${raw}`);
    }
  });
});
