import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call, type Engine, startEmbedded } from '../../helpers/engines.ts';

const SERIES = 4;
const POINTS = 10_000;
const WRITE_MS_MAX = 5_000;

const points =
  'from(bucket: "tidemark") |> range(start: -30d) |> filter(fn: (r) => r._measurement == "h")';
const LIMIT = /memory allocation limit reached/;

/** Scripts whose answer would not fit: each is refused, and none takes the engine with it. */
const tooLarge: readonly (readonly [name: string, script: string])[] = [
  [
    'join of all rows with all rows',
    `a = ${points} |> group() join(tables: {a: a, b: a}, on: ["_measurement"])`,
  ],
  [
    'join.inner of all rows with all rows',
    `import "join" a = ${points} |> group() join.inner(left: a, right: a,
      on: (l, r) => l._measurement == r._measurement, as: (l, r) => ({l with other: r.s}))`,
  ],
  [
    'pivot into a column for each row',
    `${points} |> group() |> pivot(
      rowKey: ["_time"], columnKey: ["_value", "s"], valueColumn: "_value")`,
  ],
  ['empty windows of a nanosecond', `${points} |> window(every: 1ns, createEmpty: true)`],
  ['means of a nanosecond', `${points} |> aggregateWindow(every: 1ns, fn: mean)`],
  [
    'medians of a millisecond',
    `${points} |> aggregateWindow(every: 1ms, fn: median, createEmpty: true)`,
  ],
  ['six hours of windows for each second', `${points} |> window(every: 1s, period: 6h)`],
  [
    'a table for each row of a wide table',
    `${points} |> group() |> map(fn: (r) => ({r with _measurement: string(v: r._value) + r.s,
      ${Array.from({ length: 40 }, (_, i) => `c${i}: r.s`).join(', ')}}))
      |> group(columns: ["_measurement"])`,
  ],
];

/** Scripts that work for minutes: stopped when their client leaves. */
const endless: readonly (readonly [name: string, script: string])[] = [
  ['a moving average over everything', `${points} |> group() |> movingAverage(n: 20000)`],
  [
    'a reduction that carries all rows along',
    `import "array" ${points} |> group() |> reduce(identity: {s: [1]},
      fn: (r, accumulator) => ({s: array.concat(arr: accumulator.s, v: [1])}))`,
  ],
  [
    'windows of a hundred years',
    `${points} |> window(every: 1mo, period: 100y) |> map(fn: (r) => ({r with x: 1})) |> count()`,
  ],
];

describe('queries that ask for too much', () => {
  let engine: Engine;

  before(async () => {
    engine = await startEmbedded();
    const second = Math.floor(Date.now() / 1000);
    for (let series = 0; series < SERIES; series++) {
      let lines = '';
      for (let i = 0; i < POINTS; i++) lines += `h,s=${series} v=${i} ${second - 250 * i}\n`;
      const { status } = await call(
        engine,
        'POST /api/v2/write?org=tidemark&bucket=tidemark&precision=s',
        lines,
      );
      assert.equal(status, 204);
    }
  });
  after(() => engine.stop());

  for (const [name, script] of tooLarge) {
    test(`${name}: refused by the ceiling, writes go on meanwhile`, async () => {
      const asked = ask(engine, script);
      const slowestMs = await writeWhile(engine, asked);
      assert.match((await asked).text, LIMIT);
      assert.ok(slowestMs < WRITE_MS_MAX, `a write took ${slowestMs} ms`);
    });
  }

  for (const [name, script] of endless) {
    test(`${name}: ends when its client leaves, writes go on meanwhile`, async () => {
      const client = new AbortController();
      const asked = ask(engine, script, client.signal);
      const left = assert.rejects(asked, { name: 'AbortError' });
      for (let i = 0; i < 3; i++) await timedWrite(engine);
      client.abort();
      await left;
      const slowestMs = await timedWrite(engine);
      assert.ok(slowestMs < WRITE_MS_MAX, `a write took ${slowestMs} ms`);
      const { text } = await ask(engine, `${points} |> group() |> count()`);
      assert.match(text, new RegExp(`,${SERIES * POINTS}\r\n`));
    });
  }

  test('queries at the same time share one ceiling, and give back what they took', async () => {
    // Each holds all rows several times over until its end.
    const script = `${points} |> group() |> map(fn: (r) => ({r with a: r.s, b: r.s, c: r.s}))
      |> sort(columns: ["_value"]) |> pivot(rowKey: ["_time", "s"], columnKey: ["_field"],
        valueColumn: "_value") |> count(column: "v") |> keep(columns: ["v"])`;
    const alone = await ask(engine, script);
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(Array.from({ length: 60 }, () => ask(engine, script)));
      for (const { text } of answers) if (text !== alone.text) assert.match(text, LIMIT);
      assert.ok(answers.some(({ text }) => text === alone.text));
    }
    assert.deepEqual(await ask(engine, script), alone);
  });

  test('a window that a time would lie in a million times is refused', async () => {
    const { status, text } = await ask(engine, `${points} |> window(every: 1ns, period: 30d)`);
    assert.equal(status, 400);
    assert.match(text, /more than 1000000 windows/);
  });

  test('a text that doubles itself ends at a ceiling', async () => {
    const doubling = Array.from({ length: 40 }, (_, i) => `a${i + 1} = "\${a${i}}\${a${i}}"`);
    const script = `import "array" a0 = "x" ${doubling.join(' ')} array.from(rows: [{v: a40}])`;
    const { status, text } = await ask(engine, script);
    assert.equal(status, 400);
    assert.match(text, /string is longer than 16777216 characters/);
  });
});

async function ask(engine: Engine, script: string, signal: AbortSignal | null = null) {
  const response = await fetch(`${engine.url}/api/v2/query?org=${engine.org}`, {
    method: 'POST',
    headers: { Authorization: `Token ${engine.token}`, 'Content-Type': 'application/vnd.flux' },
    body: script,
    signal,
  });
  return { status: response.status, text: await response.text() };
}

/** Writes one point after another until `done`; the longest that one took. */
async function writeWhile(engine: Engine, done: Promise<unknown>): Promise<number> {
  let going = true;
  const finished = done.then(() => {
    going = false;
  });
  let slowestMs = 0;
  while (going) slowestMs = Math.max(slowestMs, await timedWrite(engine));
  await finished;
  return slowestMs;
}

async function timedWrite(engine: Engine): Promise<number> {
  const begunMs = performance.now();
  const path = 'POST /api/v2/write?org=tidemark&bucket=tidemark';
  assert.equal((await call(engine, path, `beside v=${begunMs}`)).status, 204);
  return performance.now() - begunMs;
}
