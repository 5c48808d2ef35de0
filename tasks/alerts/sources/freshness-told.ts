import { slotAt } from '../../../core/clock.ts';
import type { Finding } from './freshness-judge.ts';
import type { Level, Wanted } from './freshness-wanted.ts';

interface Known {
  /** When it was first found to be so old, by age. */
  readonly reachedMs: Map<number, number>;
  stage: number;
  atMs: number;
}

/**
 * Which of the things that are found again each minute are kept again: once in each window of those
 * who want to know, when one more of them wants to, and when somebody new asks. So rows grow with
 * windows and not with minutes; that nobody is told twice in a window is the matter of the events.
 */
export class Told {
  readonly #series = new Map<string, Known>();

  /** Whether to keep it now. */
  take({ series, ageMs }: Finding, wanted: Wanted, nowMs: number): boolean {
    const known = this.#series.get(series);
    const reachedMs = known?.reachedMs ?? new Map<number, number>();
    const stage = stageOf(wanted.levels, reachedMs, { ageMs, nowMs });
    if (known === undefined) {
      this.#series.set(series, { reachedMs, stage, atMs: nowMs });
      return true;
    }
    const beginMs = Math.max(...wanted.windowsMs.map((ms) => slotAt(nowMs, ms)), wanted.sinceMs);
    const due = stage > known.stage || beginMs > known.atMs;
    known.stage = stage;
    if (due) known.atMs = nowMs;
    return due;
  }

  /** Forgets those of a kind that are not among these. */
  keep(kind: string, found: ReadonlySet<string>): void {
    for (const series of this.#series.keys()) {
      if (series.endsWith(`:${kind}`) && !found.has(series)) this.#series.delete(series);
    }
  }
}

/** How many of the levels are reached; notes since when. */
function stageOf(
  levels: readonly Level[],
  reachedMs: Map<number, number>,
  { ageMs, nowMs }: { readonly ageMs: number; readonly nowMs: number },
): number {
  let stage = 0;
  for (const { afterMs, forMs } of levels) {
    if (ageMs < afterMs) {
      reachedMs.delete(afterMs);
      continue;
    }
    const sinceMs = reachedMs.get(afterMs) ?? nowMs;
    reachedMs.set(afterMs, sinceMs);
    stage += forMs > 0 && nowMs - sinceMs >= forMs ? 2 : 1;
  }
  return stage;
}
