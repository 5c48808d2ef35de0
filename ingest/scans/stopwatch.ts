import { type Clock, toMicros } from '../../core/clock.ts';

export const PHASES = ['dns', 'connect', 'tls', 'firstByte', 'transfer'] as const;
export type Phase = (typeof PHASES)[number];

/** Milliseconds of each phase that was entered, also of the one in which a scan failed. */
export type Phases = Partial<Record<Phase, number>>;

/** Measures one exchange: phases follow each other, one at a time. */
export class Stopwatch {
  readonly phases: Phases = {};
  #phase: Phase | undefined;
  /** When it began; undefined between phases. */
  #sinceMs: number | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The phase that runs, or ran last. */
  get phase(): Phase | undefined {
    return this.#phase;
  }

  enter(phase: Phase): void {
    this.stop();
    this.#phase = phase;
    this.phases[phase] ??= 0;
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** Ends the phase that runs; time between phases belongs to none. */
  stop(): void {
    if (this.#phase === undefined || this.#sinceMs === undefined) return;
    const tookMs = this.#clock.monotonicMs() - this.#sinceMs;
    this.phases[this.#phase] = toMicros((this.phases[this.#phase] ?? 0) + tookMs);
    this.#sinceMs = undefined;
  }
}

/** The phases of several exchanges together. */
export function sumPhases(all: readonly Phases[]): Phases {
  const sum: Phases = {};
  for (const phases of all) {
    for (const phase of PHASES) {
      const ms = phases[phase];
      if (ms !== undefined) sum[phase] = toMicros((sum[phase] ?? 0) + ms);
    }
  }
  return sum;
}
