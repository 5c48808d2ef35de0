import { randomUUID } from 'node:crypto';
import type { HttpClient } from '../core/http.ts';
import type { Metrics } from '../core/metrics.ts';
import { type BackfillDesk, createDesk } from '../ingest/prices/backfill/desk.ts';
import { createGapFill } from '../ingest/prices/backfill/fill-gaps.ts';
import type { PolledExchange } from '../ingest/prices/backfill/gaps.ts';
import { learnMarkets } from '../ingest/prices/backfill/learn.ts';
import { createBackfillMetrics, noBackfillMetrics } from '../ingest/prices/backfill/metrics.ts';
import { type Backfills, startBackfills } from '../ingest/prices/backfill/service.ts';
import { createStoredPrices } from '../ingest/prices/backfill/stored.ts';
import type { ChosenExchange } from '../ingest/prices/exchanges/list.ts';
import { chooseExchange, exchanges } from '../ingest/prices/exchanges/list.ts';
import type { Pauses } from '../ingest/prices/lane.ts';
import type { Writer } from '../ingest/writer/writer.ts';
import { releaseParts } from '../registry/backfills.ts';
import {
  listExchangeChoices,
  planExchanges,
  readPriceDefaults,
} from '../registry/exchange-choices.ts';
import { ensureMarkets } from '../registry/markets.ts';
import { listOffPairs } from '../registry/metrics.ts';
import type { Base } from './start.ts';

type BackfillBase = Pick<Base, 'config' | 'clock' | 'log' | 'influx' | 'registry'>;

const LEARN_MS_MAX = 20_000;
/** Points that wait for less are younger than any slot that is filled. */
const SETTLED_AGE_MS = 30_000;

/** Where backfills are asked for. The work is done by whoever has the role `prices`. */
export function openDesk(base: BackfillBase, http: HttpClient): BackfillDesk {
  const { config, clock, registry, influx } = base;
  return createDesk({
    database: registry,
    stored: createStoredPrices(influx),
    exchangeOf: async (id) => exchangeOf(base, id),
    exchangeNames: exchanges.map(({ id }) => id),
    offPairs: async () => new Set(await listOffPairs(registry)),
    intervalMsOf: (id) => intervalMsOf(base, id),
    learnMarkets: (exchange) => {
      const options = { http, clock, deadlineMs: LEARN_MS_MAX, ensureMarkets: ensure(base) };
      return learnMarkets(exchange, options, AbortSignal.timeout(LEARN_MS_MAX));
    },
    retentionMs: config.retentionMs,
    nowMs: () => clock.nowMs(),
  });
}

export interface BackfillParts {
  readonly http: HttpClient;
  readonly writer: Writer;
  /** Those of polling. */
  readonly pauses: Pauses;
  /** Ids of the exchanges that are polled here and answer; absent: no gap is looked for. */
  readonly healthy?: () => readonly string[];
  /** The one backfill to work on; absent: all of them. */
  readonly only?: number;
  readonly metrics?: Metrics;
}

/** Works on the backfills of the registry, and on gaps where exchanges are polled. */
export async function openBackfills(base: BackfillBase, parts: BackfillParts): Promise<Backfills> {
  const { config, clock, log, registry, influx } = base;
  const { http, writer, pauses, healthy, only } = parts;
  const stored = createStoredPrices(influx);
  // Its directory is ours alone: what is held was held by a process that was killed.
  if (registry.kind === 'pglite') await releaseParts(registry);
  const polled = async (): Promise<PolledExchange[]> => {
    const found = (healthy?.() ?? []).map(async (id) => {
      const adapter = exchangeOf(base, id)?.adapter;
      return adapter && { adapter, intervalMs: await intervalMsOf(base, id) };
    });
    return (await Promise.all(found)).filter((entry) => entry !== undefined);
  };
  const fillGaps = createGapFill({
    ...{ database: registry, stored, polled, log },
    offPairs: async () => new Set(await listOffPairs(registry)),
    lookbackMs: config.backfillMs,
    retentionMs: config.retentionMs,
    nowMs: () => clock.nowMs(),
  });
  return startBackfills({
    ...{ database: registry, stored, sink: writer, http, pauses, clock, log },
    isSettled: () => {
      const { connected, oldestAgeMs, spoolBytes } = writer.stats();
      return spoolBytes === 0 || (connected && oldestAgeMs <= SETTLED_AGE_MS);
    },
    metrics: parts.metrics ? createBackfillMetrics(parts.metrics) : noBackfillMetrics,
    random: Math.random,
    owner: randomUUID(),
    exchangeOf: async (id) => exchangeOf(base, id),
    ...(only !== undefined && { only }),
    ...(healthy && config.backfillMs > 0 && { gaps: { find: fillGaps, healthy } }),
  });
}

const ensure =
  ({ registry }: BackfillBase) =>
  (exchange: string, list: Parameters<typeof ensureMarkets>[2]) =>
    ensureMarkets(registry, exchange, list);

/** An exchange of the list, at the address that the settings give it. */
function exchangeOf({ config }: BackfillBase, id: string): ChosenExchange | undefined {
  if (!exchanges.some((adapter) => adapter.id === id)) return undefined;
  return chooseExchange(id, config.exchangeUrls);
}

/** How often an exchange is polled: as somebody chose, or by the settings. */
async function intervalMsOf({ config, registry }: BackfillBase, id: string): Promise<number> {
  const [defaults, choices] = [
    await readPriceDefaults(registry),
    await listExchangeChoices(registry),
  ];
  const { priceIntervalMs: intervalMs } = config;
  const settings = defaults ?? { exchanges: [id], intervalMs, mode: 'poll' as const };
  const plan = planExchanges(settings, choices).find(({ exchange }) => exchange === id);
  return plan?.intervalMs ?? settings.intervalMs;
}
