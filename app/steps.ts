/** How far something is whose steps are known, but not how long each of them takes. */
import type { Clock } from '../core/clock.ts';
import { barOf, createBarLine } from './bar.ts';

/** What is being done, after `done` steps of `of`; `of` 0: nobody knows how many. */
export interface Step {
  readonly done: number;
  readonly of: number;
  readonly name: string;
}

export interface StepsOptions {
  /** A line that changes on `write`; else a line now and then to `line`. */
  readonly terminal: boolean;
  /** Writes as it stands: no line end is added. */
  readonly write: (text: string) => void;
  readonly columns: number;
  readonly line: (text: string, step: Step & { readonly seconds: number }) => void;
  readonly clock: Clock;
}

export interface Steps {
  tell(step: Step): void;
  /** Writes something else to the same terminal. */
  aside(write: () => void): void;
  /** Takes what was shown away; twice is allowed. */
  end(): Promise<void>;
}

const TICK_MS = 1_000;
const LINE_MS = 10_000;

/** Shows nothing of what takes less than a second. */
export function createSteps({ terminal, write, columns, line, clock }: StepsOptions): Steps {
  const bar = createBarLine(write, columns);
  const ending = new AbortController();
  let step: Step | undefined;
  const startMs = clock.monotonicMs();
  let stepMs = startMs;
  let lineMs = startMs;

  function show(): void {
    const nowMs = clock.monotonicMs();
    if (step === undefined || ending.signal.aborted || nowMs - startMs < TICK_MS) return;
    const seconds = Math.floor((nowMs - stepMs) / 1_000);
    const text = `${stepText(step)}${seconds > 0 ? `, for ${spanOf(seconds)}` : ''}`;
    if (terminal) {
      bar.show(`${step.of > 0 ? `${barOf(step.done / step.of)} ` : ''}${text}`);
    } else if (nowMs - lineMs >= LINE_MS) {
      lineMs = nowMs;
      line(text, { ...step, seconds });
    }
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(TICK_MS, ending.signal).catch(() => undefined);
      if (!ending.signal.aborted) show();
    }
  }

  const running = run();
  return {
    tell(next) {
      if (next.name !== step?.name) stepMs = clock.monotonicMs();
      step = next;
      show();
    },
    aside: bar.aside,
    async end() {
      ending.abort();
      await running;
      bar.clear();
    },
  };
}

/** `4 of 12: 0005-streaming` */
function stepText({ done, of, name }: Step): string {
  return of === 0 ? name : `${Math.min(done + 1, of)} of ${of}: ${name}`;
}

/** `12 s`, `3 min 5 s` */
function spanOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}

/** Counts things that are done side by side: told is how many are done, and which are at it. */
export function sideBySide(of: number, tell: (step: Step) => void) {
  let done = 0;
  /** What is being done, each with what is to be said of it. */
  const now = new Map<string, string>();
  const say = (): void => tell({ done, of, name: [...now.values()].join(', ') });
  return {
    async step<T>(name: string, work: Promise<T>): Promise<T> {
      now.set(name, name);
      say();
      try {
        return await work;
      } finally {
        now.delete(name);
        done += 1;
        if (now.size > 0) say();
      }
    },
    /** More of one of them. */
    detail(name: string, { done: at, of: all, name: what }: Step): void {
      now.set(name, all === 0 ? `${name} (${what})` : `${name} (${at + 1} of ${all}: ${what})`);
      say();
    },
  };
}

export type SideBySide = ReturnType<typeof sideBySide>;
