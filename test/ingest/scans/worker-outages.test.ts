import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { TidemarkError } from '../../../core/errors.ts';
import type { Ledger } from '../../../ingest/scans/ledger.ts';
import { openStage, resultOf, type Stage } from './workers.ts';

const MINUTES = 60_000;
let clock: Stage['clock'];
let registry: Stage['registry'];
let workers: Stage['workers'];
let start: Stage['start'];
let close: Stage['close'];

beforeEach(() => {
  ({ clock, registry, workers, start, close } = openStage());
});
afterEach(() => close());

/** Every slot that was saved has its point, once, with what was saved of it. */
function assertAllStored(): void {
  const points = new Map(workers.flatMap(({ sink }) => [...sink.points]));
  const keys = registry.saved.map(({ monitor, slotMs }) => `${monitor} ${slotMs}`);
  assert.equal(new Set(keys).size, keys.length, 'a slot was saved twice');
  assert.deepEqual([...points.keys()].sort(), keys.sort());
  for (const { monitor, slotMs, fields } of registry.saved) {
    const point = points.get(`${monitor} ${slotMs}`)!;
    assert.deepEqual(Object.keys(point.fields).sort(), Object.keys(fields).sort());
    assert.equal(typeof point.fields.hops, 'bigint');
  }
  assert.equal(registry.results.size, 0);
}

describe('the registry away for ten minutes', () => {
  it('loses and doubles no result of what was under way', async () => {
    for (let n = 0; n < 100; n += 1) registry.add(n * 100, { intervalMs: 10_000 });
    const [a, b] = [start({ id: 'a' }), start({ id: 'b' })];
    for (const { prober } of [a, b]) prober.answer = () => ({ ms: 2_000, result: resultOf('ok') });
    await clock.advance(30_000);
    registry.away = true;
    const before = registry.saved.length;
    await clock.advance(10 * MINUTES);
    assert.equal(registry.saved.length, before);
    const waiting = a.state().unsaved + b.state().unsaved;
    assert.ok(waiting > 10, `${waiting}`);
    assert.match(a.state().registryError!, /away/);
    assert.ok(a.state().sinceAnswerMs! > 9 * MINUTES);
    const begun = a.prober.calls.length + b.prober.calls.length;
    assert.equal(begun, registry.saved.length + waiting);
    registry.away = false;
    await clock.advance(2_000);
    assert.equal(registry.saved.length, before + waiting);
    assert.equal(registry.refused, 0);
    await clock.advance(30_000);
    assert.ok(registry.saved.length > before + waiting + 200);
    assert.equal(a.state().registryError, undefined);
    assertAllStored();
  });

  it('begins nothing that may be somebody else’s', async () => {
    for (let n = 0; n < 20; n += 1) registry.add(n * 1_000, { intervalMs: 20_000 });
    const { prober } = start({ limits: { aheadMs: 30_000 } });
    await clock.advance(1_000);
    registry.away = true;
    const begun = () => prober.calls.length;
    await clock.advance(11_000);
    const then = begun();
    await clock.advance(10 * MINUTES);
    assert.equal(begun(), then);
    registry.away = false;
    await clock.advance(25_000);
    assert.ok(begun() >= then + 20);
    assertAllStored();
  });
});

describe('a lease that ran out while the registry was slow', () => {
  let carriedOut: number;

  /** What is asked of it under these names after `fromMs` is carried out so much later. */
  function slowed(names: readonly (keyof Ledger)[], fromMs: number, byMs: number): Ledger {
    const ledger = registry.ledger('slow');
    const calls = names.map((name) => {
      const call = ledger[name] as (...args: unknown[]) => Promise<unknown>;
      const later = async (...args: unknown[]): Promise<unknown> => {
        if (clock.monotonicMs() < fromMs || carriedOut > 0) return call(...args);
        await clock.sleep(byMs);
        carriedOut += 1;
        return call(...args);
      };
      return [name, later];
    });
    return { ...ledger, ...Object.fromEntries(calls) };
  }

  const cases = [
    { when: 'its renewal is carried out too late', names: ['beat', 'claim'], byMs: 8_500 },
    { when: 'what it gives back is taken too late', names: ['release'], byMs: 13_000 },
  ] as const;
  for (const { when, names, byMs } of cases) {
    it(`is noticed, and nothing of it is begun, when ${when}`, async () => {
      carriedOut = 0;
      for (let n = 0; n < 40; n += 1) {
        const row = registry.add(0, { intervalMs: 3_600_000, host: 'one' });
        row.settings = { ...row.settings, timeoutMs: 60_000 };
      }
      const { url: short } = registry.add(0, { intervalMs: 3_000, host: 'one' });
      const slow = start({
        ledger: slowed(names, 2_000, byMs),
        limits: { concurrency: 8, hostConcurrency: 64 },
      });
      slow.prober.answer = () => undefined;
      await clock.advance(2_000);
      const other = start({ id: 'other', limits: { hostConcurrency: 64 } });
      for (let step = 0; step < 300 && carriedOut === 0; step += 1) await clock.advance(100);
      assert.ok(other.prober.calls.length > 30, 'nothing was taken from it');
      // Its places are free again; what waited for them is somebody else's by now.
      slow.prober.answer = other.prober.answer;
      for (const call of slow.prober.open) call.end(resultOf('ok'));
      await clock.advance(20_000);
      const asked = [slow, other].flatMap(({ prober }) => prober.calls);
      const long = asked.filter(({ target }) => target.url !== short);
      assert.equal(long.length, 40 + 8);
      assert.equal(slow.tally.counts.lapses, 1);
      assert.equal(registry.refused, 8);
      assertAllStored();
    });
  }
});

describe('an answer that is lost on the way', () => {
  it('to a claim gives its monitors back with the next lease', async () => {
    registry.lost.claim = 1;
    for (let n = 0; n < 5; n += 1) registry.add(0);
    const { tally } = start();
    await clock.advance(25_000);
    assert.equal(tally.counts.unknown, 5);
    assert.equal(registry.saved.length, 5);
    assertAllStored();
  });

  it('to a saving leaves no result unstored, and none stored twice', async () => {
    registry.lost.save = 3;
    for (let n = 0; n < 5; n += 1) registry.add(n * 500);
    const { tally, sink } = start();
    await clock.advance(10_000);
    assert.equal(registry.saved.length, 5);
    assert.equal(tally.counts.stale, undefined);
    assert.equal(sink.accepted, 5);
    assertAllStored();
  });

  it('to a forgetting stores the same points once more', async () => {
    registry.lost.forget = 1;
    registry.add(0);
    const { sink } = start();
    await clock.advance(15_000);
    assert.equal(sink.points.size, 1);
    assertAllStored();
  });
});

describe('the disk full', () => {
  it('holds results in the registry, claims no more than fit, and goes on when there is room', async () => {
    for (let n = 0; n < 60; n += 1) registry.add(0, { intervalMs: 1_000 });
    const { sink, state } = start({ limits: { concurrency: 16 } });
    sink.full = true;
    await clock.advance(20_000);
    assert.match(state().spoolError!, /full/);
    const held = registry.saved.length;
    assert.ok(held < 60 * 5, `${held}`);
    assert.equal(registry.results.size, held);
    await clock.advance(20_000);
    assert.equal(registry.saved.length, held);
    sink.full = false;
    await clock.advance(20_000);
    assert.equal(state().spoolError, undefined);
    assert.ok(registry.saved.length > held + 60 * 10);
    const inHand = new Set(registry.results.keys());
    const stored = registry.saved.filter((one) => !inHand.has(`${one.monitor} ${one.slotMs}`));
    assert.equal(sink.points.size, stored.length);
  });

  it('leaves what is not in the spool to others, who adopt it', async () => {
    registry.add(0);
    const first = start({ id: 'first' });
    first.sink.full = true;
    await clock.advance(1_000);
    const closing = first.close();
    await clock.advance(12_000);
    await closing;
    assert.equal(registry.results.size, 1);
    const second = start({ id: 'second' });
    await clock.advance(1_000);
    assert.equal(second.tally.counts.adopted, 1);
    assertAllStored();
  });
});

describe('a result that the registry does not take', () => {
  it('is found among the others, given up, and keeps no place', async () => {
    for (let n = 0; n < 40; n += 1) registry.add(0, { intervalMs: 10_000 });
    const ledger = registry.ledger('me');
    const bad = 17;
    const picky: typeof ledger = {
      ...ledger,
      save: async (scans) => {
        if (scans.some(({ monitor }) => monitor === bad)) {
          throw new TidemarkError('internal', 'not this one');
        }
        return ledger.save(scans);
      },
    };
    const { tally, state } = start({ ledger: picky });
    await clock.advance(9_900);
    assert.equal(registry.saved.length, 39);
    assert.equal(tally.counts.broken, 1);
    assert.equal(state().running, 0);
    await clock.advance(10_000);
    assert.equal(registry.saved.length, 2 * 39);
    assertAllStored();
  });
});

describe('a registry that fails for a reason of its own', () => {
  it('loses no result', async () => {
    for (let n = 0; n < 10; n += 1) registry.add(0, { intervalMs: 3_600_000 });
    const ledger = registry.ledger('me');
    let failing = true;
    const fail = <T>(work: () => Promise<T>): Promise<T> =>
      failing ? Promise.reject(new TidemarkError('internal', 'out of its mind')) : work();
    const { tally, state } = start({
      ledger: {
        ...ledger,
        save: (scans) => fail(() => ledger.save(scans)),
        own: (limit) => fail(() => ledger.own(limit)),
      },
    });
    await clock.advance(60_000);
    assert.equal(state().unsaved, 10);
    failing = false;
    await clock.advance(2_000);
    assert.equal(registry.saved.length, 10);
    assert.equal(tally.counts.broken, undefined);
    assertAllStored();
  });
});

describe('this machine cut off', () => {
  it('says nothing of its targets, and recovers within one interval', async () => {
    for (let n = 0; n < 50; n += 1) registry.add(n * 200, { intervalMs: 10_000 });
    const { prober, tally, state } = start();
    await clock.advance(20_500);
    const good = prober.answer;
    prober.answer = () => ({ ms: 100, result: resultOf('timeout-connect') });
    await clock.advance(20_000);
    assert.ok(state().offline);
    const failures = tally.outcomes.filter((reason) => reason === 'timeout-connect').length;
    assert.ok(failures <= 10, `${failures}`);
    const states = () => [...registry.rows.values()].map(({ state }) => state);
    assert.ok(!states().includes('down'));
    assert.ok(states().filter((one) => one === 'unknown').length >= 40);
    prober.answer = good;
    await clock.advance(10_500);
    assert.equal(state().offline, false);
    assert.deepEqual(new Set(states()), new Set(['up']));
  });

  it('is told from all targets down by a place that can still be reached', async () => {
    for (let n = 0; n < 50; n += 1) registry.add(n * 200, { intervalMs: 10_000 });
    const { prober, state } = start({ checkConnectivity: async () => true });
    prober.answer = () => ({ ms: 100, result: resultOf('timeout-connect') });
    await clock.advance(25_000);
    assert.equal(state().offline, false);
    const states = [...registry.rows.values()].map(({ state }) => state);
    assert.deepEqual(new Set(states), new Set(['down']));
  });
});
