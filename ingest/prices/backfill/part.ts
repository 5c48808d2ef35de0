import type { PointSink } from '../../../core/point.ts';
import type { BackfillPart } from '../../../registry/backfills.ts';
import type { Candle, CandleSource, MarketRef, TimeRange } from '../adapter.ts';
import { fillPage, type Price, pricePointsOf } from './fill.ts';
import { candleRange, floorTo, MINUTE_MS, missingSlots } from './minutes.ts';
import type { StoredPrices } from './stored.ts';

/** A page is kept below this whatever the exchange allows: reading one must not hold up others. */
export const PAGE_ROWS_MAX = 1_500;
/** What is read of InfluxDB at once; in it, only the pages with a gap are asked for. */
const BLOCK_MINUTES = 1_440;
/** The oldest candles are gone by the time they would be asked for. */
const DEPTH_MARGIN_MS = 2 * MINUTE_MS;

export interface PartDeps {
  readonly candles: Pick<CandleSource, 'pageRowsMax' | 'depthMs'>;
  readonly stored: Pick<StoredPrices, 'market'>;
  readonly sink: PointSink;
  readonly nowMs: () => number;
  /** One page, at the pace that the exchange allows. @throws Refusal. */
  readonly ask: (market: MarketRef, range: TimeRange) => Promise<readonly Candle[]>;
  /** Told of a range with new points, once they are durable. */
  readonly onFilled: (range: TimeRange) => Promise<void>;
  /** Notes how far the market is. False: it is another's by now, or not wanted any more. */
  readonly save: (progress: PageProgress) => Promise<boolean>;
}

export interface PageProgress {
  readonly doneUntilMs: number;
  readonly carry: string | null;
  readonly requests: number;
  readonly candles: number;
  readonly rows: number;
}

interface Position {
  doneUntilMs: number;
  last: Price | undefined;
}

/**
 * Fills one market from where it stands to its end, page by page, the oldest first: a silent minute
 * repeats the price before it. Nothing counts as done before its points are durable, so that a
 * process killed at any moment leaves at most a page to be asked for again, with the same result.
 * Throws what asking, reading, storing or saving throws; resolves when the market is done or lost.
 */
export async function fillPart(part: BackfillPart, deps: PartDeps): Promise<void> {
  const at: Position = { doneUntilMs: part.doneUntilMs, last: carriedPrice(part.carry) };
  while (at.doneUntilMs < part.toMs) {
    if (!(await skipTooOld(part, at, deps))) return;
    if (at.doneUntilMs >= part.toMs) return;
    const endMs = Math.min(part.toMs, at.doneUntilMs + BLOCK_MINUTES * MINUTE_MS);
    const block = { fromMs: at.doneUntilMs, toMs: endMs };
    // With the slot before: its price stands until the next trade. An older one might be outdated.
    const read = { fromMs: floorTo(block.fromMs - 1, part.stepMs), toMs: block.toMs };
    const stored = await deps.stored.market(part, read, part.stepMs);
    if (!(await fillBlock(part, { block, stored, at }, deps))) return;
  }
}

/** Candles that the exchange has no more are passed over, and what was known before them is old. */
async function skipTooOld(part: BackfillPart, at: Position, deps: PartDeps): Promise<boolean> {
  const { depthMs } = deps.candles;
  if (depthMs === undefined) return true;
  const oldestMs = floorTo(deps.nowMs() - depthMs + DEPTH_MARGIN_MS, MINUTE_MS) + MINUTE_MS;
  if (at.doneUntilMs >= oldestMs) return true;
  at.last = undefined;
  at.doneUntilMs = Math.min(oldestMs, part.toMs);
  return deps.save({ doneUntilMs: at.doneUntilMs, carry: null, ...NOTHING });
}

const NOTHING = { requests: 0, candles: 0, rows: 0 };

interface Block {
  readonly block: TimeRange;
  readonly stored: ReadonlyMap<number, number>;
  readonly at: Position;
}

async function fillBlock(
  part: BackfillPart,
  { block, stored, at }: Block,
  deps: PartDeps,
): Promise<boolean> {
  const rowsMax = Math.min(deps.candles.pageRowsMax, PAGE_ROWS_MAX);
  // The first slot of a page needs the candles since the slot before it.
  const pageMs = rowsMax * MINUTE_MS - (part.stepMs - MINUTE_MS);
  at.last ??= lastBefore(stored, block.fromMs);
  const missing = missingSlots(block, part.stepMs, (slot) => stored.has(slot));
  for (const fromMs of missing) {
    if (fromMs < at.doneUntilMs) continue;
    const toMs = Math.min(block.toMs, fromMs + Math.max(pageMs, MINUTE_MS));
    // A page ends with its last gap: what comes after it would be asked for in vain.
    const lastGapMs = missing.findLast((slot) => slot < toMs) ?? fromMs;
    const slots = { fromMs, toMs: lastGapMs + MINUTE_MS };
    const candles = await deps.ask(part, candleRange(slots, part.stepMs));
    const before = lastBefore(stored, fromMs, at.doneUntilMs) ?? at.last;
    const filled = fillPage({ slots, stepMs: part.stepMs, candles, stored, before });
    if (filled.slots.length > 0) {
      await deps.sink.accept(pricePointsOf(part, filled.slots));
      await deps.onFilled({ fromMs: filled.slots[0]!.slotMs, toMs: slots.toMs });
    }
    at.last = filled.last;
    at.doneUntilMs = slots.toMs;
    const counts = { requests: 1, candles: candles.length, rows: filled.slots.length };
    const carry = textOf(at.last);
    if (!(await deps.save({ doneUntilMs: slots.toMs, carry, ...counts }))) return false;
  }
  at.last = lastBefore(stored, block.toMs, at.doneUntilMs) ?? at.last;
  if (at.doneUntilMs === block.toMs) return true;
  at.doneUntilMs = block.toMs;
  return deps.save({ doneUntilMs: at.doneUntilMs, carry: textOf(at.last), ...NOTHING });
}

/** The newest stored price before a time, and not before another. */
function lastBefore(
  stored: ReadonlyMap<number, number>,
  beforeMs: number,
  notBeforeMs = Number.NEGATIVE_INFINITY,
): number | undefined {
  let newestMs = Number.NEGATIVE_INFINITY;
  let price: number | undefined;
  for (const [slotMs, value] of stored) {
    if (slotMs >= beforeMs || slotMs < notBeforeMs || slotMs < newestMs) continue;
    newestMs = slotMs;
    price = value;
  }
  return price;
}

function textOf(price: Price | undefined): string | null {
  if (price === undefined) return null;
  return typeof price === 'number' ? String(price) : price.floatText;
}

function carriedPrice(carry: string | null): Price | undefined {
  return carry === null ? undefined : { floatText: carry };
}
