import type { FreshnessWish } from '../../../registry/alert-expected.ts';
import type { FreshnessKind } from '../../../registry/alerts.ts';

/** How long it must last, and then go on being found. */
export interface Level {
  readonly afterMs: number;
  readonly forMs: number;
}

/** What all alerts together want to know of one kind. */
export interface Wanted {
  readonly kind: FreshnessKind;
  /** Each once, the shortest first; never none. */
  readonly levels: readonly Level[];
  /** Lengths of the windows in which it is told once. */
  readonly windowsMs: readonly number[];
  /** When the newest alert began to ask. */
  readonly sinceMs: number;
  /** Pairs that are asked for by name. */
  readonly named: ReadonlySet<string>;
  /** Whether somebody asks for all pairs. */
  readonly all: boolean;
}

/** By kind; kinds that nobody wants are absent. */
export function wantedOf(wishes: readonly FreshnessWish[]): readonly Wanted[] {
  const kinds = [...new Set(wishes.flatMap((wish) => wish.kinds))].sort();
  return kinds.map((kind) => {
    const own = wishes.filter((wish) => wish.kinds.includes(kind));
    const levels = new Map(
      own.map(({ afterMs, forMs }) => [`${afterMs} ${forMs}`, { afterMs, forMs }]),
    );
    return {
      kind,
      levels: [...levels.values()].sort((a, b) => a.afterMs - b.afterMs || a.forMs - b.forMs),
      windowsMs: [...new Set(own.map(({ windowMs }) => windowMs))],
      sinceMs: Math.max(...own.map(({ sinceMs }) => sinceMs)),
      named: new Set(own.flatMap(({ pairs }) => pairs ?? [])),
      all: own.some(({ pairs }) => pairs === null),
    };
  });
}

/** The exchanges that somebody wants to hear of; undefined: all. */
export function exchangesOf(wishes: readonly FreshnessWish[]): ReadonlySet<string> | undefined {
  if (wishes.some(({ exchanges }) => exchanges === null)) return undefined;
  return new Set(wishes.flatMap(({ exchanges }) => exchanges ?? []));
}
