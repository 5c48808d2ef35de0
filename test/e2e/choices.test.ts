/**
 * What is recorded, chosen while it is recorded: exchanges off and on, their pace, pairs off and
 * on, kept over a restart, and nobody else notices. Once all in one process, once with the API in
 * another process than the ingest, over PostgreSQL and a real InfluxDB.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Role } from '../../app/roles.ts';
import { type App, startApp } from '../../app/start.ts';
import { type Clock, slotAt, systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { silentLog } from '../../core/log.ts';
import { EXCHANGES, NumberedExchanges } from '../fault/numbered-exchanges.ts';
import { ManualClock } from '../helpers/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';
import { startPostgres, whyNoPostgres } from '../helpers/registry.ts';
import { send } from '../helpers/send.ts';

const MINUTE_MS = 60_000;
/** Behind a slot, when every exchange has had its turn. */
const SETTLED_MS = 10_000;

interface Place {
  readonly settings: Readonly<Record<string, string>>;
  /** Roles of each process. */
  readonly processes: readonly (readonly Role[])[];
  stop(): Promise<void>;
}

const places: Readonly<Record<string, { skip?: string | undefined; open(): Promise<Place> }>> = {
  'in one process': {
    open: async () => ({ settings: {}, processes: [['api', 'prices']], stop: async () => {} }),
  },
  'from another process': {
    skip: influxdPath() === undefined ? 'no influxd: `make influxd` builds it' : whyNoPostgres(),
    async open() {
      const [influxd, postgres] = await Promise.all([startInfluxd(), startPostgres()]);
      const settings = {
        INFLUX_URL: influxd.url,
        INFLUX_TOKEN: influxd.token,
        DATABASE_URL: await postgres.createDatabase(),
      };
      const stop = async () => void (await Promise.all([influxd.stop(), postgres.stop()]));
      return { settings, processes: [['api'], ['prices']], stop };
    },
  },
};

interface Metric {
  readonly id: number;
  readonly pair: string;
}

for (const [name, { skip, open }] of Object.entries(places)) {
  describe(`choices ${name}`, { skip: skip ?? false }, () => {
    const startMs = slotAt(Date.now(), MINUTE_MS) - 60 * MINUTE_MS;
    const clock = new ManualClock(startMs + SETTLED_MS);
    const slotClock: Clock = { ...systemClock, nowMs: () => clock.nowMs() };
    let dir: string;
    let place: Place;
    let exchanges: NumberedExchanges;
    let apps: App[] = [];

    const start = async () => {
      apps = [];
      for (const [index, roles] of place.processes.entries()) {
        const config = readConfig({
          ...exchanges.settings,
          ...place.settings,
          DATA_DIR: join(dir, `${index}`),
          PORT: '0',
          INFLUX_PORT: '0',
          BACKFILL: 'off',
        });
        const parts = { roles: new Set(roles), clock: slotClock, log: silentLog };
        apps.push(await startApp(config, { ...parts, timer: clock.timer }));
      }
    };
    const stop = () => Promise.all(apps.map((app) => app.close()));

    const call = (route: string, body?: unknown) => send(apps[0]!.url, route, body);
    const json = async <T>(route: string, body?: unknown): Promise<T> => {
      const answer = await call(route, body);
      assert.ok(answer.ok, `${route}: ${await answer.clone().text()}`);
      return (await answer.json()) as T;
    };
    const answers = (id: string): number => exchanges.answers.get(id) ?? 0;
    const slots = async (id: string): Promise<number[]> => {
      const since = new Date(startMs).toISOString();
      const list = await json<{ slot: string; ok: boolean }[]>(
        `GET /api/v1/exchanges/${id}/slots?start=${since}&stop=2100-01-01T00:00:00Z`,
      );
      return list.map(({ slot }) => (Date.parse(slot) - startMs) / 1_000);
    };
    /** Waits until that many slots of an exchange are done with: written, to the last. */
    const slotsDone = (id: string, count: number) =>
      eventually(async () => assert.equal((await slots(id)).length, count, id));
    const slotsAre = (id: string, wanted: readonly number[]) =>
      eventually(async () => assert.deepEqual(await slots(id), wanted, id));
    const seconds = (...minutes: number[]) => minutes.map((minute) => minute * 60);
    /** One timer a lane: until the ingest has heard of it. */
    const lanesAre = (count: number) => eventually(() => assert.equal(clock.waiting, count));
    const OTHERS = EXCHANGES.filter((id) => id !== 'okx' && id !== 'kraken');

    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'tidemark-choices-'));
      exchanges = await NumberedExchanges.start();
      place = await open();
      await start();
    });
    after(async () => {
      await stop();
      await place?.stop();
      await exchanges?.close();
      await rm(dir, { recursive: true, force: true });
    });

    it('begins with the settings', async () => {
      for (const id of EXCHANGES) await slotsDone(id, 1);
      const { items } = await json<{ items: Record<string, unknown>[] }>('GET /api/v1/exchanges');
      assert.deepEqual(
        items.map(({ exchange, enabled, interval, mode }) => [exchange, enabled, interval, mode]),
        EXCHANGES.map((id) => [id, true, '1m', 'poll']),
      );
    });

    it('switches an exchange off: it is asked no more', async () => {
      const off = await json<{ enabled: boolean; state: string }>('DELETE /api/v1/exchanges/okx');
      assert.deepEqual([off.enabled, off.state], [false, 'off']);
      await lanesAre(4);
      for (const minute of [1, 2]) {
        await clock.advance(MINUTE_MS);
        for (const id of [...OTHERS, 'kraken']) await slotsDone(id, minute + 1);
      }
      assert.equal(answers('okx'), 1);
    });

    it('switches it on: it is asked at once', async () => {
      await json('POST /api/v1/exchanges', { exchange: 'okx' });
      await lanesAre(5);
      await slotsAre('okx', seconds(0, 2));
    });

    it('changes the pace of one, to each second and back', async () => {
      await json('PATCH /api/v1/exchanges/kraken', { interval: '1s' });
      // Nothing tells when ingest has heard of it but its first slot.
      await eventually(async () => {
        await clock.advance(1_000);
        assert.ok((await slots('kraken')).length > 3);
      });
      await slotsDone('kraken', answers('kraken'));
      for (let second = 0; second < 5; second++) {
        const before = (await slots('kraken')).length;
        await clock.advance(1_000);
        await slotsDone('kraken', before + 1);
      }
      const { interval } = await json<{ interval: string }>('PATCH /api/v1/exchanges/kraken', {
        interval: null,
      });
      assert.equal(interval, '1m');
      const found = await eventually(async () => {
        const list = await slots('kraken');
        assert.equal(list.length, answers('kraken'));
        return list;
      });
      const fast = found.filter((second) => second > 120);
      assert.ok(fast.length >= 6);
      // One that came while the one before was on its way is left out: the clock runs fast here.
      for (const second of fast) assert.equal(second % 1, 0);
      assert.ok(fast.some((second, index) => second === (fast[index - 1] ?? 0) + 1));
      // Until ingest has heard of it, and then no more within this minute.
      await eventually(async () => {
        const before = answers('kraken');
        await clock.advance(1_000);
        await systemClock.sleep(50);
        assert.equal(answers('kraken'), before);
      });
    });

    it('lets everybody else keep every slot', async () => {
      const minute = slotAt(clock.nowMs(), MINUTE_MS);
      await clock.advance(minute + MINUTE_MS + SETTLED_MS - clock.nowMs());
      const last = (minute + MINUTE_MS - startMs) / MINUTE_MS;
      const every = seconds(...Array.from({ length: last + 1 }, (_, index) => index));
      for (const id of OTHERS) await slotsAre(id, every);
      await slotsAre(
        'okx',
        every.filter((second) => second !== 60),
      );
      const metrics = await fetch(`${apps.at(-1)!.url}/metrics`);
      // The clock runs faster than the one that was asked each second can answer.
      const skipped = /^tidemark_price_slots_skipped_total\{(?!.*"kraken").*[1-9]$/m;
      assert.doesNotMatch(await metrics.text(), skipped);
    });

    let metric: Metric;
    const pricesOf = async (pair: string) => {
      const { prices } = await json<{ prices: { time: string; exchange: string }[] }>(
        `GET /${pair}?duration=2h`,
      );
      return prices.filter(({ exchange }) => exchange === 'bitfinex').length;
    };

    it('switches a pair off: no point of it from the next slot on, what is stored stays', async () => {
      [metric] = (await json<Metric[]>('GET /api/v1/metrics?pair=q00usd')) as [Metric];
      assert.equal(metric.pair, 'Q00/USD');
      assert.equal((await call(`DELETE /api/v1/metrics/${metric.id}`)).status, 204);
      const stored = await eventually(async () => {
        const [off, on] = await Promise.all([pricesOf('q00usd'), pricesOf('q01usd')]);
        assert.equal(off, on);
        return on;
      });
      // Several slots, the last of which are after ingest has heard of it.
      await eventually(async () => {
        await clock.advance(MINUTE_MS);
        const { dropped } = await json<{ dropped: Record<string, number> }>(
          'GET /api/v1/exchanges/bitfinex',
        );
        assert.equal(dropped['switched-off'], 1);
      });
      const before = await pricesOf('q00usd');
      assert.ok(before >= stored);
      const done = (await slots('bitfinex')).length;
      await clock.advance(MINUTE_MS);
      await slotsDone('bitfinex', done + 1);
      await eventually(async () => assert.ok((await pricesOf('q01usd')) > before));
      assert.equal(await pricesOf('q00usd'), before);
      assert.deepEqual(await json('GET /api/v1/metrics?pair=q00usd'), []);
    });

    it('keeps it all over a restart', async () => {
      await json('DELETE /api/v1/exchanges/okx');
      await lanesAre(4);
      await json('PATCH /api/v1/exchanges/kraken', { interval: '30s' });
      await stop();
      assert.equal(clock.waiting, 0);
      const [before, okx] = [answers('bitfinex'), answers('okx')];
      await start();
      await lanesAre(4);
      await eventually(() => assert.equal(answers('bitfinex'), before + 1));
      assert.equal(answers('okx'), okx);
      const kraken = await json<{ interval: string }>('GET /api/v1/exchanges/kraken');
      assert.equal(kraken.interval, '30s');
      assert.equal((await call(`GET /api/v1/metrics/${metric.id}`)).status, 404);
    });

    it('brings the pair back under its number', async () => {
      const before = await pricesOf('q00usd');
      const answer = await call('POST /api/v1/metrics', { pair: 'Q00/USD' });
      assert.equal(answer.status, 201);
      assert.equal(((await answer.json()) as Metric).id, metric.id);
      await eventually(async () => {
        await clock.advance(MINUTE_MS);
        assert.ok((await pricesOf('q00usd')) > before);
      });
    });

    it('answers with the records of a metric', async () => {
      const [price] = await json<Metric[]>('GET /api/v1/metrics?pair=q01usd&metric=price');
      const records = await eventually(async () => {
        const found = await json<{ timestamp: string; value: number }[]>(
          `GET /api/v1/metrics/${price!.id}/records`,
        );
        assert.ok(found.length > 3);
        return found;
      });
      const sorted = [...records].sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
      assert.deepEqual(records, sorted);
      assert.ok(records.every(({ timestamp }) => /T\d\d:\d\d:00Z$/.test(timestamp)));
    });
  });
}
