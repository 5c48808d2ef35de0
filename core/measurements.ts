/**
 * The one schema of what is stored: measurement, tags, fields with type and unit, who owns the
 * timestamp, and when a zero means absent. Writers and queries are checked against it.
 */
export type FieldType = 'float' | 'int' | 'bool' | 'string';

export interface FieldSpec {
  readonly type: FieldType;
  /** Unit of the value, in the field's own terms. */
  readonly unit: string;
  readonly about: string;
  /** What a zero means: a real zero, or "the source did not say" (then the field is left out). */
  readonly zero: 'value' | 'absent';
}

export interface MeasurementSpec {
  readonly about: string;
  readonly tags: readonly string[];
  readonly fields: Readonly<Record<string, FieldSpec>>;
  /** Fields whose names users choose: what stands before the name, and what they hold. */
  readonly named?: { readonly prefix: string; readonly field: FieldSpec };
  /** Who decides the timestamp. */
  readonly time: string;
}

const float = (unit: string, about: string, zero: FieldSpec['zero']): FieldSpec => ({
  type: 'float',
  unit,
  about,
  zero,
});
const int = (unit: string, about: string): FieldSpec => ({
  type: 'int',
  unit,
  about,
  zero: 'value',
});

const bool = (about: string): FieldSpec => ({
  type: 'bool',
  unit: 'yes or no',
  about,
  zero: 'value',
});

const text = (about: string): FieldSpec => ({
  type: 'string',
  unit: 'text',
  about,
  zero: 'value',
});

const rankFields = {
  stddev: float('quote', 'population standard deviation of the prices of the window', 'value'),
  rank: int('position', '1 is the most volatile'),
  of: int('markets', 'how many were ranked'),
} as const;

const rollup = (length: string) =>
  ({
    about: `One market of one exchange over ${length}: its prices in six numbers.`,
    tags: ['exchange', 'pair'],
    fields: {
      first: float('quote per base', 'earliest price of the step (open)', 'absent'),
      max: float('quote per base', 'highest (high)', 'absent'),
      min: float('quote per base', 'lowest (low)', 'absent'),
      last: float('quote per base', 'latest (close)', 'absent'),
      mean: float('quote per base', 'mean of all prices of the step', 'absent'),
      count: int('prices', 'how many there were; never 0'),
    },
    time: 'the beginning of the step, a multiple of its length since the epoch',
  }) as const;

const moments = {
  about: 'Two points a step that have the mean and the deviation of its prices: what ranks read.',
  tags: ['exchange', 'pair'],
  fields: {
    point: float('quote per base', 'mean - deviation, then mean + deviation', 'absent'),
  },
  time: 'the beginning of the step, and its middle',
} as const;

const deficit = {
  about: 'How many prices a step has fewer than the others, and their sums: only where it does.',
  tags: ['exchange', 'pair'],
  fields: {
    n: float('prices', 'how many are missing; negative: too many', 'value'),
    a: float('quote per base', 'n x the first 16 bits of the mean', 'value'),
    aa: float('square of that', 'n x their square', 'value'),
    r: float('quote per base', 'n x the rest of the mean', 'value'),
    q: float('square of that', 'n x (mean square - square of the first bits)', 'value'),
  },
  time: 'the beginning of the step',
} as const;

export const measurements = {
  price: {
    about: 'One market of one exchange at one slot.',
    tags: ['exchange', 'pair'],
    fields: {
      price: float('quote per base', 'last trade', 'absent'),
      bid: float('quote per base', 'best bid', 'absent'),
      ask: float('quote per base', 'best ask', 'absent'),
      volume: float('base', 'traded in the last 24 h', 'value'),
      quote_volume: float('quote', 'traded in the last 24 h', 'value'),
      exchange_time: int('ms since the epoch', "the exchange's own time"),
      backfilled: bool('taken from a candle after the fact; only ever true'),
    },
    time: "the poll's slot: the same slot again overwrites itself",
  },
  // Each level in a bucket of its own: core/rollups.ts.
  price_1m: rollup('a minute'),
  price_5m: rollup('five minutes'),
  price_1h: rollup('an hour'),
  price_1d: rollup('a day, UTC'),
  // In the bucket of the ranks.
  moments_5m: moments,
  moments_10m: moments,
  moments_1h: moments,
  deficit_5m: deficit,
  deficit_10m: deficit,
  deficit_1h: deficit,
  rollup_step: {
    about: 'That a task has written a step, be it without prices.',
    tags: ['task'],
    fields: {
      series: int('markets', 'how many had prices'),
      regular: int('prices', 'how many prices of a market are the rule'),
    },
    time: 'the beginning of the step',
  },
  rank: {
    about: "A market's volatility among its exchange's markets, over the trailing window.",
    tags: ['exchange', 'pair', 'window'],
    fields: rankFields,
    time: 'the end of the window',
  },
  pair_rank: {
    about: "A pair's volatility over all its exchanges, among all pairs.",
    tags: ['pair', 'window'],
    fields: rankFields,
    time: 'the end of the window',
  },
  scan: {
    about: 'One slot of one monitor: what its scan found out.',
    tags: ['monitor'],
    fields: {
      ok: bool('answered as expected'),
      reason: text('how it ended, of a closed set'),
      status: int('HTTP status', 'of the last hop; absent without an answer'),
      bytes: int('bytes', 'of the body after decompression, as far as it was read'),
      wire_bytes: int('bytes', 'of the body as it came'),
      truncated: bool('the body went on after what was read; only ever true'),
      hops: int('redirects', 'how many were followed'),
      matched: bool('whether the pattern matched; absent without one'),
      dns_ms: float('ms', 'resolving names, of all hops; absent on a kept connection', 'value'),
      connect_ms: float('ms', 'opening connections', 'value'),
      tls_ms: float('ms', 'handshakes', 'value'),
      ttfb_ms: float('ms', 'from the request to the first byte of the answer', 'value'),
      transfer_ms: float('ms', 'from there to the last byte that was read', 'value'),
      total_ms: float('ms', 'from the begin to the verdict', 'value'),
      late_ms: float('ms', 'from when it was due to when it began', 'value'),
      cert_days: float('days', 'to the first end of a certificate of the chain', 'value'),
    },
    named: {
      prefix: 'value_',
      field: float("the page's own", 'the number in the named group of the pattern', 'value'),
    },
    time: 'the slot: the same slot again overwrites itself',
  },
  alert: {
    about: 'What a rule found: the extreme point of one series in one step.',
    tags: ['rule', 'exchange', 'pair', 'monitor'],
    fields: {
      value: float("the metric's own", 'of the point', 'value'),
      average: float('the same', 'mean of the window before the step; of ratios', 'value'),
      factor: float('times', 'of ratios', 'value'),
      limit: float("the metric's own", 'of thresholds', 'value'),
      samples: int('points', 'in the window; of ratios'),
      window_start: int('ms since the epoch', 'where the window begins; of ratios'),
    },
    time: "the point's own; rules leave marks in `rollup_step` at the end of each step",
  },
  article: {
    about: 'An article that was found, updated, matched by a rule, or that speaks of a currency.',
    tags: ['feed', 'event', 'rule', 'symbol'],
    fields: {
      article: int('id', "the registry's"),
      title: text('as published'),
      url: text('of its page'),
      lag_ms: float('ms', 'from its publication to when it was seen; absent when unknown', 'value'),
    },
    time: 'when it was seen, in nanoseconds that no other article of the registry has',
  },
  feed_check: {
    about: 'One check of one feed: what came of it.',
    tags: ['feed'],
    fields: {
      status: int('HTTP status', 'of the last answer; absent without one'),
      reason: text('how it ended, of a closed set'),
      items: int('items', 'in the body; absent where none was read'),
      fresh: int('articles', 'that were new'),
      updated: int('articles', 'that were changed'),
      body_bytes: int('bytes', 'of the body after decompression; absent without one'),
      total_ms: float('ms', 'from the first request to what came of it', 'value'),
    },
    time: 'when it ended',
  },
  ingest: {
    about: 'One slot of one exchange: how punctual it was and what came of it.',
    tags: ['exchange'],
    fields: {
      late_ms: float('ms', 'from when its run was due to when it began', 'value'),
      took_ms: float(
        'ms',
        'from its begin to its points being handed over to the disk, or to its failure',
        'value',
      ),
      rows: int('points', 'prices that were written'),
      ok: bool('whether the exchange answered and its prices were written'),
    },
    time: 'the slot; slots that were skipped have none',
  },
} as const satisfies Record<string, MeasurementSpec>;

export type Measurement = keyof typeof measurements;
