import { FluxError } from '../error.ts';
import { addMonths, civilFromDays, floorDiv, monthsOf, splitDay } from '../values/calendar.ts';
import type { Duration } from '../values/value.ts';
import type { Bounds } from './stream.ts';

/** Between instants and what clocks show in a place. Without one, both are UTC. */
export interface Zone {
  toWall(ns: bigint): bigint;
  fromWall(ns: bigint): bigint;
}

export interface IntervalOptions {
  readonly every: Duration;
  readonly period: Duration;
  readonly offset: Duration;
  readonly zone?: Zone | undefined;
}

/** `every: inf`. */
export const INFINITE_NS = 9_223_372_036_854_775_807n;

const TIME_MIN = -(2n ** 63n);
const TIME_MAX = 2n ** 63n - 1n;

/** One window, not cut to any range. */
export interface Interval extends Bounds {
  readonly index: bigint;
}

/**
 * Windows that begin at multiples of `every` (nanoseconds or whole months) since the epoch plus
 * `offset`, each `period` long: they may overlap, or leave gaps.
 */
export class Intervals {
  readonly #options: IntervalOptions;
  readonly #zero: bigint;

  constructor(options: IntervalOptions) {
    const { every, offset } = options;
    if (every.months === 0 && every.ns === 0n) {
      throw new FluxError('duration used as an interval cannot be zero');
    }
    if (every.months !== 0 && every.ns !== 0n) {
      throw new FluxError('duration used as an interval cannot mix month and nanosecond units');
    }
    if (every.months < 0 || every.ns < 0n) {
      throw new FluxError('duration used as an interval cannot be negative');
    }
    if (depthOf(options) > DEPTH_MAX) {
      throw new FluxError(`a time would lie in more than ${DEPTH_MAX} windows: use a larger every`);
    }
    this.#options = options;
    this.#zero = addMonths(0n, offset.months) + offset.ns;
  }

  get infinite(): boolean {
    return this.#options.every.ns === INFINITE_NS;
  }

  /** Each time lies in exactly one window. */
  get tiled(): boolean {
    const { every, period } = this.#options;
    return every.months === period.months && every.ns === period.ns;
  }

  at(index: bigint): Interval {
    const { every, period, zone } = this.#options;
    const from =
      every.months === 0
        ? this.#zero + every.ns * index
        : addMonths(this.#zero, every.months * Number(index));
    const to = addMonths(from, period.months) + period.ns;
    const [startNs, stopNs] = from <= to ? [from, to] : [to, from];
    if (zone === undefined) return { index, startNs, stopNs };
    return { index, startNs: zone.fromWall(startNs), stopNs: zone.fromWall(stopNs) };
  }

  /** The latest window that begins at or before a time. */
  latest(ns: bigint): Interval {
    return this.at(this.#indexOf(this.#options.zone?.toWall(ns) ?? ns));
  }

  /** The windows that contain a time, latest first. */
  *containing(ns: bigint): Generator<Interval> {
    let interval = this.latest(ns);
    if (this.#options.period.ns < 0n || this.#options.period.months < 0) {
      for (let next = this.at(interval.index + 1n); contains(next, ns); ) {
        interval = next;
        next = this.at(next.index + 1n);
      }
    }
    while (contains(interval, ns)) {
      yield interval;
      interval = this.at(interval.index - 1n);
    }
  }

  /** The windows that meet a range, earliest first, uncut. */
  *within(bounds: Bounds): Generator<Interval> {
    let interval = this.latest(bounds.startNs);
    while (interval.stopNs > bounds.startNs) interval = this.at(interval.index - 1n);
    for (;;) {
      interval = this.at(interval.index + 1n);
      if (interval.startNs >= bounds.stopNs) return;
      yield interval;
    }
  }

  #indexOf(ns: bigint): bigint {
    const { every } = this.#options;
    if (every.months === 0) return floorDiv(ns - this.#zero, every.ns);
    const months = monthsOf(ns) - monthsOf(this.#zero);
    const target = beforeWithinMonth(ns, this.#zero) ? months - 1 : months;
    return BigInt(Math.floor(target / every.months));
  }
}

/** Windows that one time may lie in: looking for them takes a step for each. */
const DEPTH_MAX = 1_000_000;
const MONTH_NS = 30n * 86_400_000_000_000n;

function depthOf({ every, period }: IntervalOptions): number {
  const [step, length] = [every, period].map(({ months, ns }) => BigInt(months) * MONTH_NS + ns);
  return Math.abs(Number(length)) / Number(step);
}

function contains(interval: Interval, ns: bigint): boolean {
  return interval.startNs <= ns && ns < interval.stopNs;
}

function beforeWithinMonth(a: bigint, b: bigint): boolean {
  const left = splitDay(a);
  const right = splitDay(b);
  const day = civilFromDays(left.days).day - civilFromDays(right.days).day;
  return day < 0 || (day === 0 && left.rest < right.rest);
}

/** What two ranges share. */
export function intersect(a: Bounds, b: Bounds): Bounds {
  return { startNs: later(a.startNs, b.startNs), stopNs: earlier(a.stopNs, b.stopNs) };
}

export function earlier(a: bigint, b: bigint): bigint {
  if (b < a) return b;
  return a;
}

export function later(a: bigint, b: bigint): bigint {
  if (b > a) return b;
  return a;
}

/** Everything that a time can be. */
export const ALL_TIME: Bounds = { startNs: TIME_MIN, stopNs: TIME_MAX };
