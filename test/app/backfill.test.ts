/** `tidemark backfill` as its users have it, against the demo market. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readTime, readWish } from '../../app/commands/backfill.ts';
import { systemClock } from '../../core/clock.ts';
import { isCode } from '../../core/errors.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { type DemoMarket, startDemoMarket } from '../../demo/start.ts';
import { startEngine } from '../../embedded/engine.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';
import { launch, runToEnd, type Settings, startTidemark, withDataDir } from '../helpers/process.ts';

const MINUTE_MS = 60_000;
const NOW = Date.UTC(2026, 9, 2, 12, 0, 30);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16).concat('Z');
const toMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
const fromMs = toMs - 120 * MINUTE_MS;
const PAIRS = 'btcusdt,ethusdt,solusdt,xrpusdt,btcusdc,ethusdc,solusdc,xrpusdc';
const RANGE = ['--from', iso(fromMs), '--to', iso(toMs)];
const BINANCE = ['backfill', '--exchange', 'binance', ...RANGE];

interface Store {
  /** Of a run of its own. */
  settings(run: string): Settings;
  prices(dir: string, run: string): Promise<string[]>;
  stop(): Promise<void>;
}

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  embedded: async () => ({
    settings: () => ({}),
    prices: (dir) => pricesIn(dir),
    stop: async () => undefined,
  }),
  async influxd() {
    const { url, token, stop } = await startInfluxd();
    return {
      settings: (run) => ({ INFLUX_URL: url, INFLUX_TOKEN: token, INFLUX_BUCKET: run }),
      prices: (_dir, run) => pricesOf(url, token, run),
      stop,
    };
  },
};

async function withStore(
  open: () => Promise<Store>,
  use: (store: Store) => Promise<void>,
): Promise<void> {
  const store = await open();
  try {
    await use(store);
  } finally {
    await store.stop();
  }
}

describe('tidemark backfill', () => {
  let market: DemoMarket;
  const settings = (dir: string, more: object = {}) => ({
    ...{ DATA_DIR: dir, EXCHANGE_BINANCE_URL: market.urls.binance!, BACKFILL: 'off' },
    ...{ EXCHANGES: 'binance', LOG_LEVEL: 'warn', PORT: '1' },
    ...more,
  });

  before(async () => {
    market = await startDemoMarket({ host: '127.0.0.1', port: 0, seed: 7, clock: systemClock });
  });
  after(() => market?.close());

  for (const [name, open] of Object.entries(stores)) {
    const skip = name === 'influxd' && influxdPath() === undefined && 'no influxd: `make influxd`';
    it(`killed and run again gives what one run gives; once more, nothing: ${name}`, {
      skip,
    }, async () => {
      const args = [...BINANCE, '--pair', PAIRS];
      await withStore(open, async (store) => {
        const wanted = await withDataDir(async (dir) => {
          const whole = { ...settings(dir), ...store.settings('whole') };
          const { code, stdout, stderr } = await runToEnd({ args, settings: whole });
          assert.equal(code, 0, stderr);
          assert.match(stdout, /No Tidemark answers on port 1: the work is done here\./);
          assert.match(stdout, /Done: 9\d\d points from 8 requests\./);
          assert.match(stderr, /\[#{24}\] 100\.0 %/);
          return store.prices(dir, 'whole');
        });
        assert.ok(wanted.length > 900, `${wanted.length} fields`);
        await withDataDir(async (dir) => {
          const mine = { ...settings(dir), ...store.settings('killed') };
          const before = await runAndKill([...args, '--json'], mine);
          assert.ok(before > 0 && before < 900, `${before} points before the kill`);
          const second = await runToEnd({ args, settings: mine });
          assert.equal(second.code, 0, second.stderr);
          assert.match(second.stdout, /Going on with backfill 1\./);
          assert.deepEqual(await store.prices(dir, 'killed'), wanted);
          const third = await runToEnd({ args, settings: mine });
          assert.match(third.stdout, /Done: 0 points from 0 requests\./);
          assert.deepEqual(await store.prices(dir, 'killed'), wanted);
        });
      });
    });
  }

  it('stopped by Ctrl-C says how to go on', async () => {
    await withDataDir(async (dir) => {
      let told = 0;
      const child = launch({
        args: BINANCE,
        settings: settings(dir),
        onLine: () => {
          told += 1;
          // The plan is told: work begins.
          if (told === 2) void child.kill('SIGINT');
        },
      });
      const { code, stdout } = await child.ended;
      assert.equal(code, 130, stdout);
      assert.match(stdout, /Stopped: .* are kept\. The same command goes on from here\.\n$/);
    });
  });

  it('only tells what it would ask with --dry-run, and what is wrong otherwise', async () => {
    await withDataDir(async (dir) => {
      const run = (...args: string[]) => runToEnd({ args, settings: settings(dir) });
      const dry = await run(...BINANCE, '--pair', 'BTC/USDT', '--dry-run');
      const plan = `${iso(fromMs)} to ${iso(toMs)}: 1 market, at most 1 request and `;
      assert.ok(dry.stdout.includes(plan), dry.stdout);
      const neither = await run('backfill', '--from', '1h');
      assert.equal(neither.code, 64);
      assert.match(neither.stderr, /expected --exchange, --pair, or both/);
    });
  });

  it('has the Tidemark that runs do it, which holds the files', async () => {
    await withDataDir(async (dir) => {
      const args = ['start', '--only', 'api,prices'];
      const server = await startTidemark({ args, settings: settings(dir, { PORT: '0' }) });
      try {
        const { port } = new URL(server.url);
        const run = (...more: string[]) =>
          runToEnd({ args: [...BINANCE, ...more], settings: settings(dir, { PORT: port }) });
        const done = await run('--pair', 'btcusdt,ethusdt');
        assert.equal(done.code, 0, done.stderr);
        assert.match(done.stdout, /The Tidemark at http:\/\/127\.0\.0\.1:\d+ does the work\./);
        assert.match(done.stdout, /Done: 2\d\d points from 2 requests\./);
        const elsewhere = await runToEnd({ args: BINANCE, settings: settings(dir) });
        assert.equal(elsewhere.code, 1);
        assert.match(elsewhere.stderr, /in use by.*set HOST and PORT/s);
        const wrong = await run('--pair', 'btcusdtt');
        assert.equal(wrong.code, 1);
        assert.match(
          wrong.stderr,
          /the Tidemark at .*: no such pair there: btcusdtt; is it btcusdt/,
        );
        const nobody = await run('--exchange', 'binanze');
        assert.match(nobody.stderr, /no exchange binanze; is it binance.*expected/);
      } finally {
        await server.kill('SIGTERM');
      }
      assert.ok((await pricesIn(dir)).length >= 238);
    });
  });
});

/** Kills the command as soon as it has written something; how much that was. */
async function runAndKill(args: readonly string[], settings: Settings): Promise<number> {
  let rows = 0;
  const killed = launch({
    ...{ args, settings },
    onLine: (line) => {
      rows = (JSON.parse(line) as { rows: number }).rows;
      if (rows > 0) void killed.kill('SIGKILL');
    },
  });
  assert.equal((await killed.ended).signal, 'SIGKILL');
  return rows;
}

/** Every stored price of the range, field by field. */
async function pricesOf(url: string, token: string, bucket: string): Promise<string[]> {
  const place = { url, token, org: 'tidemark', bucket };
  const influx = createInflux({ ...place, timeoutMs: 60_000, clock: systemClock });
  try {
    const flux = `from(bucket: "${bucket}")
      |> range(start: ${new Date(fromMs).toISOString()}, stop: ${new Date(toMs).toISOString()})
      |> filter(fn: (r) => r._measurement == "price")`;
    const shape = { _time: 'time', _value: 'text', _field: 'string', pair: 'string' } as const;
    const rows = await influx.collect(flux, shape);
    return rows.map((row) => `${row.pair} ${row._field} ${row._time} ${row._value}`).sort();
  } finally {
    await influx.close();
  }
}

/** The same from the files of a process that has ended. */
async function pricesIn(dir: string): Promise<string[]> {
  const place = { dir: join(dir, 'influx'), host: '127.0.0.1', port: 0 };
  const engine = await startEngine({
    org: 'tidemark',
    bucket: 'tidemark',
    ...place,
    log: silentLog,
  });
  try {
    return await pricesOf(engine.url, engine.token, 'tidemark');
  } finally {
    await engine.close();
  }
}

describe('what the command line asks for', () => {
  it('names times as days, moments or lengths back, in whole minutes', () => {
    const read = (text: string) => iso(readTime('--from', text, NOW));
    assert.equal(read('2026-10-01'), '2026-10-01T00:00Z');
    assert.equal(read('2026-10-01T12:30Z'), '2026-10-01T12:30Z');
    assert.equal(read('2026-10-01T12:30:59.5+02:00'), '2026-10-01T10:30Z');
    assert.equal(read('24h'), '2026-10-01T12:00Z');
    assert.equal(read('-90m'), '2026-10-02T10:30Z');
    for (const text of [
      '',
      'now',
      '2026-02-31',
      '2026-02-31T00:00Z',
      '2026-10-01T24:00Z',
      '2026-13-01',
      '2026-10-01T12:30',
      '12',
      '1.5h',
    ]) {
      assert.throws(
        () => readTime('--from', text, NOW),
        (error: unknown) => isCode(error, 'invalid') && error.message.includes(`"${text}"`),
      );
    }
  });

  it('needs an exchange or a pair, and a beginning', () => {
    assert.deepEqual(readWish({ exchange: 'kraken, okx', pair: 'btc/usd', from: '1h' }, NOW), {
      ...{ exchanges: ['kraken', 'okx'], pairs: ['btc/usd'], toMs: undefined },
      fromMs: Math.floor(NOW / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS,
    });
    const wrong = [{ from: '1h' }, { exchange: 'kraken' }, { exchange: ',', from: '1h' }];
    for (const options of wrong) {
      assert.throws(
        () => readWish(options, NOW),
        (error: unknown) => isCode(error, 'invalid'),
      );
    }
  });
});
