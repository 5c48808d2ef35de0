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

const rankFields = {
  stddev: float('quote', 'population standard deviation over the trailing 24 h', 'value'),
  rank: int('position', '1 is the most volatile'),
  of: int('markets', 'how many were ranked'),
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
  rank: {
    about: "A market's volatility among its exchange's markets.",
    tags: ['exchange', 'pair'],
    fields: rankFields,
    time: "the task run's slot",
  },
  pair_rank: {
    about: "A pair's volatility over all its exchanges, among all pairs.",
    tags: ['pair'],
    fields: rankFields,
    time: "the task run's slot",
  },
} as const satisfies Record<string, MeasurementSpec>;

export type Measurement = keyof typeof measurements;
