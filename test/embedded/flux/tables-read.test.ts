import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TableScript } from './table-script.ts';
import { openTables, point } from './table-script.ts';

const RANGE = 'range(start: 2024-01-01T00:00:00Z, stop: 2024-01-01T01:00:00Z)';
const DATA = `from(bucket: "b") |> ${RANGE}`;

/** Points of field `v`, then what a test wants of them. */
async function withPoints(
  points: Parameters<typeof openTables>[0],
  check: (tables: TableScript) => Promise<void>,
): Promise<void> {
  const tables = await openTables(points);
  try {
    await check(tables);
  } finally {
    await tables.close();
  }
}

describe('reading storage', () => {
  test('rows come in the order of time though some were written late', () =>
    withPoints([point(30, { a: 'x' }, { v: 3 })], async ({ storage, ask }) => {
      await storage.write('b0', [point(10, { a: 'x' }, { v: 1 }), point(20, { a: 'x' }, { v: 2 })]);
      assert.deepEqual(await ask(`${DATA} |> keep(columns: ["_value"])`), [
        '_value=1',
        '_value=2',
        '_value=3',
      ]);
    }));

  test('many series are read in several statements, in the order of their keys', () => {
    const points = [];
    for (let i = 299; i >= 0; i--) {
      for (let t = 0; t < 3; t++) points.push(point(t, { a: String(1000 + i) }, { v: i + t / 10 }));
    }
    return withPoints(points, async ({ ask, statements }) => {
      const rows = await ask(
        `${DATA} |> map(fn: (r) => ({r with _value: r._value})) |> limit(n: 1)`,
      );
      const names = rows.filter((row) => row !== '--').map((row) => /a=(\d+)/.exec(row)?.[1]);
      assert.deepEqual(
        names,
        Array.from({ length: 300 }, (_, i) => String(1000 + i)),
      );
      assert.ok(statements.length > 1, `${statements.length} statements`);
    });
  });

  test('aggregates of all series are one statement without a list of them', () => {
    const points = Array.from({ length: 50 }, (_, i) => point(1, { a: `s${i}` }, { v: i }));
    return withPoints(points, async ({ ask, statements }) => {
      const rows = await ask(`${DATA} |> stddev(mode: "population") |> group() |> sum()`);
      assert.deepEqual(rows, ['_value=0']);
      assert.equal(statements.length, 1);
      assert.match(statements[0] as string, /stddev_pop/);
      assert.doesNotMatch(statements[0] as string, / IN | JOIN /);
    });
  });

  test('so are those of series of which some columns are kept, as long as they differ', () => {
    const points = Array.from({ length: 50 }, (_, i) => [
      point(1, { a: `s${i}`, b: `t${i % 2}` }, { v: i }),
      point(2, { a: `s${i}`, b: `t${i % 2}` }, { v: i + 2 }),
    ]).flat();
    return withPoints(points, async ({ ask, statements }) => {
      const own = await ask(
        `${DATA} |> keep(columns: ["a", "_value"]) |> stddev() |> group() |> min()`,
      );
      assert.deepEqual(own, ['a=s0 _value=1.4142135623730951']);
      assert.equal(statements.length, 1);
      assert.match(statements[0] as string, /stddev_samp/);
      const mixed = await ask(
        `${DATA} |> keep(columns: ["b", "_value"]) |> stddev(mode: "population") |> count()`,
      );
      assert.deepEqual(mixed, ['b=t0 _value=1', '--', 'b=t1 _value=1']);
      assert.doesNotMatch(statements.slice(1).join(), /stddev/);
    });
  });

  test('a filter of tags is no part of the SQL, one of values is', () =>
    withPoints(
      [
        point(1, { a: 'x' }, { v: 1 }),
        point(1, { a: 'y' }, { v: 5 }),
        point(2, { a: 'y' }, { v: 9 }),
      ],
      async ({ ask, statements }) => {
        const filter = 'filter(fn: (r) => r.a =~ /^y$/ and r._value < 7.0)';
        assert.deepEqual(await ask(`${DATA} |> ${filter} |> drop(columns: ["_time"])`), [
          '_value=5 a=y',
        ]);
        assert.match(statements[0] as string, /p\.value < 7::DOUBLE/);
        assert.doesNotMatch(statements[0] as string, /y/);
      },
    ));

  test('quotes in a text that is compared stay text', () =>
    withPoints([point(1, {}, { v: "it's; DROP TABLE x --" })], async ({ ask }) => {
      const rows = await ask(
        `${DATA} |> filter(fn: (r) => r._value == "it's; DROP TABLE x --") |> count()`,
      );
      assert.deepEqual(rows, ['_value=1']);
      assert.deepEqual(await ask(`${DATA} |> filter(fn: (r) => r._value == "' OR 1=1 --")`), []);
    }));

  test('a variable that several functions read is read from storage once', () =>
    withPoints([point(1, {}, { v: 1 }), point(2, {}, { v: 2 })], async ({ ask, statements }) => {
      const rows = await ask(
        `d = ${DATA} |> map(fn: (r) => ({r with _value: r._value * 2.0}))
         d |> sum() |> yield(name: "a")
         d |> max() |> drop(columns: ["_time"]) |> yield(name: "b")`,
      );
      assert.deepEqual(rows, ['_value=6', '--', '_value=4']);
      assert.equal(statements.length, 1);
    }));

  test('integer sums wrap at 64 bits', () =>
    withPoints([point(1, {}, { v: 2n ** 63n - 1n }), point(2, {}, { v: 2n })], async ({ ask }) =>
      assert.deepEqual(await ask(`${DATA} |> sum()`), [`_value=${-(2n ** 63n) + 1n}`]),
    ));

  test('what DuckDB calls out of range is computed all the same', () =>
    withPoints([point(1, {}, { v: 1e200 }), point(2, {}, { v: -1e200 })], async ({ ask }) =>
      assert.deepEqual(await ask(`${DATA} |> stddev()`), ['_value=+Inf']),
    ));

  test('times before 1970 fall into the windows that hold them', () =>
    withPoints([point(-1_704_067_200 - 30, {}, { v: 7 })], async ({ ask }) => {
      const script =
        'from(bucket: "b") |> range(start: 1969-12-31T23:50:00Z, stop: 1970-01-01T00:10:00Z)' +
        ' |> aggregateWindow(every: 1m, fn: sum, createEmpty: false)';
      assert.deepEqual(await ask(script), ['_time=1970-01-01T00:00:00Z _value=7']);
    }));
});

describe('limits of a query', () => {
  let tables: TableScript;
  before(async () => {
    const points = [];
    for (let i = 0; i < 20_000; i++) points.push(point(i / 10, { a: `s${i % 4}` }, { v: i }));
    tables = await openTables(points);
  });
  after(() => tables.close());

  const limits = { memoryBytesMax: 300_000 };

  test('holding more than the ceiling ends the query with its name', () =>
    assert.rejects(
      tables.ask(`${DATA} |> group() |> sort()`, limits),
      /memory allocation limit reached: limit 300000 bytes/,
    ));

  test('what is computed by SQL needs no such memory', async () =>
    assert.deepEqual(await tables.ask(`${DATA} |> group() |> count()`, limits), ['_value=20000']));

  test('columns left of series that stay apart are handed on, not held', async () => {
    // Room for what is read at once, and not for all of it twice.
    const room = { memoryBytesMax: 700_000 };
    const rows = await tables.ask(`${DATA} |> keep(columns: ["_time", "_value", "a"])`, room);
    assert.equal(rows.filter((row) => row.includes('_value=')).length, 20_000);
  });

  test('a cancelled query ends', async () => {
    const controller = new AbortController();
    const asked = tables.ask(`${DATA} |> map(fn: (r) => ({r with x: r._value}))`, {
      signal: controller.signal,
    });
    controller.abort();
    await assert.rejects(asked);
  });
});

describe('writing by to()', () => {
  test('each row is written once, whoever reads the stream', () =>
    withPoints([point(1, { a: 'x' }, { v: 4 })], async ({ ask, writes }) => {
      const script = `${DATA} |> map(fn: (r) => ({r with _measurement: "w"})) |> to(bucket: "b")`;
      assert.deepEqual(await ask(script), ['_time=2024-01-01T00:00:01Z _value=4 a=x']);
      assert.equal(writes.length, 1);
      assert.deepEqual(writes[0]?.[0]?.tags, [['a', 'x']]);
      assert.equal((await ask(`${DATA} |> group() |> count()`))[0], '_value=2');
    }));

  test("a type that clashes is an error in InfluxDB's words", () =>
    withPoints([point(1, { a: 'x' }, { v: 4 })], ({ ask }) =>
      assert.rejects(
        ask(`${DATA} |> toString() |> to(bucket: "b")`),
        /field type conflict: input field "v" on measurement "m" is type string/,
      ),
    ));

  test('an unknown bucket is refused before anything runs', () =>
    withPoints([], ({ ask }) =>
      assert.rejects(ask(`${DATA} |> to(bucket: "nope")`), /could not find bucket "nope"/),
    ));
});
