import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openStage, resultOf, type Stage } from './workers.ts';

let clock: Stage['clock'];
let registry: Stage['registry'];
let start: Stage['start'];
let close: Stage['close'];

beforeEach(() => {
  ({ clock, registry, start, close } = openStage());
});
afterEach(() => close());

const startMs = Date.UTC(2026, 0, 1);
const untilEnded = { answer: () => undefined };

describe('a slot', () => {
  it('begins when it comes, by the clock of the database, however far the own clock is off', async () => {
    registry.aheadMs = 300_000;
    registry.add(2_000);
    const { prober, tally } = start();
    await clock.advance(1_900);
    assert.equal(prober.calls.length, 0);
    await clock.advance(200);
    const [call] = prober.calls;
    assert.ok(Math.abs(call!.atMs - startMs - 2_000) <= 12, `${call!.atMs - startMs}`);
    await clock.advance(1_000);
    assert.deepEqual(tally.outcomes, ['ok']);
    assert.ok(tally.lateS[0]! < 0.02);
    const [saved] = registry.saved;
    assert.equal(saved!.slotMs, startMs + 302_000);
    assert.ok(Number(saved!.fields.late_ms) < 20);
  });

  it('comes again and again without drift, from one second to thirty days', async () => {
    registry.add(100, { intervalMs: 1_000 });
    registry.add(200, { intervalMs: 30 * 86_400_000 });
    const { prober, tally } = start();
    await clock.advance(60_400);
    const slots = registry.saved.filter(({ monitor }) => monitor === 1).map(({ slotMs }) => slotMs);
    assert.deepEqual(
      slots,
      Array.from({ length: 61 }, (_, n) => startMs + 100 + n * 1_000),
    );
    assert.equal(registry.saved.length, 62);
    assert.equal(prober.calls.length, 62);
    assert.equal(tally.counts.missed, undefined);
  });

  it('that is due at once begins as soon as the worker is woken', async () => {
    const { prober, wake } = start();
    await clock.advance(5_130);
    registry.add(0);
    wake();
    await clock.advance(60);
    assert.equal(prober.calls.length, 1);
  });

  it('never overlaps with the one before: what it lasts beyond its interval is missed', async () => {
    registry.add(0, { intervalMs: 1_000 });
    const { prober, tally } = start();
    prober.answer = () => ({ ms: 3_500, result: resultOf('ok') });
    await clock.advance(20_000);
    assert.equal(prober.most, 1);
    assert.ok(registry.saved.length >= 4 && registry.saved.length <= 6);
    assert.ok(tally.counts.missed! >= 2 * registry.saved.length - 2);
  });

  it('waits for as long as the target asks', async () => {
    registry.add(0, { intervalMs: 1_000 });
    const { prober } = start();
    prober.answer = () => ({ ms: 0, result: resultOf('throttled', { retryAfterMs: 30_000 }) });
    await clock.advance(29_000);
    assert.equal(prober.calls.length, 1);
    await clock.advance(3_000);
    assert.equal(prober.calls.length, 2);
  });
});

describe('a worker with much to do', () => {
  it('has no more under way than it may, in all and of one host', async () => {
    for (let n = 0; n < 100; n += 1) registry.add(0, n % 2 ? { host: 'one.example' } : {});
    const { prober, state } = start({ limits: { concurrency: 20, hostConcurrency: 3 } });
    Object.assign(prober, untilEnded);
    await clock.advance(1_000);
    assert.equal(prober.open.size, 20);
    const ofOne = [...prober.open].filter(({ target }) => registryHost(target.url) === 'one');
    assert.equal(ofOne.length, 3);
    assert.equal(state().running, 20);
    assert.ok(state().behindMs > 900);
  });

  it('lets a host that never answers keep nobody else waiting', async () => {
    for (let n = 0; n < 500; n += 1) registry.add(0, { host: 'hole.example', url: 'http://hole/' });
    for (let n = 0; n < 50; n += 1) registry.add(500, { intervalMs: 1_000 });
    const { prober, tally } = start({ limits: { concurrency: 32, hostConcurrency: 4 } });
    prober.answer = ({ url }) =>
      url === 'http://hole/'
        ? { ms: 10_000, result: resultOf('timeout-connect') }
        : { ms: 10, result: resultOf('ok') };
    await clock.advance(20_000);
    assert.ok(tally.outcomes.filter((reason) => reason === 'ok').length >= 50 * 18);
    assert.ok(registry.claimed.length < 200, `${registry.claimed.length} claims`);
  });

  it('gives back what cannot begin in its time, and counts it as missed', async () => {
    for (let n = 0; n < 40; n += 1) registry.add(0, { host: 'a.example', intervalMs: 5_000 });
    const { prober, tally } = start({ limits: { hostConcurrency: 2 } });
    prober.answer = () => ({ ms: 1_000, result: resultOf('ok') });
    await clock.advance(30_000);
    assert.ok(tally.counts.over! > 20);
    assert.ok(tally.counts.missed! > 20);
    assert.ok(tally.lateS.every((seconds) => seconds < 5));
  });

  it('is not held up by a scan that never ends', async () => {
    registry.add(0);
    registry.add(0);
    const { prober, tally, state } = start({ limits: { concurrency: 1 } });
    Object.assign(prober, untilEnded);
    await clock.advance(14_000);
    assert.equal(prober.calls.length, 1);
    await clock.advance(2_000);
    assert.equal(prober.calls.length, 2);
    assert.deepEqual(tally.outcomes, ['internal']);
    assert.equal(state().running, 1);
  });

  it('scans what is no target or pattern any more as invalid', async () => {
    registry.add(0, { regexp: '(' });
    registry.add(0, { url: 'ftp://x/' });
    const { prober, tally } = start();
    await clock.advance(1_000);
    assert.deepEqual(tally.outcomes, ['invalid', 'invalid']);
    assert.equal(prober.calls.length, 0);
    assert.match(String(registry.saved[0]!.reason), /invalid/);
  });

  it('does not scan again and again what it cannot record', async () => {
    registry.add(0, { intervalMs: 10_000 });
    const { prober, tally } = start();
    const values = { price: 1 };
    const match = {
      at: 0,
      text: '',
      get values(): typeof values {
        throw new Error('a bug');
      },
    };
    prober.answer = () => ({ ms: 10, result: resultOf('ok', { match }) });
    await clock.advance(35_000);
    assert.equal(prober.calls.length, 4);
    assert.equal(tally.counts.missed, 3);
    assert.equal(tally.counts.over, 3);
  });
});

function registryHost(url: string): string | undefined {
  const row = [...registry.rows.values()].find((one) => one.url === url);
  return row?.host === 'one.example' ? 'one' : undefined;
}

describe('two workers', () => {
  it('give one result for each slot', async () => {
    for (let n = 0; n < 200; n += 1) registry.add(n * 10, { intervalMs: 5_000 });
    const [a, b] = [start({ id: 'a' }), start({ id: 'b' })];
    await clock.advance(30_000);
    const keys = registry.saved.map(({ monitor, slotMs }) => `${monitor} ${slotMs}`);
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(keys.length >= 200 * 5);
    assert.equal(registry.refused, 0);
    const ended = [a, b].map(({ prober }) => prober.calls.length - prober.open.size);
    assert.equal(ended[0]! + ended[1]!, keys.length);
    assert.equal(a.sink.points.size + b.sink.points.size, keys.length);
  });

  it('one of them frozen: its claims go to the other, and its results are refused', async () => {
    for (let n = 0; n < 20; n += 1) registry.add(0);
    const frozen = start({ id: 'frozen', ledger: frozenLedger() });
    Object.assign(frozen.prober, untilEnded);
    await clock.advance(500);
    assert.equal(frozen.prober.open.size, 20);
    stopped = true;
    const other = start({ id: 'other' });
    await clock.advance(12_000);
    assert.equal(other.tally.counts.reprobed, 20);
    assert.equal(registry.saved.length, 20);
    stopped = false;
    for (const call of frozen.prober.open) call.end(resultOf('ok'));
    await clock.advance(3_000);
    assert.equal(frozen.tally.counts.stale, 20);
    assert.equal(registry.saved.length, 20);
    assert.equal(frozen.sink.points.size, 0);
  });

  it('the one whose lease ran out begins nothing of what it held', async () => {
    for (let n = 0; n < 20; n += 1) registry.add(1_400);
    const { prober, tally } = start();
    await clock.advance(1_000);
    clock.jump(11_000);
    await clock.advance(20);
    assert.equal(prober.calls.length, 0);
    assert.equal(tally.counts.lapsed, 20);
    await clock.advance(5_000);
    assert.equal(registry.saved.length, 20);
  });
});

let stopped = false;

/** The registry of a worker that may be stopped: then nothing it asks is carried out. */
function frozenLedger() {
  stopped = false;
  const ledger = registry.ledger('frozen');
  return new Proxy(ledger, {
    get(target, name: keyof typeof ledger) {
      return async (...given: unknown[]) => {
        while (stopped) await clock.sleep(100);
        const call = target[name] as (...given: unknown[]) => Promise<unknown>;
        return call(...given);
      };
    },
  });
}

describe('the end of a worker', () => {
  it('gives back what was not begun, lets the rest end, saves it and leaves', async () => {
    for (let n = 0; n < 4; n += 1) registry.add(0);
    for (let n = 0; n < 4; n += 1) registry.add(1_400);
    const { prober, close, sink } = start();
    Object.assign(prober, untilEnded);
    await clock.advance(1_000);
    assert.equal(prober.open.size, 4);
    const closing = close();
    await clock.advance(300);
    assert.equal(registry.released, 4);
    for (const call of prober.open) call.end(resultOf('ok'));
    await clock.advance(200);
    await closing;
    assert.equal(registry.saved.length, 4);
    assert.equal(sink.points.size, 4);
    assert.equal(registry.results.size, 0);
    assert.equal(registry.untilMs.has('me'), false);
  });

  it('does not wait for scans longer than it may: they are given back', async () => {
    registry.add(0);
    const { prober, close } = start();
    Object.assign(prober, untilEnded);
    await clock.advance(1_000);
    const closing = close();
    await clock.advance(7_900);
    assert.equal(prober.open.size, 1);
    await clock.advance(400);
    await closing;
    assert.equal(registry.saved.length, 0);
    assert.equal(registry.released, 1);
  });

  it('comes in its time while the registry is away', async () => {
    registry.add(0);
    const { prober, close } = start();
    await clock.advance(500);
    Object.assign(prober, untilEnded);
    registry.away = true;
    const closing = close();
    await clock.advance(15_000);
    await closing;
  });
});
