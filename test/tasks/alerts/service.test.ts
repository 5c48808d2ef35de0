/** Steps that no task has evaluated are made good on a real store, and told as late. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { createInflux, type Influx } from '../../../core/influx/influx.ts';
import { silentLog } from '../../../core/log.ts';
import { createMetrics } from '../../../core/metrics.ts';
import { recordStep } from '../../../registry/alert-steps.ts';
import type { Database } from '../../../registry/database.ts';
import { migrate } from '../../../registry/migrate.ts';
import { openPGlite } from '../../../registry/pglite.ts';
import { createAlertMetrics } from '../../../tasks/alerts/metrics.ts';
import { type AlertSource, startAlerts } from '../../../tasks/alerts/service.ts';
import { HOUR_MS, MINUTE_MS, makeAlert, makeChannel, sentTo } from '../../helpers/alert-steps.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { forEachEngine } from '../../helpers/engines.ts';
import { eventually } from '../../helpers/eventually.ts';

/** The minute that ended before this one. */
const NOW_MS = Math.floor(Date.now() / MINUTE_MS - 1) * MINUTE_MS;
const STEPS = 20;
/** Minutes before now at which a pair jumps; one of them was filled in after the fact. */
const JUMPS = { btcusd: 12, ethusd: 9, xrpusd: 5 } as const;

forEachEngine((name, start) => {
  describe(`alerts whose steps were missed, on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    let registry: Database;
    let channel: number;
    let dir = '';

    before(async () => {
      engine = await start();
      const { url, token, org, bucket } = engine;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      dir = await mkdtemp(join(tmpdir(), 'tidemark-alerts-'));
      registry = await openPGlite({ dir: join(dir, 'data'), log: silentLog });
      await migrate(registry);
      channel = await makeChannel(registry);
      const { id } = await makeAlert(registry, { channel, resolve: true });
      const created = new Date(NOW_MS - STEPS * MINUTE_MS - 1).toISOString();
      await registry.query('update alerts set created = $2 where id = $1', [id, created]);
      await influx.write(pricesOf(), { gzip: false });
    });
    after(async () => {
      await influx?.close();
      await registry?.close();
      await engine?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    /** The service, for as long as a minute is left: its clock goes on while it is waited for. */
    async function serve(
      until: (state: ReturnType<ReturnType<typeof startAlerts>['state']>) => Promise<void>,
      more: { influx?: Influx; sources?: readonly AlertSource[] } = {},
    ): Promise<void> {
      const clock = new ManualClock(NOW_MS + 30_000);
      const service = startAlerts({
        ...{ influx, registry, clock, log: silentLog, sources: [], ...more },
        metrics: createAlertMetrics(createMetrics()),
        ...{ everyMs: MINUTE_MS, publicUrl: 'https://tidemark.example', ttlMs: HOUR_MS },
      });
      try {
        await eventually(async () => {
          // Fast up to when missed steps are looked at, then as slow as a store answers.
          await clock.advance(clock.nowMs() < NOW_MS + 90_000 ? 1_000 : 300);
          await until(service.state());
        }, 60_000);
      } finally {
        const closed = service.close();
        await clock.advance(60_000);
        await closed;
      }
    }

    it('are evaluated as they would have been, but for what was filled in', async () => {
      await serve(async () => {
        const rows = await registry.query(
          'select count(*) as n from alert_steps where spread and step_ms <= $1',
          [NOW_MS],
        );
        assert.deepEqual(rows, [{ n: STEPS + 1 }]);
      });
      const sent = (await sentTo(registry)).map(({ kind, payload: { data } }) => {
        const { series, late, samples, recent, time } = data as unknown as Fired;
        return { kind, pair: series.pair, late, samples, time, recent };
      });
      assert.deepEqual(
        sent.map(({ kind, pair, late }) => `${kind} ${pair} ${late}`),
        [
          ...['fired btcusd true', 'resolved btcusd true'],
          ...['fired xrpusd true', 'resolved xrpusd true'],
        ],
      );
      const [first] = sent;
      assert.equal(first!.time, new Date(NOW_MS - JUMPS.btcusd * MINUTE_MS).toISOString());
      assert.deepEqual([first!.samples, first!.recent.length], [60, 20]);
      assert.deepEqual(first!.recent.at(-1), [first!.time, 400]);
    });

    it('are evaluated once, also when another starts', async () => {
      const before = await sentTo(registry);
      let looks = 0;
      const look = async (): Promise<void> => {
        looks += 1;
      };
      const source = { name: 'source', look };
      await serve(async () => assert.ok(looks >= 3), { sources: [source] });
      assert.deepEqual(await sentTo(registry), before);
    });

    it('tell nothing while the store is away but that it is', async () => {
      const away = createInflux({
        ...{ url: 'http://127.0.0.1:9', token: 't', org: 'o', bucket: 'tidemark' },
        ...{ timeoutMs: 1_000, clock: systemClock },
      });
      await registry.query('delete from alert_steps');
      const before = await sentTo(registry);
      await serve(
        async ({ troubles, behindMs }) => {
          assert.match(troubles.join(), /127\.0\.0\.1|ECONNREFUSED|connect/);
          assert.ok(behindMs >= STEPS * MINUTE_MS);
        },
        { influx: away },
      );
      await away.close();
      assert.deepEqual(await sentTo(registry), before);
      assert.deepEqual(await registry.query('select 1 from alert_steps'), []);
    });
  });
});

describe('a source of alerts', () => {
  it('has what it finds told, and says what keeps it from looking', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tidemark-alerts-'));
    const registry = await openPGlite({ dir: join(dir, 'data'), log: silentLog });
    const clock = new ManualClock(Date.now());
    const looked: AlertSource = {
      name: 'scans',
      async look() {
        const stepMs = Date.now() + MINUTE_MS;
        const firing = {
          ...{ series: 'scan:7', exchange: null, pair: null, monitor: 7, atMs: stepMs },
          ...{ value: null, average: null, samples: null },
          data: { match: { state: 'down' }, reason: 'monitor 7 is down', about: { url: 'x' } },
        };
        await registry.transaction((transaction) =>
          recordStep(transaction, {
            ...{ rule: 'scan', stepMs, late: false, firings: [firing], cleared: [] },
          }),
        );
      },
    };
    const failing: AlertSource = {
      name: 'freshness',
      look: () => Promise.reject(new Error('query timed out')),
    };
    try {
      await migrate(registry);
      const channel = await makeChannel(registry);
      await makeAlert(registry, { channel, kind: 'scan', states: ['down'], monitors: [7, 8] });
      await makeAlert(registry, { channel, kind: 'scan', states: ['up'] });
      await makeAlert(registry, { channel, kind: 'scan', states: ['down'], monitors: [8] });
      const service = startAlerts({
        ...{ registry, clock, log: silentLog, sources: [looked, failing] },
        influx: { bucket: 'tidemark', collect: () => Promise.reject(new Error('not asked')) },
        metrics: createAlertMetrics(createMetrics()),
        ...{ everyMs: MINUTE_MS, publicUrl: 'https://tidemark.example', ttlMs: HOUR_MS },
      });
      await eventually(async () => {
        await clock.advance(1_000);
        const [delivery] = await sentTo(registry);
        const { data } = delivery!.payload as unknown as { data: Fired };
        assert.deepEqual([data.reason, data.about], ['monitor 7 is down', { url: 'x' }]);
        assert.deepEqual(service.state().troubles, ['freshness: query timed out']);
      });
      const closed = service.close();
      await clock.advance(60_000);
      await closed;
      // Looked at many times in one window.
      assert.equal((await sentTo(registry)).length, 1);
    } finally {
      await registry.close();
      await rm(dir, { recursive: true, force: true });
    }
  });
});

interface Fired {
  readonly series: { readonly pair: string };
  readonly late: boolean;
  readonly samples: number;
  readonly time: string;
  readonly recent: readonly (readonly [string, number])[];
  readonly reason: string;
  readonly about: unknown;
}

/** Two hours of minutes at 100, and the jumps. */
function pricesOf(): string {
  const lines: string[] = [];
  for (const [pair, jump] of Object.entries(JUMPS)) {
    for (let minute = 0; minute < 120; minute += 1) {
      const price = minute === jump ? 400 : 100;
      const filled = minute === jump && pair === 'ethusd' ? ',backfilled=true' : '';
      const ns = `${NOW_MS - minute * MINUTE_MS}000000`;
      lines.push(`price,exchange=kraken,pair=${pair} price=${price}${filled} ${ns}\n`);
    }
  }
  return lines.join('');
}
