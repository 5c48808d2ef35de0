import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRunner, type Job, type Slot } from '../../ingest/runner.ts';
import { phaseOf } from '../../ingest/slots.ts';
import { ManualClock } from '../helpers/clock.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1, 12, 0, 20);
const SLOT_MS = Date.UTC(2026, 0, 1, 12, 0, 0);

interface Watched extends Job {
  readonly slots: Slot[];
  readonly startedMs: number[];
  readonly skips: [string, number][];
  /** Ends the oldest run on its way. */
  finish(): void;
}

function watch(
  clock: ManualClock,
  id: string,
  options: { held?: boolean; intervalMs?: number } = {},
) {
  const ends: (() => void)[] = [];
  const job: Watched = {
    id,
    intervalMs: options.intervalMs ?? MINUTE_MS,
    slots: [],
    startedMs: [],
    skips: [],
    finish: () => ends.shift()?.(),
    skipped: (reason, slots) => void job.skips.push([reason, slots]),
    run(slot, signal) {
      job.slots.push(slot);
      job.startedMs.push(clock.nowMs());
      if (!options.held) return Promise.resolve();
      return new Promise((done) => {
        ends.push(done);
        signal.addEventListener('abort', () => done());
      });
    },
  };
  return job;
}

function setUp(concurrency = 8) {
  const clock = new ManualClock(START_MS);
  return { clock, runner: createRunner({ clock, timer: clock.timer, concurrency }) };
}

describe('the runner', () => {
  it('runs the current slot at once, then every slot at its phase, and never drifts', async () => {
    const { clock, runner } = setUp();
    const job = watch(clock, 'kraken');
    runner.add(job);
    await clock.advance(0);
    assert.deepEqual(job.slots, [{ slotMs: SLOT_MS, dueMs: START_MS }]);
    await clock.advance(1_000 * MINUTE_MS);
    const phaseMs = phaseOf('kraken', MINUTE_MS);
    assert.equal(job.slots.length, 1_001);
    for (const [index, slot] of job.slots.entries()) {
      if (index === 0) continue;
      assert.equal(slot.slotMs, SLOT_MS + index * MINUTE_MS);
      assert.equal(slot.dueMs, slot.slotMs + phaseMs);
      assert.equal(job.startedMs[index], slot.dueMs);
    }
    assert.deepEqual(job.skips, []);
    await runner.close();
  });

  it('skips and counts a slot whose run before is still on its way', async () => {
    const { clock, runner } = setUp();
    const job = watch(clock, 'slow', { held: true });
    runner.add(job);
    await clock.advance(2 * MINUTE_MS);
    assert.equal(job.slots.length, 1);
    assert.deepEqual(job.skips, [
      ['overlap', 1],
      ['overlap', 1],
    ]);
    job.finish();
    await clock.advance(MINUTE_MS);
    assert.deepEqual(job.slots.at(-1)?.slotMs, SLOT_MS + 3 * MINUTE_MS);
    await runner.close();
  });

  it('lets a slow job cost only itself', async () => {
    const { clock, runner } = setUp();
    const [slow, well] = [watch(clock, 'slow', { held: true }), watch(clock, 'well')];
    runner.add(slow);
    runner.add(well);
    await clock.advance(5 * MINUTE_MS);
    assert.equal(slow.slots.length, 1);
    assert.equal(well.slots.length, 6);
    await runner.close();
  });

  it('runs the newest slot alone after the machine slept, and counts the missed ones', async () => {
    const { clock, runner } = setUp();
    const job = watch(clock, 'kraken');
    runner.add(job);
    await clock.advance(0);
    clock.jump(10 * MINUTE_MS);
    await clock.advance(0);
    assert.deepEqual(
      job.slots.map(({ slotMs }) => (slotMs - SLOT_MS) / MINUTE_MS),
      [0, 10],
    );
    assert.deepEqual(job.skips, [['missed', 9]]);
    await clock.advance(MINUTE_MS);
    assert.deepEqual(job.slots.at(-1)?.slotMs, SLOT_MS + 11 * MINUTE_MS);
    await runner.close();
  });

  it('does not run a slot twice when the clock is set back', async () => {
    const { clock, runner } = setUp();
    const job = watch(clock, 'kraken');
    runner.add(job);
    await clock.advance(5 * MINUTE_MS);
    clock.jump(-3 * MINUTE_MS);
    await clock.advance(4 * MINUTE_MS);
    const slots = job.slots.map(({ slotMs }) => slotMs);
    assert.equal(new Set(slots).size, slots.length);
    await runner.close();
  });

  it('runs at most as many at a time as allowed', async () => {
    const { clock, runner } = setUp(2);
    const jobs = ['a', 'b', 'c'].map((id) => watch(clock, id, { held: true }));
    for (const job of jobs) runner.add(job);
    await clock.advance(0);
    assert.deepEqual(
      jobs.map((job) => job.slots.length),
      [1, 1, 0],
    );
    jobs[0]?.finish();
    await clock.advance(0);
    assert.deepEqual(
      jobs.map((job) => job.slots.length),
      [1, 1, 1],
    );
    await runner.close();
  });

  it('takes intervals down to a second', async () => {
    const { clock, runner } = setUp();
    const job = watch(clock, 'fast', { intervalMs: 1_000 });
    runner.add(job);
    await clock.advance(10_000);
    assert.ok(job.slots.length >= 10);
    assert.ok(job.slots.every(({ slotMs }) => slotMs % 1_000 === 0));
    await runner.close();
  });

  it('stops one job, or all, cancelling what is on its way', async () => {
    const { clock, runner } = setUp();
    const [held, well] = [watch(clock, 'held', { held: true }), watch(clock, 'well')];
    const lane = runner.add(held);
    runner.add(well);
    await clock.advance(0);
    await lane.stop();
    await clock.advance(MINUTE_MS);
    assert.deepEqual([held.slots.length, well.slots.length], [1, 2]);
    await runner.close();
    assert.equal(clock.waiting, 0);
    await clock.advance(10 * MINUTE_MS);
    assert.equal(well.slots.length, 2);
  });

  it('changes the pace of a job: its new slots come, its old ones do not', async () => {
    const { clock, runner } = setUp();
    const job = watch(clock, 'kraken');
    const running = runner.add(job);
    await clock.advance(0);
    running.every(1_000);
    await clock.advance(3_000);
    const seconds = job.slots.slice(1).map(({ slotMs }) => slotMs - START_MS);
    assert.deepEqual(seconds, [0, 1_000, 2_000]);
    const before = job.slots.length;
    running.every(MINUTE_MS);
    await clock.advance(2 * MINUTE_MS);
    const minutes = job.slots.slice(before).map(({ slotMs }) => slotMs - SLOT_MS);
    // The second that had begun, then minutes.
    assert.deepEqual(minutes, [23_000, MINUTE_MS, 2 * MINUTE_MS]);
    assert.deepEqual(job.skips, []);
  });

  it('still runs a slot that had begun when the pace changed, and cancels no run', async () => {
    const { clock, runner } = setUp();
    const job = watch(clock, 'kraken', { held: true });
    const phaseMs = phaseOf('kraken', MINUTE_MS);
    assert.ok(phaseMs > 300, 'the slot has begun and is not due yet');
    const running = runner.add(job);
    await clock.advance(40_000 + 300);
    job.finish();
    await clock.advance(0);
    running.every(30_000);
    await clock.advance(phaseMs);
    assert.deepEqual(
      job.slots.map(({ slotMs }) => slotMs - SLOT_MS),
      [0, MINUTE_MS],
    );
    running.every(10_000);
    await clock.advance(10_000);
    assert.deepEqual(job.skips, [['overlap', 1]], 'the run went on');
    job.finish();
    await running.stop();
  });
});
