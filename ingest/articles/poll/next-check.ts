import type { Pace } from './pace.ts';

export interface CheckLimits {
  /** Of feeds whose interval adapts. */
  readonly floorMs: number;
  readonly maxMs: number;
}

export interface Ended {
  readonly nowMs: number;
  /** Asked for by the user; null: it adapts. */
  readonly wantedMs: number | null;
  readonly pace: Pace;
  /** Checks in a row that failed, this one among them. */
  readonly failures: number;
  /** How long the answer stays fresh, says the server. */
  readonly freshMs?: number | undefined;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs?: number | undefined;
  readonly limits: CheckLimits;
  readonly random: () => number;
}

export interface NextCheck {
  readonly intervalMs: number;
  readonly dueMs: number;
  /** For whoever wonders why it takes so long, in a sentence. */
  readonly why: string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of a feed that nothing is known of. */
const UNKNOWN_MS = 15 * MINUTE_MS;
/** A feed that has been quiet for so long is asked again after this part of it. */
const QUIET_PART = 10;
/** Beyond it, more failures make it no longer. */
const DOUBLINGS_MAX = 12;
/** Adaptive intervals are this much longer or shorter, so that feeds do not fall into step. */
const SPREAD = 0.1;

/** When a feed is asked again, and why then. */
export function nextCheck(ended: Ended): NextCheck {
  const { nowMs, retryAfterMs = 0 } = ended;
  const usual = ended.failures > 0 ? afterFailures(ended) : afterSuccess(ended);
  const { why, intervalMs } =
    retryAfterMs > usual.intervalMs
      ? {
          why: `The server asks to be left alone for ${inWords(retryAfterMs)} (Retry-After).`,
          // All that it was said to come back together, and not before.
          intervalMs: retryAfterMs * (1 + SPREAD * ended.random()),
        }
      : usual;
  const whole = Math.round(intervalMs);
  return { intervalMs: whole, dueMs: Math.round(nowMs) + whole, why };
}

type Interval = Omit<NextCheck, 'dueMs'>;

function afterFailures({ wantedMs, failures, limits, random }: Ended): Interval {
  const firstMs = wantedMs ?? limits.floorMs;
  const steadyMs = Math.min(DAY_MS, firstMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
  // Half of it by chance: feeds of one host that failed together do not come back together.
  const intervalMs = steadyMs * (0.75 + 0.5 * random());
  const times = failures === 1 ? 'The last check failed' : `The last ${failures} checks failed`;
  return { intervalMs, why: `${times}: tried again after ${inWords(intervalMs)}.` };
}

function afterSuccess(ended: Ended): Interval {
  const { wantedMs, limits, random } = ended;
  if (wantedMs !== null) {
    return { intervalMs: wantedMs, why: `Every ${inWords(wantedMs)}, as asked for.` };
  }
  const { ms, why } = adapted(ended);
  const within = Math.min(limits.maxMs, Math.max(limits.floorMs, ms));
  const intervalMs = Math.max(limits.floorMs, within * (1 + SPREAD * (2 * random() - 1)));
  const bound =
    within > ms ? ', which is the shortest' : within < ms ? ', which is the longest' : '';
  return { intervalMs, why: `${why}; asked about every ${inWords(within)}${bound}.` };
}

interface Estimate {
  readonly ms: number;
  readonly why: string;
}

/** The longest of what its articles suggest and of what the feed and its server say. */
function adapted({ nowMs, pace, freshMs }: Ended): Estimate {
  const all: Estimate[] = [byArrivals(pace)];
  if (pace.newsMs !== null && nowMs > pace.newsMs) {
    const quietMs = nowMs - pace.newsMs;
    all.push({ ms: quietMs / QUIET_PART, why: `Nothing new for ${inWords(quietMs)}` });
  }
  if (pace.ttlMs !== null) {
    const why = `The feed says that it stays the same for ${inWords(pace.ttlMs)} (ttl)`;
    all.push({ ms: pace.ttlMs, why });
  }
  if (freshMs !== undefined) {
    const why = `The server says that its answers hold for ${inWords(freshMs)} (Cache-Control)`;
    all.push({ ms: freshMs, why });
  }
  return all.reduce((longest, one) => (one.ms > longest.ms ? one : longest));
}

/**
 * About half of the time between two articles; more often where most checks find something, less
 * often where few do. `sy:updatePeriod` counts only until there is more to go by: most sites leave
 * it at what their software says.
 */
function byArrivals({ gapMs, share, periodMs }: Pace): Estimate {
  if (gapMs === null) {
    if (periodMs === null) return { ms: UNKNOWN_MS, why: 'Not known yet how often it has news' };
    return { ms: periodMs / 2, why: `The feed says that it changes every ${inWords(periodMs)}` };
  }
  const part = share > 0.5 ? 0.25 : share < 0.1 ? 0.75 : 0.5;
  return { ms: gapMs * part, why: `A new article about every ${inWords(gapMs)}` };
}

const UNITS: readonly (readonly [ms: number, one: string, many: string])[] = [
  [DAY_MS, 'day', 'days'],
  [3_600_000, 'h', 'h'],
  [MINUTE_MS, 'min', 'min'],
  [1_000, 's', 's'],
];

/** `45 s`, `3 min`, `2 days`: what people need to know of a length of time. */
export function inWords(ms: number): string {
  const [unitMs, one, many] = UNITS.find(([unit]) => ms >= 1.5 * unit) ?? UNITS.at(-1)!;
  const count = Math.max(1, Math.round(ms / unitMs));
  return `${count} ${count === 1 ? one : many}`;
}
