import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../helpers/clock.ts';
import { Sink } from '../helpers/sink.ts';
import {
  inTemporaryDir,
  openWriter,
  pricePoints,
  targetAt,
  until,
} from '../ingest/writer/support.ts';

const PER_SECOND = 2_000;
/** Enough that two connections share a batch. */
const CYCLE = 1_500;
const backoff = { baseMs: 250, maxMs: 15_000 };

test('an outage of ten seconds costs no point', async () => {
  const clock = new ManualClock();
  const first = await Sink.start();
  const { port, url } = first;
  const target = targetAt(url, clock);
  await inTemporaryDir(async (dir) => {
    const writer = await openWriter(dir, target, { clock, random: () => 0.5, limits: { backoff } });
    await writer.accept(pricePoints(PER_SECOND));
    await until(() => writer.stats().spoolBytes === 0, 'the first second to be stored');
    await first.close();

    let accepted = PER_SECOND;
    for (let second = 0; second < 10; second++) {
      await writer.accept(pricePoints(PER_SECOND, { first: accepted }));
      accepted += PER_SECOND;
      await until(() => clock.waiting > 0, 'the writer to wait');
      await clock.advance(1_000);
    }
    const away = writer.stats();
    assert.equal(away.connected, false);
    assert.ok(away.oldestAgeMs >= 9_000, `${away.oldestAgeMs} ms`);
    assert.equal(away.writtenPoints, PER_SECOND);

    const second = new Sink();
    await second.listen(port);
    await until(async () => {
      await clock.advance(1_000);
      return writer.stats().spoolBytes === 0;
    }, 'the spool to empty');
    assert.equal(first.points.size + second.points.size, accepted);
    const { connected, oldestAgeMs, lastError } = writer.stats();
    assert.deepEqual([connected, oldestAgeMs, lastError], [true, 0, undefined]);
    await writer.close({ drainMs: 0 });
    await target.close();
    await second.close();
  });
});

test('Retry-After is seconds, and is waited for', async () => {
  const clock = new ManualClock();
  const sink = await Sink.start();
  const target = targetAt(sink.url, clock);
  sink.behaviour = () => ({ status: 429, headers: { 'retry-after': '30' } });
  await inTemporaryDir(async (dir) => {
    const writer = await openWriter(dir, target, { clock, random: () => 0.5, limits: { backoff } });
    await writer.accept(pricePoints(10));
    await until(() => clock.waiting > 0, 'the writer to wait');
    await clock.advance(29_000);
    assert.equal(sink.requests, 1);
    sink.behaviour = () => ({ status: 204 });
    await clock.advance(2_000);
    await until(() => sink.points.size === 10, 'the points');
    await writer.close({ drainMs: 0 });
  });
  await target.close();
  await sink.close();
});

test('away for 100 cycles: then all are written, in order, while new cycles go on', async () => {
  const clock = new ManualClock();
  const first = await Sink.start();
  const { port, url } = first;
  const target = targetAt(url, clock);
  await inTemporaryDir(async (dir) => {
    const limits = { backoff, segmentBytesMax: 200_000 };
    const writer = await openWriter(dir, target, { clock, random: () => 0.5, limits });
    await first.close();
    let cycles = 0;
    const cycle = async () => {
      await writer.accept(pricePoints(CYCLE, { first: cycles * CYCLE, series: CYCLE }));
      cycles += 1;
      await clock.advance(1_000);
    };
    while (cycles < 100) await cycle();
    assert.equal(writer.stats().writtenPoints, 0);

    const sink = new Sink();
    await sink.listen(port);
    await until(async () => {
      await cycle();
      return sink.points.size > 0;
    }, 'the first points');
    for (let more = 0; more < 20; more += 1) await cycle();
    await until(async () => {
      await clock.advance(1_000);
      return writer.stats().spoolBytes === 0;
    }, 'the spool to empty');
    assert.ok(cycles >= 120);
    assert.equal(sink.points.size, cycles * CYCLE);
    assert.equal(writer.stats().writtenPoints, cycles * CYCLE);
    // A series always takes the same connection, so its own points never overtake each other.
    const newest = new Map<string, number>();
    for (const line of sink.taken) {
      const [series = '', fields = ''] = line.split(' ');
      const number = Number(fields.slice('price='.length));
      assert.ok(number >= (newest.get(series) ?? -1), `${line} came late`);
      newest.set(series, number);
    }
    await writer.close({ drainMs: 0 });
    await target.close();
    await sink.close();
  });
});
