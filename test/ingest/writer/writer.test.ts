import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode } from '../../../core/errors.ts';
import type { TimeSpan } from '../../../ingest/writer/late.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { type Behaviour, Sink } from '../../helpers/sink.ts';
import {
  deadLetters,
  inTemporaryDir,
  openWriter,
  pricePoints,
  targetAt,
  until,
} from './support.ts';

interface Setting {
  readonly sink: Sink;
  readonly dir: string;
  readonly target: ReturnType<typeof targetAt>;
}

async function withSink(use: (setting: Setting) => Promise<void>): Promise<void> {
  const sink = await Sink.start();
  const target = targetAt(sink.url);
  try {
    await inTemporaryDir((dir) => use({ sink, dir, target }));
  } finally {
    await target.close();
    await sink.close();
  }
}

const COUNT = 3_000;

/** Writes COUNT points to a sink of that behaviour; gives what became of them. */
async function deliver(behaviour: Behaviour, { sink, dir, target }: Setting) {
  sink.behaviour = behaviour;
  const writer = await openWriter(dir, target);
  await writer.accept(pricePoints(COUNT));
  await until(() => writer.stats().spoolBytes === 0, 'the spool to be empty');
  const stats = writer.stats();
  await writer.close();
  return { stats, letters: await deadLetters(dir) };
}

const isPoison = (line: string) => line.endsWith(` price=1234 ${timeOf(1234)}`);
const timeOf = (n: number) => 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000_000n;

test('every accepted point arrives once, in the order of its series', () =>
  withSink(async (setting) => {
    const { stats, letters } = await deliver(() => ({ status: 204 }), setting);
    assert.equal(setting.sink.points.size, COUNT);
    assert.equal(setting.sink.taken.length, COUNT);
    assert.deepEqual(letters, []);
    const { acceptedPoints, writtenPoints, deadPoints, connected, lastError } = stats;
    assert.deepEqual(
      { acceptedPoints, writtenPoints, deadPoints, connected, lastError },
      {
        acceptedPoints: COUNT,
        writtenPoints: COUNT,
        deadPoints: 0,
        connected: true,
        lastError: undefined,
      },
    );
    const last = new Map<string, number>();
    for (const line of setting.sink.taken) {
      const [series = '', , time] = line.split(' ');
      assert.ok(Number(time) > (last.get(series) ?? 0), series);
      last.set(series, Number(time));
    }
  }));

test('one unparsable line costs only itself', () =>
  withSink(async (setting) => {
    const { stats, letters } = await deliver((lines) => {
      const bad = lines.filter(isPoison);
      if (bad.length === 0) return { status: 204 };
      return {
        status: 400,
        message: bad.map((line) => `unable to parse '${line}': bad`).join('\n'),
      };
    }, setting);
    assert.equal(setting.sink.points.size, COUNT - 1);
    assert.equal(stats.deadPoints, 1);
    assert.equal(letters.length, 1);
    assert.equal(letters[0]?.reason, 'unparsable');
    assert.ok(isPoison(letters[0]?.line ?? ''));
    assert.ok(setting.sink.requests <= 4, `${setting.sink.requests} requests`);
  }));

for (const [name, status, message] of [
  ['an unparsable line that is not quoted', 400, "unable to parse 'something else': bad"],
  ['a line refused for an unknown reason', 400, 'no idea'],
  ['a line that makes the server fail each time', 500, 'internal error'],
  ['a line that is too large on its own', 413, 'too large'],
  ['a dropped point that the message does not name', 422, 'partial write: odd dropped=1'],
  ['a dropped point without a count', 422, 'partial write: odd'],
] as const) {
  test(`${name} costs only itself`, () =>
    withSink(async (setting) => {
      const { letters, stats } = await deliver((lines) => {
        if (!lines.some(isPoison)) return { status: 204 };
        const stored = status === 422 ? lines.filter((line) => !isPoison(line)) : [];
        return { status, message, stored };
      }, setting);
      assert.equal(setting.sink.points.size, COUNT - 1);
      assert.equal(letters.length, 1);
      assert.ok(isPoison(letters[0]?.line ?? ''));
      assert.equal(stats.deadPoints, 1);
    }));
}

test('points outside the retention are told by their times, without further requests', () =>
  withSink(async (setting) => {
    const bound = new Date(Number(timeOf(100) / 1_000_000n)).toISOString();
    const isOld = (line: string) => BigInt(line.split(' ')[2] ?? 0) < timeOf(100);
    const { letters, stats } = await deliver((lines) => {
      const old = lines.filter(isOld).length;
      if (old === 0) return { status: 204 };
      return {
        status: 422,
        message: `partial write: dropped ${old} points outside retention policy of duration 2h0m0s - oldest point price at x dropped because it violates a Retention Policy Lower Bound at ${bound}, dropped=${old} for database: x`,
        stored: lines.filter((line) => !isOld(line)),
      };
    }, setting);
    assert.equal(letters.length, 100);
    assert.equal(letters[0]?.reason, 'outside-retention');
    assert.equal(stats.writtenPoints, COUNT - 100);
    assert.ok(setting.sink.requests <= 2);
  }));

test('a server that fails for every line buries none of them and is asked until it is well', () =>
  withSink(async (setting) => {
    const { sink } = setting;
    const { stats, letters } = await deliver((lines) => {
      if (lines.length === 0) return { status: 204 };
      return sink.requests < 300 ? { status: 500, message: 'no space left' } : { status: 204 };
    }, setting);
    assert.equal(sink.points.size, COUNT);
    assert.deepEqual(letters, []);
    assert.equal(stats.blockedReason, undefined);
  }));

for (const [name, answer] of [
  ['a full queue', { status: 400, message: 'queue length exceeded' }],
  ['a full cache', { status: 500, message: 'engine: cache-max-memory-size exceeded: (3/2)' }],
  ['a lack of memory', { status: 400, message: 'memory allocation limit reached: limit 6 bytes' }],
  ['too many requests', { status: 429 }],
  ['a gateway without a server', { status: 502, message: 'bad gateway' }],
  ['a cut connection', undefined],
] as const) {
  test(`${name} is waited for, nothing is lost`, () =>
    withSink(async (setting) => {
      const { letters } = await deliver(
        () => (setting.sink.requests <= 6 ? answer : { status: 204 }),
        setting,
      );
      assert.equal(setting.sink.points.size, COUNT);
      assert.deepEqual(letters, []);
    }));
}

for (const [status, words] of [
  [401, /INFLUX_TOKEN/],
  [403, /token/],
  [404, /INFLUX_BUCKET/],
  [200, /INFLUX_URL/],
  [301, /INFLUX_URL/],
] as const) {
  test(`an answer ${status} says what to fix and the points wait`, () =>
    withSink(async ({ sink, dir, target }) => {
      sink.behaviour = () => ({ status, message: 'no' });
      const writer = await openWriter(dir, target);
      await writer.accept(pricePoints(10));
      await until(() => writer.stats().blockedReason !== undefined, 'the writer to say so');
      assert.match(writer.stats().blockedReason ?? '', words);
      sink.behaviour = () => ({ status: 204 });
      await until(() => writer.stats().spoolBytes === 0, 'the points to go');
      assert.equal(writer.stats().blockedReason, undefined);
      assert.equal(sink.points.size, 10);
      await writer.close();
    }));
}

test('points that can be no line are dead-lettered and the others go on', () =>
  withSink(async ({ sink, dir, target }) => {
    const writer = await openWriter(dir, target);
    const [good, other] = pricePoints(2) as [never, never];
    const bad = { ...(other as object), fields: { price: Number.NaN } } as never;
    await writer.accept([good, bad, other]);
    await writer.close();
    assert.equal(sink.points.size, 2);
    const letters = await deadLetters(dir);
    assert.equal(letters.length, 1);
    assert.equal(letters[0]?.reason, 'not-finite');
    assert.equal(writer.stats().deadPoints, 1);
  }));

test('what close could not send is sent by the next start', () =>
  withSink(async ({ sink, dir, target }) => {
    sink.behaviour = () => undefined;
    const first = await openWriter(dir, target);
    await first.accept(pricePoints(500));
    await first.close({ drainMs: 5 });
    assert.equal(sink.points.size, 0);
    await assert.rejects(first.accept(pricePoints(1)), (error) => isCode(error, 'unavailable'));
    sink.behaviour = () => ({ status: 204 });
    const second = await openWriter(dir, target);
    await second.close();
    assert.equal(sink.points.size, 500);
    const left = (await readdir(dir)).filter((name) => name.startsWith('segment'));
    assert.deepEqual(left, []);
  }));

test('a second writer on the same directory is refused, a dead one is not', () =>
  withSink(async ({ dir, target }) => {
    const first = await openWriter(dir, target);
    await assert.rejects(openWriter(dir, target), (error) => isCode(error, 'conflict'));
    await first.close();
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(dir, 'lock'), JSON.stringify({ pid: 1, started: 'long ago' }));
    const second = await openWriter(dir, target);
    await second.close();
  }));

test('late points are told by their times once they are stored, before they are settled', () =>
  withSink(async ({ sink, dir, target }) => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
    const spans: TimeSpan[] = [];
    const storedThen: number[] = [];
    const onLate = (span: TimeSpan) => {
      spans.push(span);
      storedThen.push(sink.points.size);
      throw new Error('a listener that fails costs nothing');
    };
    const writer = await openWriter(dir, target, { clock, onLate });
    const at = (ageMs: number, pair: string) => ({
      measurement: 'price',
      tags: { pair },
      fields: { price: 1 },
      timeNs: BigInt(clock.nowMs() - ageMs) * 1_000_000n,
    });
    await writer.accept([at(0, 'a'), at(120_000, 'a'), at(-5_000, 'b')]);
    await until(() => writer.stats().spoolBytes === 0, 'the points in time');
    assert.deepEqual(spans, []);
    const before1970 = { ...at(0, 'd'), timeNs: -1_500_000_000n };
    await writer.accept([at(60_000, 'a'), at(600_000, 'a'), at(120_001, 'b'), at(0, 'c')]);
    await until(() => writer.stats().spoolBytes === 0, 'the late points');
    await writer.accept([before1970]);
    await until(() => writer.stats().spoolBytes === 0, 'the oldest point');
    const nowMs = clock.nowMs();
    assert.deepEqual(spans, [
      { fromMs: nowMs - 600_000, toMs: nowMs - 120_000 },
      { fromMs: -1_500, toMs: -1_499 },
    ]);
    assert.deepEqual(storedThen, [7, 8]);
    await writer.close({ drainMs: 0 });
  }));
