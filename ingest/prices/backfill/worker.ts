import { messageOf } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import type { PointSink } from '../../../core/point.ts';
import {
  type BackfillPart,
  claimPart,
  failAdapter,
  failPart,
  releaseParts,
  savePart,
} from '../../../registry/backfills.ts';
import type { Database } from '../../../registry/database.ts';
import type { CandleSource, MarketRef, TimeRange } from '../adapter.ts';
import type { ChosenExchange } from '../exchanges/list.ts';
import { isPowerOfTwo } from '../lane-state.ts';
import { Refusal } from '../refusal.ts';
import type { BackfillMetrics } from './metrics.ts';
import type { Pace } from './pace.ts';
import { fillPart } from './part.ts';
import { type CandleRequests, requestCandles } from './request.ts';
import type { StoredPrices } from './stored.ts';
import { judgeFailure, waitMs } from './verdict.ts';

export interface WorkerOptions extends CandleRequests {
  readonly database: Database;
  readonly stored: StoredPrices;
  readonly sink: PointSink;
  /**
   * Whether InfluxDB has what the sink took some time ago. Before that, points that wait would look
   * like gaps.
   */
  readonly isSettled: () => boolean;
  readonly pace: Pace;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: BackfillMetrics;
  /** Names this process: two of them never work on one exchange at once. */
  readonly owner: string;
  /** The one backfill to work on; absent: all of them. */
  readonly only?: number;
  /** Told of each range with new points, once they are durable. */
  readonly onFilled?: (filled: FilledRange) => Promise<void>;
}

export interface FilledRange extends TimeRange {
  readonly exchange: string;
}

/** Longer than a page takes, wait included; how long others wait after one that was killed. */
export const LEASE_MS = 45_000;
const SETTLE_MS = 1_000;

/**
 * Fills all that is asked of one exchange, one market after another, until nothing is left to do
 * here. Whether there was anything: another process may be at it.
 */
export async function workOff(
  exchange: ChosenExchange,
  options: WorkerOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { adapter, baseUrl } = exchange;
  const { clock, database } = options;
  const owner = `${options.owner}/${adapter.id}`;
  const work = { adapter: adapter.id, backfill: options.only };
  const trouble = createTrouble(exchange, options, signal);
  let worked = false;
  try {
    while (!signal.aborted) {
      const pausedMs = (options.pauses.get(baseUrl) ?? 0) - clock.nowMs();
      if (pausedMs > 0) await clock.sleep(pausedMs, signal);
      else if (!options.isSettled()) await clock.sleep(SETTLE_MS, signal);
      else {
        let part: BackfillPart | undefined;
        try {
          part = await claimPart(database, work, { owner, leaseMs: LEASE_MS });
          if (!part) break;
          worked = true;
          await fill(part, { exchange, owner, onPage: trouble.over }, options, signal);
        } catch (error) {
          if (signal.aborted) break;
          await trouble.handle(error, part);
        }
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // If the registry is away, the lease runs out by itself.
    await releaseParts(database, owner).catch((error: unknown) =>
      options.log.debug({ owner, error: messageOf(error) }, 'a backfill is not let go of'),
    );
  }
  return worked;
}

interface Turn {
  readonly exchange: ChosenExchange;
  readonly owner: string;
  /** Told of every page that was filled. */
  readonly onPage: () => void;
}

function fill(
  part: BackfillPart,
  { exchange, owner, onPage }: Turn,
  options: WorkerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, pauses, pace } = options;
  const candles = exchange.adapter.candles as CandleSource;
  return fillPart(part, {
    candles,
    stored: options.stored,
    sink: options.sink,
    nowMs: () => clock.nowMs(),
    async ask(market: MarketRef, range: TimeRange) {
      await pace.turn(exchange.baseUrl, candles.spacingMs, signal);
      if (clock.nowMs() < (pauses.get(exchange.baseUrl) ?? 0)) {
        throw new Refusal('rate-limited', 'the exchange asked polling to pause');
      }
      const page = await requestCandles(options, { exchange, market, range }, signal).catch(
        (error: Refusal) => {
          options.metrics.requested(exchange.adapter.id, error.reason);
          throw error;
        },
      );
      options.metrics.requested(exchange.adapter.id, 'ok');
      onPage();
      return page;
    },
    onFilled: async (range) => options.onFilled?.({ exchange: part.exchange, ...range }),
    async save(progress) {
      const lease = { owner, leaseMs: LEASE_MS };
      if (progress.rows > 0) options.metrics.filled(part.exchange, progress.rows);
      // Also when it is to stop: the page is done, so that it need not be asked for again.
      return (await savePart(options.database, part, { ...progress, ...lease })) && !signal.aborted;
    },
  });
}

/** What goes wrong on one exchange: waited for, or given up, with few words. */
function createTrouble(exchange: ChosenExchange, options: WorkerOptions, signal: AbortSignal) {
  const { clock, database, log } = options;
  const { id } = exchange.adapter;
  let failed = 0;
  let refused = 0;

  const giveUp = async (error: unknown): Promise<void> => {
    const markets = await failAdapter(
      database,
      { adapter: id, backfill: options.only },
      messageOf(error),
    );
    log.warn({ exchange: id, markets, error: messageOf(error) }, 'a backfill is given up');
  };
  return {
    over(): void {
      failed = 0;
      refused = 0;
    },
    async handle(error: unknown, part: BackfillPart | undefined): Promise<void> {
      failed += 1;
      const verdict = judgeFailure(error, { refused, failed });
      if (verdict === 'exchange') return giveUp(error);
      if (verdict === 'market' && part) {
        refused += 1;
        const ids = { exchange: id, symbol: part.symbol, error: messageOf(error) };
        log.debug(ids, 'a market cannot be backfilled');
        return failPart(database, part, messageOf(error));
      }
      if (isPowerOfTwo(failed)) {
        log.warn({ exchange: id, failed, error: messageOf(error) }, 'a backfill waits');
      }
      // A pause is waited for as a whole by whoever called.
      if (error instanceof Refusal && error.pauseMs !== undefined) return;
      await clock.sleep(waitMs(failed, options.random), signal);
    },
  };
}
