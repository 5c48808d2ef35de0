/** How much time is seen, and in windows of what length. Pure: no page needed. */
import { lengthMs } from '../format.ts';

export const PRESETS = [
  ['1h', '1 h'],
  ['6h', '6 h'],
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
] as const;

const DAY_MS = 86_400_000;
const LADDER_S = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  ...[3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800],
];
/** A zoom further in shows nothing more. */
const LENGTH_MS_MIN = 10_000;

export interface Seen {
  readonly fromMs: number;
  readonly toMs: number;
  /** A preset, whose end is now; undefined: a stretch that stands still. */
  readonly preset: string | undefined;
}

/** From an address: `range=24h`, or `from` and `to` in seconds since the epoch; else a day. */
export function seenOf(query: Readonly<Record<string, string>>, nowMs: number): Seen {
  const fromMs = Number(query.from) * 1000;
  const toMs = Number(query.to) * 1000;
  if (fromMs > 0 && toMs - fromMs >= LENGTH_MS_MIN && toMs <= nowMs + DAY_MS) {
    return { fromMs, toMs, preset: undefined };
  }
  const preset = PRESETS.find(([value]) => value === query.range)?.[0] ?? '24h';
  return presetSeen(preset, nowMs);
}

export function presetSeen(preset: string, nowMs: number): Seen {
  return { fromMs: nowMs - (lengthMs(preset) ?? DAY_MS), toMs: nowMs, preset };
}

/** A stretch that was drawn on the chart: not shorter than makes sense, and not of the future. */
export function zoomed(fromMs: number, toMs: number, nowMs: number): Seen {
  const missing = Math.max(0, LENGTH_MS_MIN - (toMs - fromMs));
  const early = Math.max(0, toMs + missing / 2 - nowMs);
  return {
    fromMs: fromMs - missing / 2 - early,
    toMs: toMs + missing / 2 - early,
    preset: undefined,
  };
}

/** The shortest usual window of which at most `most` fit, each with a price of each exchange. */
export function windowMs({ fromMs, toMs }: Seen, most: number, intervalMs: number): number {
  const leastMs = Math.max(intervalMs, (toMs - fromMs) / most);
  return (LADDER_S.find((seconds) => seconds * 1000 >= leastMs) ?? 604_800) * 1000;
}

/** As charts have it: seconds since the epoch. */
export function rangeOf({ fromMs, toMs }: Seen) {
  return { from: fromMs / 1000, to: toMs / 1000 };
}

/** As the API reads it. */
export function lengthText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
