import type { AlertRule } from '../../core/alert-rules.ts';

export interface SeriesPoint {
  readonly timeMs: number;
  readonly value: number;
}

/** A step in which a series was remarkable, as a task would have found it. */
export interface JudgedStep {
  /** When it ended. */
  readonly stepMs: number;
  /** Null: it had points, none of them remarkable. */
  readonly found: FoundInStep | null;
}

export interface FoundInStep extends SeriesPoint {
  readonly average: number | null;
  readonly samples: number | null;
}

/** Least number of points of a mean, as in flux/tasks/alert-ratio.flux. */
const SAMPLES_MIN = 2;

/**
 * Judges a series as the Flux task of its rule does, point by point in the order of time: the most
 * extreme point of each step against the mean of the window before the step. Steps without points
 * say nothing.
 */
export class SeriesJudge {
  readonly #rule: AlertRule;
  readonly #everyMs: number;
  /** Points of the window, and of the step that goes on. */
  #points: SeriesPoint[] = [];
  /** Of the first `#past` of them, which are before the step. */
  #first = 0;
  #past = 0;
  #sum = 0;
  /** What the sum has lost by rounding: Neumaier's compensated summation (ZAMM 54, 1974). */
  #lost = 0;
  #stepMs = Number.NEGATIVE_INFINITY;

  constructor(rule: AlertRule, { everyMs }: { readonly everyMs: number }) {
    this.#rule = rule;
    this.#everyMs = everyMs;
  }

  /** The step that the point ends, if it does. */
  add(point: SeriesPoint): JudgedStep | undefined {
    const stepMs = Math.ceil(point.timeMs / this.#everyMs) * this.#everyMs;
    const ended = stepMs > this.#stepMs ? this.end() : undefined;
    this.#stepMs = stepMs;
    this.#points.push(point);
    return ended;
  }

  /** The step that goes on, as far as it came. */
  end(): JudgedStep | undefined {
    if (this.#past === this.#points.length) return undefined;
    this.#forget();
    const step = { stepMs: this.#stepMs, found: this.#found() };
    for (const { value } of this.#points.slice(this.#past)) this.#add(value);
    this.#past = this.#points.length;
    return step;
  }

  /** Points that are older than the window. */
  #forget(): void {
    const oldestMs = this.#stepMs - this.#everyMs - this.#rule.windowMs;
    while (this.#first < this.#past && this.#points[this.#first]!.timeMs <= oldestMs) {
      this.#add(-this.#points[this.#first]!.value);
      this.#first += 1;
    }
    // Cut off in large pieces: each costs what is kept.
    if (this.#first <= this.#points.length / 2) return;
    this.#points = this.#points.slice(this.#first);
    this.#past -= this.#first;
    this.#first = 0;
  }

  #add(value: number): void {
    const sum = this.#sum + value;
    const [big, small] =
      Math.abs(this.#sum) >= Math.abs(value) ? [this.#sum, value] : [value, this.#sum];
    this.#lost += big - sum + small;
    this.#sum = sum;
  }

  /** Of the window; taken anew where it has overflown. */
  #whole(): number {
    if (Number.isFinite(this.#sum)) return this.#sum + this.#lost;
    [this.#sum, this.#lost] = [0, 0];
    for (const { value } of this.#points.slice(this.#first, this.#past)) this.#add(value);
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }

  #found(): FoundInStep | null {
    const { kind, direction, limit } = this.#rule;
    let extreme = this.#points[this.#past]!;
    for (const point of this.#points.slice(this.#past + 1)) {
      const more =
        direction === 'above' ? point.value > extreme.value : point.value < extreme.value;
      if (more) extreme = point;
    }
    if (kind === 'ratio') return this.#againstMean(extreme);
    const fires = direction === 'above' ? extreme.value > limit! : extreme.value < limit!;
    return fires ? { ...extreme, average: null, samples: null } : null;
  }

  #againstMean(extreme: SeriesPoint): FoundInStep | null {
    const { direction, factor } = this.#rule;
    const samples = this.#past - this.#first;
    if (samples < SAMPLES_MIN) return null;
    const average = this.#whole() / samples;
    if (!(average > 0) || average === Number.POSITIVE_INFINITY) return null;
    const limit = direction === 'above' ? average * factor! : average / factor!;
    const fires = direction === 'above' ? extreme.value > limit : extreme.value < limit;
    return fires ? { ...extreme, average, samples } : null;
  }
}
