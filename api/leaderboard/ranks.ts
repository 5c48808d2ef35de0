import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Influx } from '../contract.ts';
import { pickRows } from '../rows/store.ts';

const KEEP_MS = 10_000;

export interface Ranks {
  /** Newest rank of every pair over all exchanges, `4/9`; empty while InfluxDB cannot say. */
  newest(): Promise<ReadonlyMap<string, string>>;
}

interface RanksOptions {
  readonly influx: Influx;
  /** The Flux text: one row a pair with columns pair, rank, of. */
  readonly flux: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ranks change once a minute: one query serves everybody who asks within some seconds. */
export function createRanks({ influx, flux, clock, log }: RanksOptions): Ranks {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<ReadonlyMap<string, string>> = Promise.resolve(new Map());
  return {
    newest() {
      const nowMs = clock.monotonicMs();
      if (nowMs - readAtMs < KEEP_MS) return reading;
      readAtMs = nowMs;
      reading = read();
      return reading;
    },
  };

  async function read(): Promise<ReadonlyMap<string, string>> {
    const ranks = new Map<string, string>();
    try {
      // Many callers wait for this one query: none of them may cancel it.
      const { signal } = new AbortController();
      for await (const batch of pickRows(influx, flux(), ['pair', 'rank', 'of'], signal)) {
        const [pair = 0, rank = 0, of = 0] = batch.indexes;
        for (const row of batch.rows) ranks.set(row[pair]!, `${row[rank]}/${row[of]}`);
      }
    } catch (error) {
      // The list of pairs is worth having without ranks.
      log.warn({ reason: messageOf(error) }, 'ranks of the pairs could not be read');
    }
    return ranks;
  }
}
