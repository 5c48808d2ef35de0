import { intersect } from '../tables/intervals.ts';
import type { Bounds } from '../tables/stream.ts';
import { addMonths, monthsOf } from '../values/calendar.ts';

/** Windows one after another, aligned to the epoch plus an offset; `every` is one or the other. */
export interface FixedWindow {
  readonly everyNs: bigint;
  /** Whole months, when everyNs is 0. */
  readonly everyMonths: number;
  readonly offsetNs: bigint;
}

/** The windows that meet a time range, numbered from 0. */
export interface WindowGrid {
  readonly count: number;
  /** SQL for the number of the window that a point lies in. */
  readonly sql: string;
  /** Cut to the range, as InfluxDB does with the first and the last window. */
  boundsOf(index: number): Bounds;
}

export function windowGrid(window: FixedWindow, bounds: Bounds): WindowGrid {
  return window.everyMonths > 0 ? new MonthGrid(window, bounds) : new FixedGrid(window, bounds);
}

function cut(startNs: bigint, stopNs: bigint, bounds: Bounds): Bounds {
  return intersect({ startNs, stopNs }, bounds);
}

class FixedGrid implements WindowGrid {
  readonly count: number;
  readonly sql: string;
  readonly #bounds: Bounds;
  readonly #everyNs: bigint;
  readonly #baseNs: bigint;

  constructor({ everyNs, offsetNs }: FixedWindow, bounds: Bounds) {
    const shifted = bounds.startNs - offsetNs;
    const into = ((shifted % everyNs) + everyNs) % everyNs;
    this.#bounds = bounds;
    this.#everyNs = everyNs;
    this.#baseNs = bounds.startNs - into;
    this.count = Number((bounds.stopNs - this.#baseNs + everyNs - 1n) / everyNs);
    this.sql = `((p.time - ${this.#baseNs}::BIGINT) // ${everyNs}::BIGINT)::INTEGER`;
  }

  boundsOf(index: number): Bounds {
    const start = this.#baseNs + BigInt(index) * this.#everyNs;
    return cut(start, start + this.#everyNs, this.#bounds);
  }
}

class MonthGrid implements WindowGrid {
  readonly count: number;
  readonly sql: string;
  readonly #bounds: Bounds;
  readonly #window: FixedWindow;
  /** Months since the epoch at which window 0 begins. */
  readonly #base: number;

  constructor(window: FixedWindow, bounds: Bounds) {
    const { everyMonths, offsetNs } = window;
    const first = Math.floor(monthsOf(bounds.startNs - offsetNs) / everyMonths);
    const last = Math.floor(monthsOf(bounds.stopNs - 1n - offsetNs) / everyMonths);
    this.#bounds = bounds;
    this.#window = window;
    this.#base = first * everyMonths;
    this.count = last - first + 1;
    const shifted = `make_timestamp_ns(p.time - ${offsetNs}::BIGINT)`;
    const month = `(year(${shifted}) - 1970) * 12 + month(${shifted}) - 1`;
    this.sql = `((${month} - ${this.#base}) // ${everyMonths})::INTEGER`;
  }

  boundsOf(index: number): Bounds {
    const { everyMonths, offsetNs } = this.#window;
    const at = (number: number) => addMonths(0n, this.#base + number * everyMonths) + offsetNs;
    return cut(at(index), at(index + 1), this.#bounds);
  }
}
