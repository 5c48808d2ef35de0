import type { Bounds } from '../tables/stream.ts';

/** Windows of one fixed length, one after another, aligned to the epoch plus an offset. */
export interface FixedWindow {
  readonly everyNs: bigint;
  readonly offsetNs: bigint;
}

/** The windows that meet a time range, numbered from 0. */
export class WindowGrid {
  readonly bounds: Bounds;
  readonly everyNs: bigint;
  /** Start of window 0, not cut to the range. */
  readonly baseNs: bigint;
  readonly count: number;

  constructor(window: FixedWindow, bounds: Bounds) {
    const { everyNs, offsetNs } = window;
    const shifted = bounds.startNs - offsetNs;
    const into = ((shifted % everyNs) + everyNs) % everyNs;
    this.bounds = bounds;
    this.everyNs = everyNs;
    this.baseNs = bounds.startNs - into;
    this.count = Number((bounds.stopNs - this.baseNs + everyNs - 1n) / everyNs);
  }

  /** Cut to the range, as InfluxDB does with the first and the last window. */
  startOf(index: number): bigint {
    const start = this.baseNs + BigInt(index) * this.everyNs;
    return start < this.bounds.startNs ? this.bounds.startNs : start;
  }

  stopOf(index: number): bigint {
    const stop = this.baseNs + BigInt(index + 1) * this.everyNs;
    return stop > this.bounds.stopNs ? this.bounds.stopNs : stop;
  }

  boundsOf(index: number): Bounds {
    return { startNs: this.startOf(index), stopNs: this.stopOf(index) };
  }

  /** SQL for the number of the window that a point lies in. */
  get sql(): string {
    return `((p.time - ${this.baseNs}::BIGINT) // ${this.everyNs}::BIGINT)::INTEGER`;
  }
}
