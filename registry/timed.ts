import type { Clock } from '../core/clock.ts';
import { isCode } from '../core/errors.ts';
import type { Database } from './database.ts';

/** `away`: the database does not answer; `refused`: whatever else went wrong. */
export type StatementOutcome = 'ok' | 'away' | 'refused';

export interface TimedOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Told of each statement outside of transactions, and of each transaction as a whole. */
  readonly told: (
    kind: 'query' | 'transaction',
    outcome: StatementOutcome,
    seconds: number,
  ) => void;
}

/** The same database, of which somebody is told how long it took. */
export function timed(database: Database, { clock, told }: TimedOptions): Database {
  async function time<T>(kind: 'query' | 'transaction', work: () => Promise<T>): Promise<T> {
    const startMs = clock.monotonicMs();
    const tell = (outcome: StatementOutcome) =>
      told(kind, outcome, (clock.monotonicMs() - startMs) / 1_000);
    try {
      const result = await work();
      tell('ok');
      return result;
    } catch (error) {
      tell(isCode(error, 'unavailable', 'timeout') ? 'away' : 'refused');
      throw error;
    }
  }
  return {
    kind: database.kind,
    where: database.where,
    query: (text, parameters) => time('query', () => database.query(text, parameters)),
    transaction: (work) => time('transaction', () => database.transaction(work)),
    listen: (channel, listener) => database.listen(channel, listener),
    close: () => database.close(),
  };
}
