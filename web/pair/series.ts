/** Prices of many exchanges as lines over one axis of time. Pure: no page needed. */

export interface Price {
  readonly price: number | null;
  /** The begin of its window, RFC 3339. */
  readonly time: string;
  readonly exchange: string;
}

/** Windows of one length from `fromMs` on: one place for each, in every line. */
export class Series {
  readonly fromMs: number;
  readonly everyMs: number;
  /** Begins of the windows, seconds since the epoch. */
  readonly times: number[] = [];
  readonly lines = new Map<string, (number | null)[]>();
  count = 0;

  constructor(fromMs: number, toMs: number, everyMs: number) {
    this.everyMs = everyMs;
    this.fromMs = Math.floor(fromMs / everyMs) * everyMs;
    this.grow(toMs);
  }

  /** Windows up to the one that `toMs` is in. */
  grow(toMs: number): void {
    const length = Math.max(0, Math.floor((toMs - this.fromMs) / this.everyMs) + 1);
    for (let at = this.times.length; at < length; at += 1) {
      this.times.push((this.fromMs + at * this.everyMs) / 1000);
    }
    for (const line of this.lines.values()) pad(line, this.times.length);
  }

  /** The last price put in a window is its price; what lies before the first is left out. */
  put(prices: readonly Price[]): void {
    for (const { price, time, exchange } of prices) {
      const at = Math.floor((Date.parse(time) - this.fromMs) / this.everyMs);
      if (!(at >= 0)) continue;
      if (at >= this.times.length) this.grow(this.fromMs + at * this.everyMs);
      let line = this.lines.get(exchange);
      if (line === undefined) {
        line = [];
        pad(line, this.times.length);
        this.lines.set(exchange, line);
      }
      if (line[at] === null) this.count += 1;
      line[at] = price;
    }
  }

  /** Forgets windows from before this, so that a page that stays open does not grow. */
  trim(fromMs: number): Series {
    const skip = Math.floor((fromMs - this.fromMs) / this.everyMs);
    if (skip <= 0) return this;
    const from = this.fromMs + skip * this.everyMs;
    const rest = new Series(
      from,
      from + (this.times.length - skip - 1) * this.everyMs,
      this.everyMs,
    );
    for (const [exchange, line] of this.lines) rest.lines.set(exchange, line.slice(skip));
    for (const line of rest.lines.values()) {
      pad(line, rest.times.length);
      for (const value of line) if (value !== null) rest.count += 1;
    }
    return rest;
  }
}

function pad(line: (number | null)[], length: number): void {
  while (line.length < length) line.push(null);
}

/**
 * The median over the lines at each time. Where less than half of them have a price there is none:
 * it would leap from one exchange to another.
 */
export function medianLine(lines: readonly (readonly (number | null)[])[]): (number | null)[] {
  const length = lines[0]?.length ?? 0;
  const found: number[] = [];
  return Array.from({ length }, (_, at) => {
    found.length = 0;
    for (const line of lines) {
      const value = line[at];
      if (value !== null && value !== undefined) found.push(value);
    }
    return found.length * 2 < lines.length ? null : median(found);
  });
}

/** Null of nothing. Sorts in place. */
export function median(values: number[]): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

/** The newest price of each exchange. */
export function newestOf(prices: readonly Price[]): Map<string, Price> {
  const newest = new Map<string, Price>();
  for (const one of prices) {
    const known = newest.get(one.exchange);
    if (one.price !== null && (known === undefined || one.time >= known.time)) {
      newest.set(one.exchange, one);
    }
  }
  return newest;
}
