import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { createConnectivityCheck } from '../../../ingest/scans/connectivity.ts';
import { OfflineGate } from '../../../ingest/scans/offline.ts';
import type { Reason } from '../../../ingest/scans/outcome.ts';
import { resultOf } from './workers.ts';

/** A gate on a time of its own: each scan lasts a second, one after the other. */
function gateAt(check?: () => Promise<boolean>) {
  let nowMs = 0;
  const changes: boolean[] = [];
  const onChange = (offline: boolean): void => void changes.push(offline);
  const gate = new OfflineGate({ monotonicMs: () => nowMs, check, onChange });
  const judge = async (host: number, reason: Reason, tookMs = 1_000) => {
    const beganMs = nowMs + 1_000 - tookMs;
    nowMs += 1_000;
    return gate.judge(`host-${host}`, resultOf(reason), beganMs);
  };
  const failAll = async (count: number, hosts: number, reason: Reason = 'timeout-connect') => {
    const reasons: string[] = [];
    for (let n = 0; n < count; n += 1) reasons.push((await judge(n % hosts, reason)).reason);
    return reasons;
  };
  return { gate, judge, failAll, changes };
}

describe('own connectivity', () => {
  it('is doubted after ten results of five hosts that were not reached, and not before', async () => {
    const { failAll, changes } = gateAt();
    const reasons = await failAll(12, 5);
    assert.deepEqual(
      reasons.slice(0, 9),
      Array.from({ length: 9 }, () => 'timeout-connect'),
    );
    assert.deepEqual(reasons.slice(9), ['offline', 'offline', 'offline']);
    assert.deepEqual(changes, [true]);
  });

  it('is not doubted for four hosts, however often they are not reached', async () => {
    const { failAll } = gateAt();
    assert.ok(!(await failAll(100, 4)).includes('offline'));
  });

  it('is there again with anything that answers, be it a refusal', async () => {
    for (const reason of ['ok', 'refused', 'status', 'reset', 'tls-expired'] as const) {
      const { failAll, judge, gate, changes } = gateAt();
      await failAll(20, 10);
      assert.equal(gate.offline, true);
      assert.equal((await judge(3, reason)).reason, reason);
      assert.equal(gate.offline, false);
      assert.deepEqual(changes, [true, false]);
    }
  });

  it('is not judged by what asks no network', async () => {
    const { failAll, judge, gate } = gateAt();
    for (const reason of ['blocked', 'invalid', 'local'] as const) {
      assert.equal((await failAll(30, 10, reason)).includes('offline'), false);
    }
    await failAll(20, 10, 'dns');
    assert.equal((await judge(1, 'blocked')).reason, 'blocked');
    assert.equal(gate.offline, true);
  });

  it('is not doubted for hosts that fail while others answer', async () => {
    const { judge, gate } = gateAt();
    await judge(0, 'ok');
    // Dead hosts whose scans all end together, long after: each began before the others answered.
    for (let n = 0; n < 50; n += 1) {
      const result = await judge(n, 'timeout-connect', (n + 5) * 1_000);
      assert.equal(result.reason, 'timeout-connect');
    }
    assert.equal(gate.offline, false);
  });

  it('is not doubted for hosts that stay down, however seldom another one is asked', async () => {
    const { judge, failAll, gate, changes } = gateAt();
    // Nothing is known of any yet.
    await failAll(9, 9);
    for (let round = 0; round < 5; round += 1) {
      await judge(100, 'ok');
      assert.ok(!(await failAll(90, 9)).includes('offline'));
    }
    assert.equal(gate.offline, false);
    assert.deepEqual(changes, []);
  });

  it('is doubted when hosts that answered do not any more, beside some that never did', async () => {
    const { judge, failAll, gate } = gateAt();
    await failAll(9, 9);
    // Five of the nine come up.
    for (let host = 0; host < 5; host += 1) await judge(host, 'ok');
    // Only these count: the tenth of their results is the first of the third round.
    const reasons = await failAll(27, 9);
    assert.equal(reasons.indexOf('offline'), 18);
    assert.equal(gate.offline, true);
  });

  it('keeps what happened in the text', async () => {
    const { failAll, judge } = gateAt();
    await failAll(20, 10);
    const { ok, text } = await judge(1, 'timeout-dns');
    assert.equal(ok, false);
    assert.match(text, /nothing at all .* \(timeout-dns: timeout-dns\)/);
  });

  it('is asked of the operator’s places, once for many results', async () => {
    let asked = 0;
    let reachable = true;
    const { failAll } = gateAt(async () => {
      asked += 1;
      return reachable;
    });
    assert.ok(!(await failAll(30, 10)).includes('offline'));
    assert.ok(asked >= 1 && asked <= 3, `${asked}`);
    reachable = false;
    assert.ok((await failAll(30, 10)).includes('offline'));
  });

  it('is seen by a place that takes a connection or refuses one', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const { port } = server.address() as AddressInfo;
    const place = { host: '127.0.0.1', port };
    const check = (places: (typeof place)[]) =>
      createConnectivityCheck({ places, clock: systemClock, timeoutMs: 2_000 })();
    assert.equal(await check([{ host: 'nowhere.invalid', port: 1 }, place]), true);
    await new Promise((done) => server.close(done));
    assert.equal(await check([place]), true);
    assert.equal(await check([{ host: 'nowhere.invalid', port: 1 }]), false);
  });
});
