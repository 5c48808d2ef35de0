import { type FieldValue, type FloatText, msToNs, type Point } from '../../../core/point.ts';
import type { Candle, TimeRange } from '../adapter.ts';
import { candleRange, MINUTE_MS } from './minutes.ts';

/** A price as its source wrote it, or as InfluxDB gave it back. */
export type Price = FloatText | number;

export interface Page {
  /** The slots to fill, half open, both ends whole minutes. */
  readonly slots: TimeRange;
  /** Slots are multiples of it; a multiple of a minute. */
  readonly stepMs: number;
  readonly candles: readonly Candle[];
  /** What the series has already, by slot. */
  readonly stored: ReadonlyMap<number, number>;
  /** The price at the slot before the page, if it is known. */
  readonly before: Price | undefined;
}

export interface FilledSlot {
  readonly slotMs: number;
  readonly price: Price;
}

export interface Filled {
  /** Slots without a point, and what a poll would have said then; the oldest first. */
  readonly slots: readonly FilledSlot[];
  /** The last price at the end of the page. */
  readonly last: Price | undefined;
}

/**
 * What polls at the missing slots of a page would have said. The candle of the minute before a slot
 * closes with the last trade that a poll would have seen; a minute without a candle had no trade,
 * so the price before it still stood. Before the first price that is known nothing is made up.
 */
export function fillPage(page: Page): Filled {
  const { slots, stepMs, stored } = page;
  const candles = candleRange(slots, stepMs);
  const closes = new Map<number, FloatText>();
  let older: Candle | undefined;
  for (const candle of page.candles) {
    if (candle.startMs >= candles.fromMs) closes.set(candle.startMs, candle.close);
    else if (!older || candle.startMs > older.startMs) older = candle;
  }
  let last = isBeyond(page, candles) ? undefined : (page.before ?? older?.close);
  const filled: FilledSlot[] = [];
  for (let slot = candles.fromMs + MINUTE_MS; slot < slots.toMs; slot += MINUTE_MS) {
    last = closes.get(slot - MINUTE_MS) ?? last;
    const there = stored.get(slot);
    if (there !== undefined) last = there;
    else if (slot % stepMs === 0 && last !== undefined) filled.push({ slotMs: slot, price: last });
  }
  return { slots: filled, last };
}

/**
 * Whether an answer has rows of a later time alone. Then the exchange does not know these minutes
 * (it starts later, or takes no notice of the range), and their silence says nothing. The row right
 * behind the range belongs to exchanges that count its end in.
 */
function isBeyond(page: Page, range: TimeRange): boolean {
  const earliestMs = Math.min(...page.candles.map(({ startMs }) => startMs));
  return Number.isFinite(earliestMs) && earliestMs > range.toMs + MINUTE_MS;
}

/** Filled slots as points: the price and that it came later, since a candle knows no more. */
export function pricePointsOf(
  market: { readonly exchange: string; readonly pair: string },
  slots: readonly FilledSlot[],
): Point[] {
  const tags = { exchange: market.exchange, pair: market.pair };
  return slots.map(({ slotMs, price }) => {
    const fields: Record<string, FieldValue> = { price, backfilled: true };
    return { measurement: 'price', tags, fields, timeNs: msToNs(slotMs) };
  });
}
