import type { Lines } from './lines.ts';

const SPACE = 32;
const MINUS = 45;
const ZERO = 48;
/** Nanoseconds from 2001 to 2286; their first 13 digits are milliseconds. */
const NS_DIGITS = 19;
const MS_DIGITS = 13;

/** Half open, ms since the epoch. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** From the oldest to the newest of the lines that are older than `beforeMs`, if any are. */
export function lateSpan({ payload, ends }: Lines, beforeMs: number): TimeSpan | undefined {
  let fromMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const end of ends) {
    const timeMs = timeOf(payload, end - 1);
    if (timeMs >= beforeMs) continue;
    if (timeMs < fromMs) fromMs = timeMs;
    if (timeMs > newestMs) newestMs = timeMs;
  }
  return fromMs <= newestMs ? { fromMs, toMs: newestMs + 1 } : undefined;
}

/** The time that stands before `end`: the encoder writes one on every line. */
function timeOf(payload: Buffer, end: number): number {
  let at = end - 1;
  while (at > 0 && payload[at] !== SPACE) at -= 1;
  const start = at + 1;
  if (end - start !== NS_DIGITS || payload[start] === MINUS) {
    return Number(BigInt(payload.toString('latin1', start, end)) / 1_000_000n);
  }
  let timeMs = 0;
  for (let i = start; i < start + MS_DIGITS; i++) {
    timeMs = timeMs * 10 + ((payload[i] as number) - ZERO);
  }
  return timeMs;
}
