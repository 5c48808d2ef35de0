import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DatabaseClock } from '../../../ingest/scans/database-clock.ts';
import { Holdings } from '../../../ingest/scans/holdings.ts';
import { Pool } from '../../../ingest/scans/pool.ts';
import type { ScanClaim } from '../../../registry/scans.ts';
import { ManualClock } from '../../helpers/clock.ts';

interface Item {
  readonly host: string;
  readonly n: number;
}

function poolOf(max: number, hostMax: number, refused: (item: Item) => boolean = () => false) {
  const started: string[] = [];
  const start = (item: Item): boolean => {
    if (refused(item)) return false;
    started.push(`${item.host}${item.n}`);
    return true;
  };
  const pool = new Pool<Item>({ max, hostMax, start });
  const offer = (host: string, count: number) => {
    for (let n = 1; n <= count; n += 1) pool.offer({ host, n });
  };
  const end = (host: string) => {
    pool.leaveHost(host);
    pool.leavePlace();
  };
  return { pool, started, offer, end };
}

describe('a pool', () => {
  it('starts at once what there is room for', () => {
    const { pool, started, offer } = poolOf(3, 2);
    offer('a', 4);
    offer('b', 2);
    assert.deepEqual(started, ['a1', 'a2', 'b1']);
    assert.deepEqual([pool.running, pool.waiting, pool.full], [3, 3, true]);
  });

  it('takes hosts in turn, each in its own order', () => {
    const { started, offer, end } = poolOf(1, 1);
    offer('a', 3);
    offer('b', 2);
    offer('c', 1);
    for (const host of ['a', 'b', 'c', 'a', 'b']) end(host);
    assert.deepEqual(started, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('leaves a host alone as soon as the scan is over, and the place when it is saved', () => {
    const { pool, started, offer } = poolOf(2, 1);
    offer('a', 2);
    pool.leaveHost('a');
    assert.deepEqual(started, ['a1', 'a2']);
    assert.equal(pool.running, 2);
    pool.leavePlace();
    assert.equal(pool.running, 1);
  });

  it('takes no room for what does not start after all, thousands in a row', () => {
    const { pool, started, offer } = poolOf(1, 1, ({ host }) => host === 'a');
    offer('b', 2);
    offer('a', 50_000);
    pool.leaveHost('b');
    pool.leavePlace();
    assert.deepEqual(started, ['b1', 'b2']);
    pool.leaveHost('b');
    pool.leavePlace();
    assert.deepEqual([pool.running, pool.waiting], [0, 0]);
  });

  it('gives out what is to go', () => {
    const { pool, started, offer, end } = poolOf(1, 1);
    offer('a', 5);
    offer('b', 1);
    assert.equal(pool.take(({ n }) => n % 2 === 0).length, 2);
    end('a');
    end('b');
    end('a');
    assert.deepEqual(started, ['a1', 'b1', 'a3', 'a5']);
    assert.equal(pool.waiting, 0);
  });
});

describe('holdings', () => {
  const claim = (monitor: number, host: string) => ({ monitor, host }) as ScanClaim;

  it('count of a crowded host no more than its share', () => {
    const holdings = new Holdings({ max: 10, hostMax: 4 });
    const claims = Array.from({ length: 8 }, (_, n) => claim(n, 'slow'));
    for (const one of claims) holdings.add(one);
    assert.deepEqual([holdings.size, holdings.room], [8, 6]);
    assert.deepEqual(holdings.crowdedHosts(), ['slow']);
    const freed = claims.map((one) => holdings.remove(one));
    assert.deepEqual(freed, [false, false, false, false, true, false, false, false]);
    assert.deepEqual([holdings.size, holdings.room], [0, 10]);
  });

  it('know a newer claim of a monitor from the one before', () => {
    const holdings = new Holdings({ max: 10, hostMax: 4 });
    const [older, newer] = [claim(1, 'a'), claim(1, 'a')];
    holdings.add(older);
    holdings.add(newer);
    holdings.remove(older);
    assert.deepEqual(holdings.list(), [newer]);
    assert.equal(holdings.room, 9);
  });
});

describe('the clock of the database', () => {
  it('is told by the monotonic clock, as exactly as the quickest answer', async () => {
    const clock = new ManualClock();
    const time = new DatabaseClock(clock);
    const trueMs = () => clock.nowMs() + 300_000;
    for (const [before, after] of [
      [400, 900],
      [2, 3],
      [1_000, 20],
    ] as const) {
      const sentMs = clock.monotonicMs();
      await clock.advance(before);
      const saidMs = trueMs();
      await clock.advance(after);
      time.note(saidMs, sentMs);
    }
    assert.ok(Math.abs(time.nowMs() - trueMs()) <= 4, `${time.nowMs() - trueMs()}`);
    await clock.advance(60_000);
    assert.ok(Math.abs(time.nowMs() - trueMs()) <= 4);
  });

  it('follows when the clock of the database is set', async () => {
    const clock = new ManualClock();
    const time = new DatabaseClock(clock);
    time.note(clock.nowMs(), clock.monotonicMs());
    for (const stepMs of [3_600_000, -7_200_000]) {
      await clock.advance(1_000);
      time.note(clock.nowMs() + stepMs, clock.monotonicMs());
      assert.ok(Math.abs(time.nowMs() - clock.nowMs() - stepMs) <= 1);
    }
  });
});
