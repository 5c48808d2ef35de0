import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { listEvents } from '../../registry/events.ts';
import { addMonitors, changeMonitor, ensureMonitor, findMonitor } from '../../registry/monitors.ts';
import { scanLoad } from '../../registry/scan-load.ts';
import {
  adoptResults,
  claimScans,
  forgetResults,
  releaseScans,
  type SavedScan,
  type ScanClaim,
  saveScans,
} from '../../registry/scans.ts';
import { beat, leave } from '../../registry/workers.ts';
import { newMonitor } from '../helpers/monitors.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const worker = (id: string, leaseMs = 60_000) => ({ id, host: 'here', slots: 8, leaseMs });
const [ME, OTHER] = [worker('me'), worker('other')];
const ALL = { aheadMs: 0, limit: 1_000 };
const ids = (claims: readonly ScanClaim[]) => claims.map(({ monitor }) => monitor).sort();

const saved = (claim: ScanClaim, more: Partial<SavedScan> = {}): SavedScan => ({
  ...{ monitor: claim.monitor, token: claim.token, slotMs: claim.slotMs, state: 'up' },
  ...{ fields: { ok: true, total_ms: 1.5, reason: 'ok' }, stateSinceMs: claim.slotMs },
  ...{ successes: 1, failures: 0, reason: 'ok', status: 200, totalMs: 1.5 },
  ...{ notBeforeMs: null, evidence: null, event: null },
  ...more,
});

/** As if the worker had died: its lease ends now. */
async function lapse(database: Database, id: string): Promise<void> {
  await database.query('update workers set until_ms = 0 where id = $1', [id]);
}

/** As if this time had gone by since the monitor became due. */
async function age(database: Database, monitor: number, byMs: number): Promise<void> {
  await database.query('update monitor_schedule set due_ms = due_ms - $2 where monitor = $1', [
    monitor,
    byMs,
  ]);
}

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const make = async (n = 1, intervalMs = 60_000) => {
    const wanted = { ...newMonitor(`http://example.com/${n}`), intervalMs };
    return (await ensureMonitor(database, wanted)).monitor.id;
  };
  const claim = async (who = ME, options = ALL) =>
    (await claimScans(database, who, options)).claims;

  describe('claims', () => {
    it('give a new monitor at once, with all that a scan of it needs', async () => {
      const id = await make();
      const { nowMs, claims } = await claimScans(database, ME, ALL);
      const [first] = claims;
      assert.equal(claims.length, 1);
      assert.deepEqual(
        { ...first, slotMs: 0 },
        {
          ...{ monitor: id, token: 1, version: 1, url: 'http://example.com/1', regexp: null },
          ...{ host: 'example.com', settings: newMonitor('x').settings, intervalMs: 60_000 },
          ...{ slotMs: 0, missed: 0, reprobe: false, state: 'new', stateSinceMs: null },
          ...{ successes: 0, failures: 0, reason: null },
        },
      );
      assert.ok(Math.abs(nowMs - Date.now()) < 10_000);
      assert.ok(first!.slotMs <= nowMs && first!.slotMs > nowMs - 10_000);
    });

    it('are nobody else’s while the worker is heard of', async () => {
      await make();
      assert.equal((await claim()).length, 1);
      assert.deepEqual(await claim(OTHER), []);
      assert.deepEqual(await claim(), []);
    });

    it('never give two workers the same, however many ask at once', async () => {
      const wanted = Array.from({ length: 200 }, (_, n) => newMonitor(`http://a.example/${n}`));
      await addMonitors(database, wanted);
      await database.query('update monitor_schedule set due_ms = due_ms - interval_ms');
      const pools = await Promise.all(Array.from({ length: 4 }, () => fixture.another(database)));
      const claimed = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          claimScans(pools[n % 4]!, worker(`w${n}`), { aheadMs: 0, limit: 15 }),
        ),
      );
      const rest = await claim();
      const all = [...claimed.flatMap(({ claims }) => claims), ...rest];
      assert.equal(all.length, 200);
      assert.equal(new Set(ids(all)).size, 200);
    });

    it('reach ahead of time, by as much as is asked, the longest due first', async () => {
      const wanted = Array.from({ length: 50 }, (_, n) => newMonitor(`http://a.example/${n}`));
      await addMonitors(database, wanted);
      const now = (await claim()).length;
      const soon = await claim(ME, { aheadMs: 60_000, limit: 10 });
      assert.equal(soon.length, Math.min(10, 50 - now));
      const slots = soon.map(({ slotMs }) => slotMs);
      assert.deepEqual(slots, slots.toSorted());
      const later = await claim(ME, { aheadMs: 60_000, limit: 1_000 });
      assert.ok(later.every(({ slotMs }) => slotMs >= slots.at(-1)!));
    });

    it('go to others when the worker is not heard of, and say when it may have scanned', async () => {
      const id = await make();
      await claim();
      await lapse(database, 'me');
      const [again] = await claim(OTHER);
      assert.equal(again?.monitor, id);
      assert.equal(again?.token, 2);
      assert.equal(again?.reprobe, true);
      assert.equal((await findMonitor(database, id))?.reprobed, 1);
    });

    it('count the slots that nobody began in their time, and take the newest', async () => {
      const id = await make(1, 10_000);
      const [first] = await claim();
      await saveScans(database, 'me', [saved(first!)]);
      await age(database, id, 45_000);
      const [late] = await claim();
      assert.ok(late!.missed >= 3 && late!.missed <= 4, String(late!.missed));
      const { nowMs } = await claimScans(database, OTHER, ALL);
      assert.ok(late!.slotMs <= nowMs && late!.slotMs > nowMs - 11_000);
      assert.equal((await findMonitor(database, id))?.missed, late!.missed);
    });

    it('that are given back are free at once, and count for nothing', async () => {
      const id = await make();
      await releaseScans(database, 'me', await claim());
      const [again] = await claim(OTHER);
      assert.equal(again?.monitor, id);
      assert.equal(again?.reprobe, false);
    });

    it('of a worker that leaves are free at once', async () => {
      await make();
      await claim();
      await leave(database, 'me');
      assert.equal((await claim(OTHER)).length, 1);
    });
  });

  describe('results', () => {
    it('are saved with the state, and the next slot is on the grid', async () => {
      const id = await make(1, 10_000);
      const [mine] = await claim();
      const more = { state: 'down', reason: 'status', status: 500, failures: 2 } as const;
      assert.deepEqual([...(await saveScans(database, 'me', [saved(mine!, more)]))], [id]);
      const found = (await findMonitor(database, id))!;
      assert.deepEqual(
        [found.state, found.reason, found.status, found.lastSlotMs, found.lastTotalMs],
        ['down', 'status', 500, mine!.slotMs, 1.5],
      );
      assert.ok(found.dueMs >= mine!.slotMs + 5_000 && found.dueMs <= mine!.slotMs + 15_000);
      await age(database, id, 20_000);
      const [next] = await claim();
      assert.equal(Math.abs(next!.slotMs - found.dueMs) % 10_000, 0);
      assert.equal(next!.failures, 2);
    });

    it('of a lost claim are refused, and so are those of a slot that is done', async () => {
      const id = await make();
      const [mine] = await claim();
      await lapse(database, 'me');
      const [theirs] = await claim(OTHER);
      const stale = saved(mine!, { state: 'down' });
      assert.equal((await saveScans(database, 'me', [stale])).size, 0);
      assert.equal((await saveScans(database, 'other', [saved(theirs!)])).size, 1);
      assert.equal((await saveScans(database, 'me', [stale])).size, 0);
      assert.equal((await saveScans(database, 'other', [saved(theirs!)])).size, 0);
      assert.equal((await findMonitor(database, id))?.state, 'up');
      const rows = await database.query('select * from scan_results');
      assert.equal(rows.length, 1);
    });

    it('save what they can when some of them are refused', async () => {
      const [a, b] = [await make(1), await make(2)];
      const claims = await claim();
      await changeMonitor(database, a, { active: false });
      const done = await saveScans(
        database,
        'me',
        claims.map((one) => saved(one)),
      );
      assert.deepEqual([...done], [b]);
    });

    it('tell of a change of state, in the same moment', async () => {
      const id = await make();
      const [mine] = await claim();
      const event = { monitor: id, from: 'new', to: 'up', text: 'a\0b\ud800c' };
      await saveScans(database, 'me', [saved(mine!, { event })]);
      const [told] = await listEvents(database, { after: 0, limit: 10 });
      assert.equal(told?.kind, 'scan');
      assert.deepEqual(told?.data, { ...event, text: 'a\ufffdb\ufffdc' });
      assert.deepEqual(await listEvents(database, { after: told!.id, limit: 10 }), []);
    });

    it('wait until the target wants to be asked again', async () => {
      const id = await make(1, 10_000);
      const [mine] = await claim();
      const notBeforeMs = mine!.slotMs + 300_000;
      await saveScans(database, 'me', [saved(mine!, { notBeforeMs })]);
      const { dueMs } = (await findMonitor(database, id))!;
      assert.ok(dueMs >= notBeforeMs && dueMs < notBeforeMs + 10_000);
    });

    it('wait for the spool, and are adopted when their worker is gone', async () => {
      await make();
      const [mine] = await claim();
      await saveScans(database, 'me', [saved(mine!)]);
      assert.deepEqual(await adoptResults(database, 'other', 10), []);
      await lapse(database, 'me');
      const adopted = await adoptResults(database, 'other', 10);
      const { monitor, slotMs } = mine!;
      const fields = { ok: true, total_ms: 1.5, reason: 'ok' };
      assert.deepEqual(adopted, [{ monitor, slotMs, fields }]);
      await forgetResults(database, adopted);
      assert.deepEqual(await adoptResults(database, 'third', 10), []);
    });
  });

  describe('changes while a scan is under way', () => {
    it('of the target refuse its result and scan anew at once', async () => {
      const id = await make();
      const [mine] = await claim();
      await changeMonitor(database, id, { settings: { timeoutMs: 5_000 } });
      assert.equal((await saveScans(database, 'me', [saved(mine!)])).size, 0);
      const [again] = await claim();
      assert.deepEqual([again?.version, again?.settings.timeoutMs], [2, 5_000]);
    });

    it('of the name leave it alone', async () => {
      const id = await make();
      const [mine] = await claim();
      await changeMonitor(database, id, { name: 'new name' });
      assert.equal((await saveScans(database, 'me', [saved(mine!)])).size, 1);
    });

    it('of the interval leave it alone, and the next slot is on the new grid', async () => {
      const id = await make(1, 3_600_000);
      const [mine] = await claim();
      await changeMonitor(database, id, { intervalMs: 10_000 });
      assert.equal((await saveScans(database, 'me', [saved(mine!)])).size, 1);
      const { dueMs } = (await findMonitor(database, id))!;
      assert.ok(dueMs <= mine!.slotMs + 15_000);
    });

    it('to off refuse its result, and nothing is due until it is on again', async () => {
      const id = await make();
      const [mine] = await claim();
      await changeMonitor(database, id, { active: false });
      assert.equal((await saveScans(database, 'me', [saved(mine!)])).size, 0);
      assert.deepEqual(await claim(ME, { aheadMs: 1e12, limit: 10 }), []);
      await changeMonitor(database, id, { active: true });
      assert.equal((await claim()).length, 1);
    });
  });

  it('the load is told beside what the workers can do', async () => {
    await make(1, 10_000);
    await make(2, 20_000);
    await beat(database, 'scans', ME);
    const load = await scanLoad(database, 'example.com');
    assert.ok(Math.abs(load.scansPerSecond - 0.15) < 1e-9);
    assert.ok(Math.abs(load.busyMax - 1.5) < 1e-9);
    assert.deepEqual([load.active, load.slots, load.workers], [2, 8, 1]);
    assert.equal((await scanLoad(database, 'other.example')).active, 0);
  });
});
