import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { TidemarkError } from '../../core/errors.ts';
import { roles } from '../roles.ts';
import type { Command } from './command.ts';
import { openScreen, plainLine } from './screen.ts';
import { describe, runUntilStopped, startShown } from './start.ts';

const INTERVAL_MS = 5_000;
/** Some history to look at; a whole day of every exchange would keep a small machine busy. */
const HISTORY_MS = 3_600_000;

export const demo: Command = {
  name: 'demo',
  summary: 'the whole of it without a network, against a small market on loopback',
  help: `tidemark demo [--seed N]

Starts a small market on loopback (exchanges with their real paths and shapes, some hundreds of
pairs that move, feeds and pages) and records it every 5 s into a data directory of its own
(DATA_DIR-demo).

  --seed N   another market (default 1); the same seed gives the same prices at the same times

EXCHANGES chooses some of its exchanges, which is easier on a small machine.

Examples:
  tidemark demo
  EXCHANGES=kraken,bitfinex PORT=9001 tidemark demo --seed 7`,
  options: { seed: { type: 'string', default: '1' } },
  positionalsMax: 0,
  async run({ config, options, print, signal }) {
    const seed = readSeed(String(options.seed));
    const { startDemoMarket, watchDemoSite } = await parts();
    const market = await startDemoMarket({ host: '127.0.0.1', port: 0, seed, clock: systemClock });
    try {
      const demoConfig: Config = {
        ...config,
        dataDir: `${config.dataDir.replace(/\/+$/, '')}-demo`,
        exchanges: chosen(market.urls, config.exchanges),
        exchangeUrls: market.urls,
        streamUrls: market.streamUrls,
        priceIntervalMs: INTERVAL_MS,
        allowPrivateTargets: [...config.allowPrivateTargets, new URL(market.siteUrl).host],
        backfillMs: Math.min(config.backfillMs, HISTORY_MS),
        logLevel: config.logLevel === 'info' ? 'warn' : config.logLevel,
      };
      const screen = openScreen(demoConfig, plainLine);
      const app = await startShown(demoConfig, new Set(roles), screen);
      const writer = config.apiKeys.find(({ role }) => role !== 'read');
      await watchDemoSite(app.url, market, writer?.secret);
      print(describe(app, demoConfig));
      print(`Also:  curl '${app.url}/articles?matched=true'   curl '${app.url}/monitors'\n`);
      await runUntilStopped(app, { signal, print });
    } finally {
      await market.close();
    }
    return 0;
  },
};

/** @throws TidemarkError `invalid` */
function readSeed(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new TidemarkError('invalid', `demo: --seed is "${text}"`, {
    details: { expected: 'a whole number from 1 to 999999999' },
  });
}

/** Loaded when they are started: other commands, and help, do not wait for them. */
async function parts() {
  const [{ startDemoMarket }, { watchDemoSite }] = await Promise.all([
    import('../../demo/start.ts'),
    import('../demo-site.ts'),
  ]);
  return { startDemoMarket, watchDemoSite };
}

/** Those of the market that EXCHANGES names; without it, all. */
function chosen(urls: object, wanted: Config['exchanges']): readonly string[] {
  const known = Object.keys(urls);
  const unknown = (wanted ?? []).filter((id) => !known.includes(id));
  if (unknown.length === 0) return wanted ?? known;
  throw new TidemarkError('invalid', `EXCHANGES: the demo has no ${unknown.join(', ')}`, {
    details: { expected: known },
  });
}
