import type { AlertRule } from '../../core/alert-rules.ts';

export interface SecondLook {
  readonly rule: AlertRule;
  readonly stepMs: number;
}

/** How long after its task a step is looked at once more. */
const WAIT_MS = 30_000;

/**
 * Steps whose task has run. An exchange that takes longer to answer than the task waits has its
 * points in a step that is over: where there is such a one, the step is looked at once more.
 */
export class SecondLooks {
  readonly #slowestMs: () => Promise<number>;
  readonly #offsetOf: (rule: AlertRule) => number;
  #waiting: SecondLook[] = [];

  constructor(options: {
    /** How long after their slot the newest prices of the slowest exchange came. */
    readonly slowestMs: () => Promise<number>;
    readonly offsetOf: (rule: AlertRule) => number;
  }) {
    this.#slowestMs = options.slowestMs;
    this.#offsetOf = options.offsetOf;
  }

  /** Only of prices: scans are written when they end, and are of any time. */
  note(look: SecondLook): void {
    const { kind, metric } = look.rule;
    if (kind !== 'canary' && metric !== 'latency') this.#waiting.push(look);
  }

  /** Those that it is time for, each once. */
  async due(nowMs: number): Promise<readonly SecondLook[]> {
    const isDue = ({ rule, stepMs }: SecondLook) =>
      stepMs + this.#offsetOf(rule) + WAIT_MS <= nowMs;
    const due = this.#waiting.filter(isDue);
    if (due.length === 0) return [];
    this.#waiting = this.#waiting.filter((look) => !isDue(look));
    const slowestMs = await this.#slowestMs();
    return due.filter(({ rule }) => slowestMs > this.#offsetOf(rule));
  }
}
