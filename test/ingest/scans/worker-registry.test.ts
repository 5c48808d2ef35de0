import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { systemClock as clock } from '../../../core/clock.ts';
import { silentLog } from '../../../core/log.ts';
import { openLedger } from '../../../ingest/scans/ledger.ts';
import { startWorker } from '../../../ingest/scans/worker.ts';
import type { Database } from '../../../registry/database.ts';
import { listEvents } from '../../../registry/events.ts';
import { addMonitors, changeMonitor, ensureMonitor } from '../../../registry/monitors.ts';
import { leaveAll } from '../../../registry/workers.ts';
import { eventually } from '../../helpers/eventually.ts';
import { newMonitor } from '../../helpers/monitors.ts';
import { forEachDatabase } from '../../helpers/registry.ts';
import { FakeSink, resultOf, Tally } from './workers.ts';

const LONG_MS = 3_650 * 86_400_000;

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });

  const ledgerOf = (id: string, leaseMs = 10_000) => {
    const worker = { id, host: 'here', slots: 64, leaseMs };
    return openLedger({ database, worker, clock, timeoutMs: 15_000 });
  };

  function start(id: string, scan = async () => resultOf('ok', { status: 200 })) {
    const [sink, tally] = [new FakeSink(), new Tally()];
    const worker = startWorker({
      ledger: ledgerOf(id),
      ...{ prober: { scan }, sink, clock, random: Math.random, log: silentLog, metrics: tally },
      limits: { concurrency: 64 },
    });
    return { sink, tally, close: () => worker.close(), wake: () => worker.wake() };
  }

  async function due(count: number): Promise<void> {
    const more = { intervalMs: LONG_MS };
    const url = (n: number) => `http://host-${n % 50}.example/${n}`;
    await addMonitors(
      database,
      Array.from({ length: count }, (_, n) => newMonitor(url(n), more)),
    );
    await database.query('update monitor_schedule set due_ms = due_ms - interval_ms');
  }

  const rows = async (query: string) => (await database.query(query)).length;

  describe('workers', () => {
    it('share out what is due: each slot once, saved, stored, forgotten', async () => {
      await due(400);
      const workers = ['a', 'b', 'c'].map((id) => start(id));
      const points = () => workers.flatMap(({ sink }) => [...sink.points.keys()]);
      await eventually(() => assert.equal(points().length, 400));
      assert.equal(new Set(points()).size, 400);
      await eventually(async () => assert.equal(await rows('select from scan_results'), 0));
      await Promise.all(workers.map(({ close }) => close()));
      assert.equal(await rows('select from workers'), 0);
      assert.equal(await rows('select from monitor_schedule where owner is not null'), 0);
      assert.equal(await rows("select from monitor_schedule where state = 'up'"), 400);
      assert.equal(await rows('select from monitor_evidence'), 400);
      assert.equal((await listEvents(database, { after: 0, limit: 1_000 })).length, 400);
    });

    it('refuse what a scan found out about a target that has changed meanwhile', async () => {
      const { monitor } = await ensureMonitor(database, newMonitor('http://a.example/'));
      let end = (): void => undefined;
      const first = new Promise<void>((resolve) => {
        end = resolve;
      });
      let scans = 0;
      const worker = start('a', async () => {
        scans += 1;
        if (scans === 1) await first;
        return resultOf(scans === 1 ? 'status' : 'ok');
      });
      await eventually(() => assert.equal(scans, 1));
      await changeMonitor(database, monitor.id, { settings: { timeoutMs: 5_000 } });
      worker.wake();
      await eventually(() => assert.deepEqual(worker.tally.outcomes, ['ok']));
      end();
      await eventually(() => assert.equal(worker.tally.counts.stale, 1));
      await worker.close();
      assert.equal(worker.sink.points.size, 1);
    });

    it('take up the results of one that is gone', async () => {
      await due(20);
      const gone = ledgerOf('gone', 1);
      const { claims } = await gone.claim({ aheadMs: 0, limit: 20 });
      const fields = { ok: true, status: 200, total_ms: 1.5, reason: 'ok' };
      await gone.save(
        claims.map((claim) => ({
          ...{ monitor: claim.monitor, token: claim.token, slotMs: claim.slotMs, fields },
          ...{ state: 'up', stateSinceMs: claim.slotMs, successes: 1, failures: 0, reason: 'ok' },
          ...{ status: 200, totalMs: 1.5, notBeforeMs: null, evidence: null, event: null },
        })),
      );
      const worker = start('a');
      await eventually(() => assert.equal(worker.sink.points.size, 20));
      await worker.close();
      assert.equal(worker.tally.counts.adopted, 20);
      assert.equal([...worker.sink.points.values()][0]!.fields.status, 200n);
    });
  });

  describe('a ledger', () => {
    it('gives back what its worker does not know of, and nothing else', async () => {
      await due(10);
      const ledger = ledgerOf('a');
      const { claims } = await ledger.claim({ aheadMs: 0, limit: 10 });
      const known = claims.slice(0, 4);
      assert.equal(await ledger.releaseUnknown(known), 6);
      assert.equal(await ledger.releaseUnknown(known), 0);
      const again = await ledgerOf('b').claim({ aheadMs: 0, limit: 10 });
      const ids = (list: readonly { monitor: number }[]) => list.map(({ monitor }) => monitor);
      assert.deepEqual(ids(again.claims).sort(), ids(claims.slice(4)).sort());
      assert.ok(again.claims.every(({ missed }) => missed === 0));
    });

    it('leaves out hosts of which there is enough', async () => {
      await due(100);
      const exceptHosts = ['host-1.example', 'host-2.example'];
      const { claims } = await ledgerOf('a').claim({ aheadMs: 0, limit: 1_000, exceptHosts });
      assert.equal(claims.length, 96);
      assert.ok(claims.every(({ host }) => !exceptHosts.includes(host)));
    });

    it('knows a slot that was claimed and given back as missed once', async () => {
      await ensureMonitor(database, newMonitor('http://a.example/', { intervalMs: 10_000 }));
      const ledger = ledgerOf('a');
      let missed = 0;
      for (let n = 0; n < 3; n += 1) {
        const { claims } = await ledger.claim({ aheadMs: 0, limit: 1 });
        missed += claims[0]!.missed;
        await ledger.release(claims);
        await database.query('update monitor_schedule set due_ms = due_ms - 10000');
      }
      const { claims } = await ledger.claim({ aheadMs: 0, limit: 1 });
      assert.ok(missed + claims[0]!.missed <= 3, `${missed + claims[0]!.missed}`);
    });

    it('makes room and frees what was held before the start, where nobody else can be', async () => {
      await due(10);
      await ledgerOf('before').claim({ aheadMs: 0, limit: 10 });
      await leaveAll(database, 'scans');
      await ledgerOf('a').reclaimRoom();
      const { claims } = await ledgerOf('a').claim({ aheadMs: 0, limit: 10 });
      assert.equal(claims.length, fixture.kind === 'pglite' ? 10 : 0);
    });
  });
});
