import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { childAbort } from '../../../core/abort.ts';
import { HostBusy, HostHold, VisitLost } from '../../../ingest/articles/host-hold.ts';
import type { VisitLedger } from '../../../ingest/articles/ledger.ts';
import { ManualClock } from '../../helpers/clock.ts';

const LEASE_MS = 60_000;
const FOR_MS = 35_000;

describe('the host that a visit may ask', () => {
  let clock: ManualClock;
  let told: string[];
  let mine: boolean;
  let freeMs: number;
  let hold: HostHold;

  beforeEach(() => {
    clock = new ManualClock();
    [told, mine, freeMs] = [[], true, 0];
    const ledger: VisitLedger = {
      renew: async () => {
        told.push('renew');
        return mine;
      },
      takeHost: async (host) => {
        const nowMs = clock.nowMs();
        told.push(`take ${host}`);
        return freeMs > nowMs ? { ok: false, freeMs, nowMs } : { ok: true, hostToken: 9, nowMs };
      },
      releaseHost: async ({ host, hostToken }, { spacingMs }) => {
        told.push(`free ${host} ${hostToken} ${spacingMs}`);
      },
    };
    const nowMs = () => clock.nowMs();
    const limits = { spacingMs: 5_000, leaseMs: LEASE_MS, waitMs: 15_000 };
    const { signal } = childAbort(undefined);
    const claim = { host: 'a.test', token: 1, sinceMs: clock.monotonicMs() };
    hold = new HostHold({ ledger, clock, nowMs, signal, ...limits }, claim);
  });

  it('is the one of its claim, and is left alone after a request alone', async () => {
    await hold.take('a.test', FOR_MS);
    await hold.release();
    await hold.release();
    assert.deepEqual(told, ['free a.test 1 5000']);
  });

  it('costs a host that was not asked nothing', async () => {
    await hold.take('b.test', FOR_MS);
    assert.deepEqual(told, ['free a.test 1 0', 'take b.test']);
  });

  it('is taken anew for each request', async () => {
    await hold.take('a.test', FOR_MS);
    await hold.take('a.test', FOR_MS);
    assert.deepEqual(told, ['free a.test 1 5000', 'take a.test']);
  });

  it('is kept between two requests to it, which are a spacing apart', async () => {
    await hold.take('a.test', FOR_MS);
    hold.rest();
    let taken = false;
    const second = hold.take('a.test', FOR_MS).then(() => {
      taken = true;
    });
    await clock.advance(4_999);
    assert.deepEqual([told, taken], [[], false]);
    await clock.advance(1);
    await second;
    assert.deepEqual(told, []);
    await hold.release();
    assert.deepEqual(told, ['free a.test 1 5000']);
  });

  it('that is kept is given back for another one, or when nothing follows', async () => {
    await hold.take('a.test', FOR_MS);
    hold.rest();
    await hold.take('b.test', FOR_MS);
    assert.deepEqual(told, ['free a.test 1 5000', 'take b.test']);
    hold.rest();
    await hold.release();
    assert.deepEqual(told.at(-1), 'free b.test 9 5000');
  });

  it('is asked for no longer than its lease lasts: it is renewed, or the visit is lost', async () => {
    clock.jump(LEASE_MS - FOR_MS + 1);
    await hold.take('a.test', FOR_MS);
    assert.deepEqual(told, ['renew']);
  });

  it('is lost when the visit was claimed by somebody else', async () => {
    mine = false;
    clock.jump(LEASE_MS);
    await assert.rejects(hold.take('a.test', FOR_MS), VisitLost);
  });

  it('is waited for, but not for long', async () => {
    freeMs = clock.nowMs() + 10_000;
    const taken = hold.take('b.test', FOR_MS);
    await clock.advance(9_999);
    assert.deepEqual(told.slice(1), ['take b.test']);
    await clock.advance(1);
    await taken;
    assert.equal(hold.held?.host, 'b.test');
    freeMs = clock.nowMs() + 15_001;
    await assert.rejects(hold.take('c.test', FOR_MS), HostBusy);
  });
});
