import { messageOf } from '../../core/errors.ts';
import type { PointSink } from '../../core/point.ts';
import { noTrace, type Trace } from '../../core/trace.ts';
import type { ExchangeState } from '../../registry/exchanges.ts';
import type { IngestMetrics } from '../metrics.ts';
import type { Job, Slot } from '../runner.ts';
import type { DropReason } from './adapter.ts';
import type { StoredSlot } from './announcer.ts';
import type { ChosenExchange } from './exchanges/list.ts';
import { type PriceSource, refusalOf } from './fetch.ts';
import { createLaneState, type LaneStateOptions, type Stored } from './lane-state.ts';
import type { MarketDirectory } from './markets.ts';
import { PointMaker, type PricePoints, writingRows } from './points.ts';
import { Refusal } from './refusal.ts';
import { SlotBatch, type SlotOutcome, slotPoint } from './slot-points.ts';

export type { Pauses } from './lane-state.ts';

export interface LaneOptions extends LaneStateOptions {
  readonly exchange: ChosenExchange;
  readonly intervalMs: number;
  readonly source: PriceSource;
  readonly markets: MarketDirectory;
  /** Whether the points of a `pair` tag are not wanted. */
  readonly isOff: (pair: string) => boolean;
  readonly sink: PointSink;
  /** Told when prices are in the sink; must not make the poll wait. */
  readonly onStored?: (slot: StoredSlot) => void;
  readonly metrics: IngestMetrics;
  readonly trace?: Trace;
}

/** One exchange's job and live state. Its trouble ends in the state, a metric and a log line. */
export interface PriceLane extends Job {
  readonly state: Readonly<ExchangeState>;
  /** After its last run. */
  close(): Promise<void>;
}

export function createLane(options: LaneOptions): PriceLane {
  const { clock, metrics, trace = noTrace } = options;
  const { id } = options.exchange.adapter;
  const live = createLaneState(options);
  const maker = new PointMaker();
  return {
    id,
    intervalMs: options.intervalMs,
    state: live.state,
    close: async () => options.source.close?.(),
    skipped: (reason, slots) => metrics.skipped(id, reason, slots),
    async run(slot, signal) {
      if (options.source.streaming?.() !== true && live.paused()) {
        metrics.skipped(id, 'paused', 1);
        return;
      }
      live.begin();
      const lateMs = clock.nowMs() - slot.dueMs;
      metrics.late(id, lateMs / 1000);
      const startMs = clock.monotonicMs();
      const tookMs = () => clock.monotonicMs() - startMs;
      const { slotMs } = slot;
      const ended = (): Ended => ({ exchange: id, slotMs, lateMs, tookMs: tookMs() });
      try {
        const about = { 'tidemark.exchange': id, 'tidemark.slot': new Date(slotMs).toISOString() };
        const stored = await trace.span('price cycle', about, async (span) => {
          const { rows, ...rest } = await pollAndStore({ ...options, maker, ended }, slot, signal);
          span.set({ 'tidemark.points': rows });
          return { rows, ...rest };
        });
        metrics.polled(id, 'ok', tookMs() / 1000);
        countRows(metrics, id, stored);
        live.succeed(slotMs, stored);
      } catch (error) {
        if (signal.aborted) return;
        const refusal = refusalOf(error);
        metrics.polled(id, refusal.reason, tookMs() / 1000);
        live.fail(refusal);
        await storeFailure(options, ended());
      }
    },
  };
}

function countRows(metrics: IngestMetrics, id: string, { rows, dropped }: Stored): void {
  metrics.wrote(id, rows);
  for (const [reason, count] of Object.entries(dropped)) metrics.dropped(id, reason, count);
}

/** A slot that comes to its end now. */
type Ended = Pick<SlotOutcome, 'exchange' | 'slotMs' | 'lateMs' | 'tookMs'>;

async function storeFailure({ sink, log }: LaneOptions, ended: Ended): Promise<void> {
  const slot = slotPoint({ ...ended, rows: 0, ok: false });
  await sink.accept([slot]).catch((error: unknown) => {
    // A sink that takes nothing has been reported for its prices, or will be at the next slot.
    const { exchange } = ended;
    log.debug({ exchange, error: messageOf(error) }, 'a slot left no trace');
  });
}

async function pollAndStore(
  options: LaneOptions & { readonly maker: PointMaker; readonly ended: () => Ended },
  slot: Slot,
  signal: AbortSignal,
): Promise<Stored> {
  const prices = await options.source.poll(signal);
  const { dropped } = prices;
  const writing = prices.writing ?? writingRows(prices.rows);
  const tags = await options.markets.resolve(writing.markets).catch((cause: unknown) => {
    throw new Refusal('registry', `no series names: ${messageOf(cause)}`, { cause });
  });
  const { isOff, maker, ended } = options;
  const { points, ...left } = maker.make(writing, { tags, isOff }, slot.slotMs);
  const rows = points.length;
  const stored = new SlotBatch(points, slotPoint({ ...ended(), rows, ok: true }));
  await options.sink.accept(stored).catch((cause: unknown) => {
    throw new Refusal('not-stored', messageOf(cause), { cause });
  });
  const ids = { exchange: options.exchange.adapter.id, slot: new Date(slot.slotMs).toISOString() };
  // The points are on disk by now: whoever reads this line can count on them.
  options.log.debug({ ...ids, rows }, 'prices accepted');
  if (rows > 0) {
    const { id: exchange } = options.exchange.adapter;
    options.onStored?.({ exchange, slotMs: slot.slotMs, markets: rows });
  }
  const streaming = options.source.streaming?.() ?? false;
  return { rows, dropped: { ...dropped, ...leftOut(left) }, streaming };
}

function leftOut({ unregistered, switchedOff }: Omit<PricePoints, 'points'>) {
  const counts: Partial<Record<DropReason, number>> = {};
  if (unregistered > 0) counts.unregistered = unregistered;
  if (switchedOff > 0) counts['switched-off'] = switchedOff;
  return counts;
}
