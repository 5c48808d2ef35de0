import type { Log } from '../../../core/log.ts';
import { openBackfill } from '../../../registry/backfills.ts';
import type { Database } from '../../../registry/database.ts';
import { listMarkets, type Market } from '../../../registry/markets.ts';
import { estimate } from './estimate.ts';
import { type ExchangeGap, findGaps, type PolledExchange } from './gaps.ts';
import { byImportance, planMarkets, spanText } from './plan.ts';
import { adapterOf } from './sources.ts';
import type { StoredPrices } from './stored.ts';

export interface GapFillOptions {
  readonly database: Database;
  readonly stored: StoredPrices;
  /** What is polled, and answers: an outage is filled once it is over. */
  readonly polled: () => Promise<readonly PolledExchange[]>;
  /** Pairs whose points are not wanted. */
  readonly offPairs: () => Promise<ReadonlySet<string>>;
  readonly lookbackMs: number;
  readonly retentionMs: number;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Fewer slots than this wait for more: they cost as many requests as hours would. */
const SLOTS_MIN = 5;
const HOUR_MS = 3_600_000;
/** Seen lately enough to be a market of the time that is looked at. */
const SEEN_MS = 2 * HOUR_MS;

/**
 * Looks for slots at which an exchange was not heard and asks for its candles: at once after an
 * outage, hourly for single slots.
 */
export function createGapFill(options: GapFillOptions): () => Promise<void> {
  const { database, stored, lookbackMs, retentionMs, log } = options;
  const lastMs = new Map<string, number>();

  const isDue = ({ exchange, range, slots }: ExchangeGap, nowMs: number): boolean => {
    const last = lastMs.get(exchange);
    if (last === undefined) return true;
    if (nowMs - last >= HOUR_MS) return true;
    // A new outage does not wait for the hour; what was just tried in vain does.
    return slots >= SLOTS_MIN && range.fromMs >= last;
  };
  return async () => {
    const nowMs = options.nowMs();
    const polled = await options.polled();
    if (polled.length === 0) return;
    const off = await options.offPairs();
    const markets = (await listMarkets(database)).filter(
      (market) =>
        market.lastSeenMs >= nowMs - lookbackMs - SEEN_MS &&
        !off.has(market.pair) &&
        adapterOf(market) === market.exchange,
    );
    const search = { registry: database, stored, nowMs, lookbackMs, retentionMs };
    for (const gap of await findGaps(polled, markets, search)) {
      const { adapter } = polled.find((entry) => entry.adapter.id === gap.exchange)!;
      if (!isDue(gap, nowMs)) continue;
      lastMs.set(gap.exchange, nowMs);
      const planned = planMarkets(await inOrder(gap.exchange, markets, stored), {
        ...{ adapter, retentionMs, nowMs },
        range: gap.range,
        stepMs: gap.stepMs,
      });
      if (planned.markets.length === 0) continue;
      const { id } = await openBackfill(database, {
        key: `gap ${gap.exchange} ${gap.range.fromMs} ${gap.range.toMs}`,
        cause: 'gap',
        range: gap.range,
        ...planned,
      });
      const cost = estimate(planned.markets, () => adapter);
      const ids = { exchange: gap.exchange, backfill: id, slots: gap.slots, ...timesOf(gap) };
      const most = { markets: cost.markets, requests: cost.requests };
      log.info({ ...ids, ...most, atMost: spanText(cost.durationMs) }, 'a gap is being filled');
    }
  };
}

function timesOf({ range }: ExchangeGap): { from: string; to: string } {
  return { from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString() };
}

async function inOrder(
  exchange: string,
  markets: readonly Market[],
  stored: StoredPrices,
): Promise<readonly Market[]> {
  const own = markets.filter((market) => market.exchange === exchange);
  return byImportance(own, await stored.volumes(exchange));
}
