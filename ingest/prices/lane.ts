import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { PointSink } from '../../core/point.ts';
import type { ExchangeState } from '../../registry/exchanges.ts';
import type { IngestMetrics } from '../metrics.ts';
import type { Job, Slot } from '../runner.ts';
import type { DropReason } from './adapter.ts';
import type { ChosenExchange } from './exchanges/list.ts';
import { type PriceSource, refusalOf } from './fetch.ts';
import type { MarketDirectory } from './markets.ts';
import { type PricePoints, pricePoints } from './points.ts';
import { Refusal } from './refusal.ts';

/** Base URL -> until when (ms) its host wants to be left alone. */
export type Pauses = Map<string, number>;

export interface LaneOptions {
  readonly exchange: ChosenExchange;
  readonly intervalMs: number;
  readonly source: PriceSource;
  readonly markets: MarketDirectory;
  /** Whether the points of a `pair` tag are not wanted. */
  readonly isOff: (pair: string) => boolean;
  readonly sink: PointSink;
  /** Shared by all exchanges: two of them may have one host. */
  readonly pauses: Pauses;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** Told after every change; saving is the caller's. */
  readonly onState: (state: ExchangeState, urgent: boolean) => void;
}

/** One exchange's job and live state. Its trouble ends in the state, a metric and a log line. */
export interface PriceLane extends Job {
  readonly state: ExchangeState;
  /** After its last run. */
  close(): Promise<void>;
}

export function createLane(options: LaneOptions): PriceLane {
  const { exchange, clock, metrics, pauses } = options;
  const { id } = exchange.adapter;
  const state: ExchangeState = {
    exchange: id,
    state: 'starting',
    lastAttemptMs: null,
    lastSuccessMs: null,
    pausedUntilMs: null,
    latenessMs: null,
    rows: 0,
    dropped: {},
    consecutiveFailures: 0,
    lastError: null,
  };
  let lastReason: string | undefined;

  const pausedUntil = (): number => pauses.get(exchange.baseUrl) ?? 0;
  const succeed = (slot: Slot, stored: Stored): void => {
    const recovered = state.consecutiveFailures;
    const nowMs = clock.nowMs();
    Object.assign(state, {
      state: 'ok',
      lastSuccessMs: nowMs,
      pausedUntilMs: null,
      latenessMs: nowMs - slot.slotMs,
      rows: stored.rows,
      dropped: stored.dropped,
      consecutiveFailures: 0,
      lastError: null,
    } satisfies Partial<ExchangeState>);
    lastReason = undefined;
    if (recovered > 0) options.log.info({ exchange: id, after: recovered }, 'prices are back');
    options.onState(state, recovered > 0);
  };
  const fail = (refusal: Refusal): void => {
    const news = lastReason !== refusal.reason;
    lastReason = refusal.reason;
    state.consecutiveFailures += 1;
    state.lastError = `${refusal.reason}: ${refusal.message}`;
    state.state = 'failing';
    if (refusal.pauseMs !== undefined) {
      const untilMs = Math.max(clock.nowMs() + refusal.pauseMs, pausedUntil());
      pauses.set(exchange.baseUrl, untilMs);
      Object.assign(state, { state: 'paused', pausedUntilMs: untilMs });
    }
    if (news || isPowerOfTwo(state.consecutiveFailures)) report(options, state, refusal);
    options.onState(state, news);
  };
  return {
    id,
    intervalMs: options.intervalMs,
    state,
    close: async () => options.source.close?.(),
    skipped: (reason, slots) => metrics.skipped(id, reason, slots),
    async run(slot, signal) {
      if (clock.nowMs() < pausedUntil()) {
        metrics.skipped(id, 'paused', 1);
        Object.assign(state, { state: 'paused', pausedUntilMs: pausedUntil() });
        options.onState(state, false);
        return;
      }
      state.lastAttemptMs = clock.nowMs();
      state.pausedUntilMs = null;
      metrics.late(id, (clock.nowMs() - slot.dueMs) / 1000);
      const startMs = clock.monotonicMs();
      const seconds = () => (clock.monotonicMs() - startMs) / 1000;
      try {
        const stored = await pollAndStore(options, slot, signal);
        metrics.polled(id, 'ok', seconds());
        metrics.wrote(id, stored.rows);
        for (const [reason, rows] of Object.entries(stored.dropped)) {
          metrics.dropped(id, reason, rows);
        }
        succeed(slot, stored);
      } catch (error) {
        if (signal.aborted) return;
        const refusal = refusalOf(error);
        metrics.polled(id, refusal.reason, seconds());
        fail(refusal);
      }
    },
  };
}

interface Stored {
  readonly rows: number;
  readonly dropped: Record<string, number>;
}

async function pollAndStore(
  options: LaneOptions,
  slot: Slot,
  signal: AbortSignal,
): Promise<Stored> {
  const { rows, dropped } = await options.source.poll(signal);
  const tags = await options.markets.resolve(rows).catch((cause: unknown) => {
    throw new Refusal('registry', `no series names: ${messageOf(cause)}`, { cause });
  });
  const { isOff } = options;
  const { points, ...left } = pricePoints(rows, { tags, isOff }, slot.slotMs);
  await options.sink.accept(points).catch((cause: unknown) => {
    throw new Refusal('not-stored', messageOf(cause), { cause });
  });
  const ids = { exchange: options.exchange.adapter.id, slot: new Date(slot.slotMs).toISOString() };
  // The points are on disk by now: whoever reads this line can count on them.
  options.log.debug({ ...ids, rows: points.length }, 'prices accepted');
  return { rows: points.length, dropped: { ...dropped, ...leftOut(left) } };
}

function leftOut({ unregistered, switchedOff }: Omit<PricePoints, 'points'>) {
  const counts: Partial<Record<DropReason, number>> = {};
  if (unregistered > 0) counts.unregistered = unregistered;
  if (switchedOff > 0) counts['switched-off'] = switchedOff;
  return counts;
}

/** One line when the reason is new, then ever more rarely: a day of outage is a dozen lines. */
function report(options: LaneOptions, state: ExchangeState, refusal: Refusal): void {
  const ids = {
    exchange: state.exchange,
    reason: refusal.reason,
    error: refusal.message,
    failures: state.consecutiveFailures,
    ...(refusal.pauseMs !== undefined && { pauseMs: Math.round(refusal.pauseMs) }),
  };
  if (refusal.reason === 'internal') {
    const stack = refusal.cause instanceof Error ? refusal.cause.stack : undefined;
    options.log.error({ ...ids, stack }, 'a poll failed by a mistake of ours');
  } else {
    options.log.warn(ids, 'a poll was refused: nothing of it is written');
  }
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
