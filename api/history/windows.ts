/** Prices of one exchange within one window, or a part of it. What was not read is NaN. */
export interface Window {
  readonly exchange: string;
  /** The window's beginning. */
  readonly timeMs: number;
  first: number;
  max: number;
  min: number;
  last: number;
  mean: number;
  /** Of all its prices. */
  sum: number;
  count: number;
}

/** A window that has one price. */
export function ofPrice(exchange: string, timeMs: number, price: number): Window {
  return {
    exchange,
    timeMs,
    first: price,
    max: price,
    min: price,
    last: price,
    mean: price,
    sum: price,
    count: 1,
  };
}

/** Adds what comes later in time. Prices that stand still have exactly their price as the mean. */
export function addTo(window: Window, later: Window): void {
  window.max = Math.max(window.max, later.max);
  window.min = Math.min(window.min, later.min);
  window.last = later.last;
  window.sum += later.sum;
  window.count += later.count;
  if (window.mean !== later.mean) window.mean = window.sum / window.count;
}

/** Joins neighbours of the same exchange and window; parts come by exchange, then time. */
export class Joiner {
  #open: Window | undefined;

  /** Windows that are complete when these parts have come. */
  add(parts: readonly Window[]): Window[] {
    const complete: Window[] = [];
    for (const part of parts) {
      const open = this.#open;
      if (open?.timeMs === part.timeMs && open.exchange === part.exchange) {
        addTo(open, part);
      } else {
        if (open !== undefined) complete.push(open);
        this.#open = part;
      }
    }
    return complete;
  }

  /** The last one. */
  end(): Window[] {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? [] : [open];
  }
}
