/**
 * The whole of Tidemark, as a newcomer would picture it: exchanges answer, the pipeline records
 * some minutes of them, the ranks are computed, and `GET /btcusd` gives back what was recorded.
 * Once on the embedded engine, once on a real InfluxDB.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type App, startApp } from '../../app/start.ts';
import { type Clock, slotAt, systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { silentLog } from '../../core/log.ts';
import { ManualClock } from '../helpers/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';
import { haveRecordings, recordings } from '../helpers/recordings.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const MINUTE_MS = 60_000;
const MINUTES = 5;

interface Prices {
  readonly pair: string;
  readonly rank: string | null;
  readonly duration: string;
  readonly prices: readonly { price: number; time: string; exchange: string }[];
}

/** What Kraken's own JSON says the last price of BTC/USD was: read apart from the adapter. */
function krakenBtcUsd(body: string): number {
  return Number((JSON.parse(body) as KrakenBody).result['BTC/USD']!.c[0]);
}

interface KrakenBody {
  readonly result: Record<string, { readonly c: readonly string[] }>;
}

/** Markets of these answers that count: spot books (no colon, no dark pool) with a price. */
function krakenMarkets(bodies: readonly string[]): number {
  const rows = bodies.flatMap((body) => Object.entries((JSON.parse(body) as KrakenBody).result));
  const counted = rows.filter(
    ([symbol, row]) => /^[^:/]+\/[^:/]+$/.test(symbol) && Number(row.c?.[0]) > 0,
  );
  return new Set(counted.map(([symbol]) => symbol)).size;
}

interface Store {
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  'the embedded engine': async () => ({ settings: {}, stop: async () => {} }),
  'real InfluxDB': async () => {
    const influxd = await startInfluxd();
    const settings = { INFLUX_URL: influxd.url, INFLUX_TOKEN: influxd.token };
    return { settings, stop: influxd.stop };
  },
};

for (const [name, startStore] of Object.entries(stores)) {
  const skip =
    name === 'real InfluxDB' && influxdPath() === undefined
      ? 'no influxd: run `make influxd` first'
      : false;

  describe(`prices from exchange to API on ${name}`, { skip }, () => {
    const recorded = recordings();
    const kraken = recorded.find(({ exchange }) => exchange === 'kraken')!;
    // The first slot is of the recent past, so that the range of the API covers them all; the clock
    // stands some seconds behind it, when every exchange of that slot has had its turn.
    const firstSlotMs = slotAt(Date.now(), MINUTE_MS) - (MINUTES + 2) * MINUTE_MS;
    const clock = new ManualClock(firstSlotMs + 10_000);
    // Slots come when the test says so; time-outs and ages of caches are the real ones.
    const slotClock: Clock = { ...systemClock, nowMs: () => clock.nowMs() };
    const upstreams: Upstream[] = [];
    let dir: string;
    let store: Store;
    let app: App;

    const get = async (path: string) => {
      const answer = await fetch(`${app.url}${path}`);
      assert.equal(answer.status, 200, await answer.clone().text());
      return answer;
    };
    const prices = async (path: string) => (await (await get(path)).json()) as Prices;

    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'tidemark-e2e-'));
      store = await startStore();
      const settings: Record<string, string> = { EXCHANGES: '', DATA_DIR: dir };
      for (const { exchange, path, bodies } of recorded) {
        const upstream = await startUpstream();
        upstream.set(path, ...bodies.map((body) => ({ body, gzip: true })));
        upstreams.push(upstream);
        settings[`EXCHANGE_${exchange.toUpperCase()}_URL`] = upstream.url;
      }
      settings.EXCHANGES = recorded.map(({ exchange }) => exchange).join(',');
      const places = { PORT: '0', INFLUX_PORT: '0', BACKFILL: 'off' };
      const config = readConfig({ ...settings, ...store.settings, ...places });
      app = await startApp(config, {
        roles: new Set(['api', 'prices', 'tasks']),
        clock: slotClock,
        log: silentLog,
        timer: clock.timer,
      });
      for (let minute = 1; minute < MINUTES; minute++) {
        await everyExchangeHas(firstSlotMs + (minute - 1) * MINUTE_MS);
        await clock.advance(MINUTE_MS);
      }
      await everyExchangeHas(firstSlotMs + (MINUTES - 1) * MINUTE_MS);
    });

    after(async () => {
      await app?.close();
      await Promise.all(upstreams.map((upstream) => upstream.close()));
      await store?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    /** Waits until each exchange's newest price in the store is of this slot. */
    async function everyExchangeHas(slotMs: number): Promise<void> {
      await eventually(async () => {
        for (const { exchange } of recorded) {
          const { prices: rows } = await prices(`/btcusd?duration=1h&exchange=${exchange}`);
          assert.equal(rows.at(-1)?.time, new Date(slotMs).toISOString(), exchange);
        }
      });
    }

    it(`gives back what ${haveRecordings ? 'was really recorded' : 'the fixtures hold'}`, async () => {
      const answer = await prices('/btcusd?duration=-1h&exchange=kraken');
      const polled = Array.from({ length: MINUTES }, (_, minute) => {
        const body = kraken.bodies[Math.min(minute, kraken.bodies.length - 1)]!;
        const time = new Date(firstSlotMs + minute * MINUTE_MS).toISOString();
        return { price: krakenBtcUsd(body), time, exchange: 'kraken' };
      });
      assert.equal(answer.pair, 'btcusd');
      assert.equal(answer.duration, '-1h');
      assert.deepEqual(answer.prices, polled);
    });

    it('orders the prices of all exchanges by exchange, then time', async () => {
      const { prices: rows } = await prices('/BTC/USD?duration=1h');
      const names = [...new Set(rows.map(({ exchange }) => exchange))];
      assert.deepEqual(names, ['bitfinex', 'bitstamp', 'kraken']);
      assert.equal(rows.length, 3 * MINUTES);
      const keys = rows.map(({ exchange, time }) => `${exchange} ${time}`);
      assert.deepEqual(keys, [...keys].sort());
    });

    it('ranks every market, by the same tasks that run each minute', async () => {
      const tasks = await app.influx.tasks.list();
      // Now, not at a slot of the past: the newest rank counts, and a minute of the real clock may
      // have begun while the prices were still coming in.
      for (const task of tasks) await app.influx.tasks.startRun(task.id);
      await eventually(async () => {
        const { rank } = await prices('/btcusd?duration=-1h&exchange=kraken');
        const [position, of] = (rank ?? '').split('/').map(Number);
        assert.equal(of, krakenMarkets(kraken.bodies), `rank ${rank}`);
        assert.ok(position! >= 1 && position! <= of!);
        const all = await prices('/btcusd');
        assert.match(all.rank ?? '', /^\d+\/\d+$/);
        // Prices that came after their step was rolled up are made good within some seconds.
      }, 60_000);
    });

    it('says how every exchange does', async () => {
      const { items } = (await (await get('/api/v1/exchanges')).json()) as {
        items: { exchange: string; state: string; rows: number }[];
      };
      assert.deepEqual(
        items.map(({ exchange, state }) => [exchange, state]),
        [
          ['bitfinex', 'ok'],
          ['bitstamp', 'ok'],
          ['kraken', 'ok'],
        ],
      );
    });

    it('loses an exchange that talks nonsense, and nothing else', async () => {
      const index = recorded.findIndex(({ exchange }) => exchange === 'bitstamp');
      upstreams[index]!.set(recorded[index]!.path, {
        headers: { 'content-type': 'text/html' },
        body: '<html>maintenance</html>',
      });
      await clock.advance(MINUTE_MS);
      const slot = new Date(firstSlotMs + MINUTES * MINUTE_MS).toISOString();
      await eventually(async () => {
        const { prices: rows } = await prices('/btcusd?duration=1h');
        const newest = rows.filter(({ time }) => time === slot).map(({ exchange }) => exchange);
        assert.deepEqual(newest, ['bitfinex', 'kraken']);
        const { items } = (await (await get('/api/v1/exchanges')).json()) as {
          items: { exchange: string; state: string; error: string | null }[];
        };
        const bitstamp = items.find(({ exchange }) => exchange === 'bitstamp');
        assert.equal(bitstamp?.state, 'failing');
        assert.match(bitstamp?.error ?? '', /html/i);
      });
    });
  });
}
