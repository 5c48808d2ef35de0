import { z } from 'zod';

/** What is known of how often a feed has something new; kept in the registry between checks. */
const pace = z.object({
  /** Mean time between new articles. */
  gapMs: z.number().nonnegative().nullable(),
  /** When there last was one. */
  newsMs: z.number().nullable(),
  /** Of late, the share of checks that found something. */
  share: z.number().min(0).max(1),
  /** What the feed says of itself: `ttl`, and `sy:updatePeriod`. */
  ttlMs: z.number().nonnegative().nullable(),
  periodMs: z.number().nonnegative().nullable(),
});
export type Pace = Readonly<z.infer<typeof pace>>;

export const NO_PACE: Pace = { gapMs: null, newsMs: null, share: 0.3, ttlMs: null, periodMs: null };

/** What was kept, whatever wrote it. */
export function readPace(kept: unknown): Pace {
  const read = pace.safeParse(kept);
  return read.success ? read.data : NO_PACE;
}

export interface Reading {
  readonly nowMs: number;
  /** The first one of the feed: all of its articles are new to us, and none of them is news. */
  readonly first: boolean;
  /** How many articles were new. */
  readonly fresh: number;
  /** Publication times of the body's items, where they have one. Undefined: no body was read. */
  readonly published?: readonly number[];
  readonly ttlMinutes?: number | undefined;
  readonly periodMinutes?: number | undefined;
}

const MINUTE_MS = 60_000;
/** How much of what was known a new measurement leaves. */
const KEPT = 0.7;
const SHARE_KEPT = 0.9;
/** More than so many of the newest items say nothing of the present. */
const ITEMS_MAX = 20;

/** The pace after one more check. Dates in the future count for nothing. */
export function paceAfter(before: Pace, reading: Reading): Pace {
  const { nowMs, first, fresh, published, ttlMinutes, periodMinutes } = reading;
  const past = (published ?? []).filter((ms) => ms > 0 && ms <= nowMs).sort((a, b) => b - a);
  const gapMs = measuredGap(before, reading, past);
  const known = gapMs === undefined ? before.gapMs : blend(before.gapMs, gapMs);
  const newsMs = first ? (past[0] ?? nowMs) : fresh > 0 ? nowMs : before.newsMs;
  const said = (minutes: number | undefined) =>
    minutes === undefined || !(minutes > 0) ? null : minutes * MINUTE_MS;
  return {
    gapMs: known,
    newsMs,
    share: first ? before.share : before.share * SHARE_KEPT + (fresh > 0 ? 1 - SHARE_KEPT : 0),
    ttlMs: published ? said(ttlMinutes) : before.ttlMs,
    periodMs: published ? said(periodMinutes) : before.periodMs,
  };
}

/** From what was seen to come, or for the first time from the dates that the items have. */
function measuredGap(
  before: Pace,
  { nowMs, first, fresh }: Reading,
  past: readonly number[],
): number | undefined {
  const dated = past.slice(0, ITEMS_MAX);
  const [newest, oldest] = [dated[0], dated.at(-1)];
  const spread = newest !== undefined && oldest !== undefined ? newest - oldest : 0;
  if (spread > 0) return spread / (dated.length - 1);
  if (first || fresh === 0 || before.newsMs === null) return undefined;
  return Math.max(0, nowMs - before.newsMs) / fresh;
}

function blend(before: number | null, measured: number): number {
  return before === null ? measured : KEPT * before + (1 - KEPT) * measured;
}
