/**
 * From a price that jumps to the receiver of a webhook: exchange -> spool -> store -> Flux task ->
 * evaluator -> registry -> dispatcher, in one process. Once on the embedded engine and PGlite, once
 * on a real InfluxDB and PostgreSQL.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type App, startApp } from '../../app/start.ts';
import { systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { silentLog } from '../../core/log.ts';
import { books } from '../../demo/books/list.ts';
import type { Market } from '../../demo/market.ts';
import { eventually } from '../helpers/eventually.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';
import { type Received, Receiver } from '../helpers/receiver.ts';
import { startPostgres, whyNoPostgres } from '../helpers/registry.ts';

const EVERY_MS = 10_000;
const WAIT_MS = 120_000;
const RULES = ['ratio-price-above-3-1h', 'ratio-price-above-5-1h'];

interface Store {
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const stores: Readonly<Record<string, { skip?: string | undefined; start(): Promise<Store> }>> = {
  'the embedded engine and PGlite': {
    start: async () => ({ settings: {}, stop: async () => {} }),
  },
  'real InfluxDB and PostgreSQL': {
    skip: influxdPath() === undefined ? 'no influxd: run `make influxd` first' : whyNoPostgres(),
    async start() {
      const [influxd, postgres] = await Promise.all([startInfluxd(), startPostgres()]);
      const settings = {
        INFLUX_URL: influxd.url,
        INFLUX_TOKEN: influxd.token,
        DATABASE_URL: await postgres.createDatabase(),
      };
      return {
        settings,
        stop: async () => void (await Promise.all([influxd.stop(), postgres.stop()])),
      };
    },
  },
};

/** Kraken, with two markets: what they cost is up to the test. */
class Exchange {
  readonly prices: Record<string, number> = { btc: 100, eth: 50 };
  readonly #server: Server;

  constructor() {
    const market: Market = {
      pairs: () => [],
      bars: () => [],
      quotes: () =>
        Object.entries(this.prices).map(([base, price]) => ({
          ...{ base, quote: 'usd', last: `${price}`, bid: `${price}`, ask: `${price}` },
          ...{ volume: '7', average: `${price}`, quoteVolume: '7', timeMs: 0 },
        })),
    };
    this.#server = createServer((request, response) => {
      const answer = books.kraken?.answers[request.url ?? ''];
      response.setHeader('content-type', 'application/json');
      response.end(answer?.(market, Date.now()) ?? '{}');
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

interface Made {
  readonly id: number;
  readonly secret: string;
}

interface Message {
  readonly type: string;
  readonly data: {
    readonly alert: { readonly id: number };
    readonly series: { readonly key: string };
    readonly value: number;
    readonly average: number;
    readonly samples: number;
    readonly late: boolean;
    readonly time: string;
    readonly recent: readonly (readonly [string, number])[];
    readonly flux: string;
  };
}

for (const [name, { skip, start }] of Object.entries(stores)) {
  describe(`a price that jumps, on ${name}`, { skip: skip ?? false }, () => {
    const exchange = new Exchange();
    const receivedMs = new Map<Received, number>();
    let receiver: Receiver;
    let dir: string;
    let store: Store;
    let app: App;
    let first: Made;

    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'tidemark-alerts-'));
      receiver = await Receiver.start();
      receiver.answer = (response, received) => {
        receivedMs.set(received, Date.now());
        response.end();
      };
      store = await start();
      const config = readConfig({
        ...store.settings,
        ...{ DATA_DIR: dir, PORT: '0', INFLUX_PORT: '0', BACKFILL: 'off', EXCHANGES: 'kraken' },
        EXCHANGE_KRAKEN_URL: await exchange.listen(),
        ALLOW_PRIVATE_TARGETS: receiver.place,
        ...{
          PRICE_INTERVAL: '10s',
          ALERT_INTERVAL: '10s',
          PUBLIC_URL: 'https://tidemark.example/',
        },
      });
      const roles = new Set(['api', 'prices', 'tasks', 'alerts'] as const);
      app = await startApp(config, { roles, clock: systemClock, log: silentLog });
      await writeHistory();
    });

    after(async () => {
      await app?.close();
      await exchange.close();
      await receiver?.close();
      await store?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    /** An hour of prices that did not move, but for the newest minute. */
    async function writeHistory(): Promise<void> {
      const nowMs = Math.floor(Date.now() / EVERY_MS) * EVERY_MS;
      const lines = Array.from({ length: 58 }, (_, minute) => {
        const ns = `${nowMs - (minute + 2) * 60_000}000000`;
        const line = (pair: string, price: number) =>
          `price,exchange=kraken,pair=${pair} price=${price} ${ns}\n`;
        return line('btcusd', 100) + line('ethusd', 50);
      });
      const { status } = await app.influx.write(lines.join(''), { gzip: false });
      assert.equal(status, 204);
    }

    const subscribe = async (path: string, more: object = {}): Promise<Made> => {
      const answer = await fetch(`${app.url}/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ webhook: `${receiver.url}${path}`, ...more }),
      });
      assert.equal(answer.status, 201, await answer.clone().text());
      return (await answer.json()) as Made;
    };
    const messagesOf = (path: string) =>
      receiver.received
        .filter((one) => one.path === path)
        .map((one) => ({ one, message: JSON.parse(one.body) as Message }));
    const alertsOf = (path: string) =>
      messagesOf(path).filter(({ message }) => message.type !== 'channel.confirm');
    const evaluated = async (): Promise<number> => {
      const text = await (await fetch(`${app.url}/metrics`)).text();
      const counts = [...text.matchAll(/^tidemark_alert_steps_total\{.*\} (\d+)$/gm)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    };

    it('is waited for by a Flux task for each rule, and by confirmed receivers', async () => {
      first = await subscribe('/three');
      await subscribe('/five', { factor: 5 });
      assert.match(first.secret, /^whsec_/);
      await eventually(async () => {
        const names = (await app.influx.tasks.list()).map((task) => task.name);
        for (const rule of RULES) assert.ok(names.includes(`tidemark: alert-${rule}`), rule);
        assert.equal(messagesOf('/three').length, 1);
        assert.equal(messagesOf('/five').length, 1);
      }, WAIT_MS);
    });

    it('is told by one signed message, within the interval and five seconds', async () => {
      exchange.prices.btc = 400;
      const [{ one, message }] = (await eventually(() => {
        const found = alertsOf('/three');
        assert.ok(found.length > 0);
        return found;
      }, WAIT_MS)) as [ReturnType<typeof alertsOf>[0]];
      const { data } = message;
      assert.deepEqual(
        [message.type, data.series.key, data.alert.id, data.value, data.late],
        ['alert.fired', 'price:kraken:btcusd', first.id, 400, false],
      );
      assert.ok(data.average < 400 / 3 && data.samples >= 10, one.body);
      assert.deepEqual(data.recent.at(-1), [data.time, 400]);
      const verified = new Webhook(first.secret).verify(one.body, one.headers as never);
      assert.deepEqual(verified, message);
      const tookMs = receivedMs.get(one)! - Date.parse(data.time);
      assert.ok(tookMs <= EVERY_MS + 5_000, `${tookMs} ms after the point`);
    });

    it('is found again by the script of the message', async () => {
      const { data } = alertsOf('/three')[0]!.message;
      const rows = await app.influx.collect(data.flux, { _value: 'text' });
      assert.ok(
        rows.some(({ _value }) => Number(_value) === 400),
        data.flux,
      );
    });

    it('is told once, and to nobody who asked for more', async () => {
      const before = await evaluated();
      // Three more steps of each rule, that of the canary included.
      await eventually(async () => assert.ok((await evaluated()) >= before + 9), WAIT_MS);
      assert.equal(alertsOf('/three').length, 1);
      assert.deepEqual(alertsOf('/five'), []);
      const events = await (await fetch(`${app.url}/alerts/${first.id}/events`)).json();
      assert.equal((events as { items: unknown[] }).items.length, 1, JSON.stringify(events));
    });

    it('leaves everything ready', async () => {
      const ready = await fetch(`${app.url}/readyz`);
      assert.equal(ready.status, 200, await ready.text());
    });
  });
}
