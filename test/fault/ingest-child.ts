/**
 * The price ingest alone, until it is killed: polls, spool, posts, with a registry that lives in
 * the names themselves. Each poll that is on disk is said on a line of stdout. Arguments: directory
 * of the spool, target as JSON, base URL of all exchanges.
 */
import { systemClock as clock } from '../../core/clock.ts';
import { createHttp } from '../../core/http.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { createLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import { pairOf } from '../../core/pair.ts';
import { createIngestMetrics } from '../../ingest/metrics.ts';
import { chooseExchanges } from '../../ingest/prices/exchanges/list.ts';
import { startPrices } from '../../ingest/prices/start.ts';
import { createThreadParser } from '../../ingest/prices/thread-parser.ts';
import { cronerTimer } from '../../ingest/slots.ts';
import { createWriter } from '../../ingest/writer/writer.ts';
import { EXCHANGES } from './numbered-exchanges.ts';

const [dir = '', target = '{}', baseUrl = ''] = process.argv.slice(2);
const log = createLog('debug');
const influx = createInflux({ ...JSON.parse(target), timeoutMs: 10_000, clock });
const writer = await createWriter({
  ...{ dir, target: influx, clock, random: Math.random, log },
  limits: { backoff: { baseMs: 5, maxMs: 50 } },
});
const urls = Object.fromEntries(EXCHANGES.map((id) => [id, baseUrl]));
startPrices({
  choices: {
    lanes: chooseExchanges({ ids: EXCHANGES, urls }).map((exchange) => ({
      ...exchange,
      ...{ intervalMs: 1_000, mode: 'poll' as const },
    })),
    offPairs: new Set(),
  },
  http: createHttp({ clock, version: 'test' }),
  parser: createThreadParser({ clock, log }),
  sink: writer,
  ensureMarkets: async (_, list) =>
    list.map(({ symbol, base, quote }) => ({ symbol, pair: pairOf(base, quote) })),
  saveState: async () => undefined,
  clock,
  timer: cronerTimer(clock),
  log,
  metrics: createIngestMetrics(createMetrics({ processMetrics: false })),
});
