import type { Influx } from '../core/influx/influx.ts';
import { justAfter, type StepRange } from './alert-queries.ts';
import { bind, loadFlux } from './load.ts';

/** What the freshness of prices is judged by. */
export type FreshnessField = 'price' | 'volume' | 'exchange_time';

export interface FreshnessPoint {
  readonly exchange: string;
  readonly pair: string;
  readonly timeMs: number;
  readonly value: number;
}

/** A market whose field had one value and no other. */
export interface SteadyMarket {
  readonly exchange: string;
  readonly pair: string;
}

/**
 * All ranges: after `fromMs`, up to and with `toMs`; nothing from the future. Throws what the client
 * throws: an answer that is cut short is none.
 */
export interface FreshnessReader {
  /** All points of a few minutes; those of a market in the order of time. */
  newest(field: FreshnessField, range: StepRange, signal?: AbortSignal): Promise<FreshnessPoint[]>;
  /** The newest point of each market. */
  last(field: FreshnessField, range: StepRange, signal?: AbortSignal): Promise<FreshnessPoint[]>;
  steady(field: FreshnessField, range: StepRange, signal?: AbortSignal): Promise<SteadyMarket[]>;
}

const MARKET = { exchange: 'string', pair: 'string' } as const;
// Times of an exchange are integers, the others floats.
const POINT = { ...MARKET, _time: 'time', _value: 'text' } as const;
const END = { ...MARKET, end: 'string', _value: 'text' } as const;

export function createFreshnessReader(influx: Pick<Influx, 'collect' | 'bucket'>): FreshnessReader {
  const script = (name: string, field: FreshnessField, { fromMs, toMs }: StepRange) => {
    const { bucket } = influx;
    const range = { start: justAfter(fromMs), stop: justAfter(toMs) };
    return bind(loadFlux(name), { bucket, field, ...range });
  };
  const points = async (flux: string, signal?: AbortSignal): Promise<FreshnessPoint[]> => {
    const rows = await influx.collect(flux, POINT, { ...(signal && { signal }) });
    const found = rows.map(({ exchange, pair, _time, _value }) => {
      return { exchange, pair, timeMs: Date.parse(_time), value: Number(_value) };
    });
    return found.sort((a, b) => a.timeMs - b.timeMs);
  };
  return {
    newest: (field, range, signal) => points(script('freshness-newest', field, range), signal),
    last: (field, range, signal) => points(script('freshness-last', field, range), signal),
    async steady(field, range, signal) {
      const flux = script('freshness-ends', field, range);
      const rows = await influx.collect(flux, END, { ...(signal && { signal }) });
      const lowest = new Map<string, string>();
      for (const { exchange, pair, end, _value } of rows) {
        if (end === 'min') lowest.set(`${exchange} ${pair}`, _value);
      }
      return rows.flatMap(({ exchange, pair, end, _value }) => {
        const steady = end === 'max' && lowest.get(`${exchange} ${pair}`) === _value;
        return steady ? [{ exchange, pair }] : [];
      });
    },
  };
}
