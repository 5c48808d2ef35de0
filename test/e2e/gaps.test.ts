/** Gaps of a start and of an outage, filled by the whole of it: what was missed is as if polled. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type App, startApp } from '../../app/start.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { silentLog } from '../../core/log.ts';
import { createMarket } from '../../demo/market.ts';
import { type DemoMarket, startDemoMarket } from '../../demo/start.ts';
import { eventually } from '../helpers/eventually.ts';

const MINUTE_MS = 60_000;
const HOUR = 60;
/** Short waits pass this much faster than time; deadlines keep theirs, for busy machines. */
const FAST = 5;
const DEADLINE_MS = 10_000;
const fast: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs() * FAST,
  sleep: (ms, signal) => systemClock.sleep(ms < DEADLINE_MS ? ms / FAST : ms, signal),
};

describe('a start with nothing stored', () => {
  let market: DemoMarket;
  let dir: string;
  let app: App;

  before(async () => {
    market = await startDemoMarket({ host: '127.0.0.1', port: 0, seed: 3, clock: systemClock });
    dir = await mkdtemp(join(tmpdir(), 'tidemark-gaps-'));
    const config = readConfig({
      ...{ DATA_DIR: dir, PORT: '0', INFLUX_PORT: '0', EXCHANGES: 'okx', BACKFILL: '1h' },
      EXCHANGE_OKX_URL: market.urls.okx!,
    });
    const roles = new Set(['api', 'prices'] as const);
    app = await startApp(config, { roles, clock: fast, log: silentLog });
  });
  after(async () => {
    await app?.close();
    await market?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('has the last hour of its exchanges soon, as polls would have found it', async () => {
    const answer = await eventually(async () => {
      const response = await fetch(`${app.url}/api/v1/backfills`);
      const { items } = (await response.json()) as { items: { exchanges: { done: number }[] }[] };
      assert.ok((items[0]?.exchanges[0]?.done ?? 0) >= 3, JSON.stringify(items));
      return items[0] as unknown as { cause: string; from: string; to: string };
    }, 60_000);
    assert.equal(answer.cause, 'gap');
    const [fromMs, toMs] = [Date.parse(answer.from), Date.parse(answer.to)];
    assert.ok((toMs - fromMs) / MINUTE_MS >= HOUR - 4);
    const played = createMarket({ seed: 3, pairsPerExchange: 120 });
    const stored = await eventually(() => pricesOf('btcusdt', (toMs - fromMs) / MINUTE_MS - 1));
    const missing: string[] = [];
    for (const { timeMs, price } of stored.filter(({ timeMs }) => timeMs % MINUTE_MS === 0)) {
      if (timeMs >= toMs) continue;
      const quote = played
        .quotes('okx', timeMs)
        .find(({ base, quote }) => `${base}${quote}`.toLowerCase() === 'btcusdt');
      if (Number(quote?.last) !== price) missing.push(`${timeMs}: ${price}, not ${quote?.last}`);
    }
    assert.deepEqual(missing, []);
  });

  async function pricesOf(pair: string, atLeast: number) {
    const response = await fetch(`${app.url}/${pair}?exchange=okx&duration=2h`);
    const { prices } = (await response.json()) as { prices: { time: string; price: number }[] };
    assert.ok(prices.length >= atLeast, `${prices.length} of ${atLeast}`);
    return prices.map(({ time, price }) => ({ timeMs: Date.parse(time), price }));
  }
});
