import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { isCode } from '../../core/errors.ts';
import { TaskThread } from '../../core/task-thread.ts';
import { ScanFailure } from './outcome.ts';
import type { Match, Pattern } from './pattern.ts';
import type { Stop } from './stop.ts';

/** What a text has of a pattern. */
export interface Found {
  readonly match: Match | undefined;
  /** Only the beginning of the text was looked at: it is too long for a pattern of this size. */
  readonly cut: boolean;
}

/** Looks for patterns without holding up whoever else lives in this thread. */
export interface Matcher {
  /** @throws ScanFailure `timeout-match`; Stopped when the scan ends meanwhile. */
  find(pattern: Pattern, text: string, stop: Stop): Found | Promise<Found>;
  close(): Promise<void>;
}

export interface MatcherOptions {
  readonly clock: Clock;
  /** Instructions x characters that are matched here and now; the rest goes to a thread. */
  readonly inlineCostMax?: number;
  /** The same, beyond which the text is cut. */
  readonly costMax?: number;
  readonly matchMsMax?: number;
  /** Tests give one that misbehaves. */
  readonly program?: URL;
}

/** 25 to 45 ns each on a slow machine when a pattern is made for it, a tenth of it else. */
const INLINE_COST_MAX = 400_000;
const COST_MAX = 20_000_000;
/** The second line of defence: what is not cut takes less than a second. */
const MATCH_MS_MAX = 3_000;
const MEMORY_MB_MAX = 256;
const PROGRAM = new URL('./matcher-thread.js', import.meta.url);

/** To the matcher's thread. */
export interface MatchRequest {
  readonly source: string;
  readonly flags: string;
  readonly text: string;
}

export function createMatcher(options: MatcherOptions): Matcher {
  const { clock, inlineCostMax = INLINE_COST_MAX, costMax = COST_MAX } = options;
  const { matchMsMax: timeoutMs = MATCH_MS_MAX, program = PROGRAM } = options;
  const thread = new TaskThread<MatchRequest, Match | undefined>({
    ...{ program, name: 'matcher', clock, memoryMbMax: MEMORY_MB_MAX },
  });
  return {
    find(pattern, whole, stop) {
      const most = Math.floor(costMax / pattern.size);
      const cut = whole.length > most;
      const text = cut ? whole.slice(0, most) : whole;
      if (pattern.size * text.length <= inlineCostMax) return { match: pattern.find(text), cut };
      const { source, flags } = pattern;
      const found = stop.wait<Match | undefined>((done, fail) => {
        const { signal, release } = childAbort(undefined);
        const match = thread.run({ source, flags, text }, { timeoutMs, signal });
        match.then(done, (error: unknown) => fail(failureOf(error)));
        return release;
      });
      return found.then((match) => ({ match, cut }));
    },
    close: () => thread.close(),
  };
}

function failureOf(error: unknown): ScanFailure {
  if (isCode(error, 'cancelled')) return new ScanFailure('cancelled');
  if (isCode(error, 'timeout')) return new ScanFailure('timeout-match');
  return new ScanFailure('timeout-match', 'the pattern took too much memory', error);
}
