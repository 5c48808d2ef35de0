import type { TimeRange } from '../adapter.ts';

export const MINUTE_MS = 60_000;

/**
 * How far apart the slots are that candles of a minute can fill, in ms: every whole minute that is
 * a slot of the interval.
 */
export function fillStepMs(intervalMs: number): number {
  return (intervalMs / greatestDivisor(intervalMs, MINUTE_MS)) * MINUTE_MS;
}

function greatestDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestDivisor(right, left % right);
}

/** The newest multiple of `stepMs` at or before a time. */
export function floorTo(timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs;
}

/** The oldest multiple of `stepMs` at or after a time. */
export function ceilTo(timeMs: number, stepMs: number): number {
  return Math.ceil(timeMs / stepMs) * stepMs;
}

/** The slots of a range (half open) that are not there, the oldest first. */
export function missingSlots(
  range: TimeRange,
  stepMs: number,
  has: (slotMs: number) => boolean,
): number[] {
  const missing: number[] = [];
  for (let slot = ceilTo(range.fromMs, stepMs); slot < range.toMs; slot += stepMs) {
    if (!has(slot)) missing.push(slot);
  }
  return missing;
}

/** The part of a range that lies in another; undefined when nothing does. */
export function overlap(left: TimeRange, right: TimeRange): TimeRange | undefined {
  const fromMs = Math.max(left.fromMs, right.fromMs);
  const toMs = Math.min(left.toMs, right.toMs);
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}

/**
 * When the candles begin that tell of these slots: each slot closes the minute before it, and where
 * that is silent, the one before that, back to the slot before.
 */
export function candleRange(slots: TimeRange, stepMs: number): TimeRange {
  return { fromMs: slots.fromMs - stepMs, toMs: slots.toMs - MINUTE_MS };
}
