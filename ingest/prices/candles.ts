import { z } from 'zod';
import type { Candle } from './adapter.ts';
import { amount, positive } from './rows.ts';

const MINUTE_MS = 60_000;
const TIME_MS_MIN = Date.UTC(2009, 0, 1);
const TIME_MS_MAX = Date.UTC(2200, 0, 1);

/** A candle as an adapter reads it: texts as they stand in the answer. */
export interface RawCandle {
  readonly startMs: number;
  readonly open?: string | null | undefined;
  readonly high?: string | null | undefined;
  readonly low?: string | null | undefined;
  readonly close?: string | null | undefined;
  readonly volume?: string | null | undefined;
}

/**
 * Reads every entry of an answer. An entry that is no candle is left out: no whole minute, a price
 * that is no positive number, a close outside of low and high (which a change of the column order
 * would look like), or whatever `read` answers undefined for (an open candle, another shape).
 */
export function collectCandles<T>(
  entries: Iterable<T>,
  read: (entry: T) => RawCandle | undefined,
): readonly Candle[] {
  const candles: Candle[] = [];
  for (const entry of entries) {
    const raw = read(entry);
    const candle = raw && candleOf(raw);
    if (candle) candles.push(candle);
  }
  return candles;
}

function candleOf(raw: RawCandle): Candle | undefined {
  const { startMs } = raw;
  // NaN fails here too.
  if (!(startMs >= TIME_MS_MIN && startMs <= TIME_MS_MAX) || startMs % MINUTE_MS !== 0) {
    return undefined;
  }
  const open = positive(raw.open);
  const high = positive(raw.high);
  const low = positive(raw.low);
  const close = positive(raw.close);
  if (!open || !high || !low || !close) return undefined;
  const last = Number(close.floatText);
  if (last < Number(low.floatText) || last > Number(high.floatText)) return undefined;
  const volume = amount(raw.volume);
  return { startMs, open, high, low, close, ...(volume !== undefined && { volume }) };
}

/** A row given as a list of at least `length` cells, each a text. */
export function cells(row: unknown, length: number): readonly string[] | undefined {
  const parsed = texts.safeParse(Array.isArray(row) ? row.slice(0, length) : row);
  return parsed.success && parsed.data.length === length ? parsed.data : undefined;
}

const texts = z.array(z.string());

/** A row of start (ms), open, high, low, close and volume, as most exchanges have it. */
export function usualCandle(row: unknown): RawCandle | undefined {
  const found = cells(row, 6);
  if (found === undefined) return undefined;
  const [startMs, open, high, low, close, volume] = found;
  return { startMs: Number(startMs), open, high, low, close, volume };
}
