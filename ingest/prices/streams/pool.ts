import type { StreamSource } from '../adapter.ts';
import type { Drift } from './book.ts';
import type { Connection } from './connection.ts';

/** Where a market stands: subscribed, about to be, or left to polling for good. */
export type Standing = 'served' | 'pending' | 'left';

/** All connections of one exchange, and which market is on which. */
export interface Pool {
  /** Makes these the markets: new ones get a place while there is room, gone ones lose theirs. */
  plan(symbols: Iterable<string>): void;
  standing(symbol: string): Standing;
  confirmedMs(symbol: string): number | undefined;
  /** How many connections are open and subscribed. */
  whole(): number;
  /** Ends the connections that lose updates; answers how many. */
  restartDrifted(drift: Drift): number;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly stream: Pick<StreamSource, 'symbolsPerConnectionMax' | 'connectionsMax'>;
  readonly connect: (symbols: readonly string[]) => Connection;
}

/** So many quiet markets of one connection, and such a share, do not trade while a poll runs. */
const DRIFTED_MIN = 10;
const DRIFTED_SHARE = 0.1;

export function createPool({ stream, connect }: PoolOptions): Pool {
  const connections: Connection[] = [];
  const places = new Map<string, Connection>();

  const place = (symbols: readonly string[]): void => {
    let rest = symbols;
    const take = (room: number): readonly string[] => {
      const taken = rest.slice(0, room);
      rest = rest.slice(taken.length);
      return taken;
    };
    for (const connection of connections) {
      const more = take(stream.symbolsPerConnectionMax - connection.symbols.size);
      if (more.length === 0) continue;
      connection.add(more);
      for (const symbol of more) places.set(symbol, connection);
    }
    while (rest.length > 0 && connections.length < stream.connectionsMax) {
      const own = take(stream.symbolsPerConnectionMax);
      const connection = connect(own);
      connections.push(connection);
      for (const symbol of own) places.set(symbol, connection);
    }
  };
  return {
    plan(symbols) {
      const wanted = new Set(symbols);
      for (const [symbol, connection] of places) {
        if (wanted.has(symbol)) continue;
        connection.remove(symbol);
        places.delete(symbol);
      }
      place([...wanted].filter((symbol) => !places.has(symbol)));
    },
    standing(symbol) {
      const connection = places.get(symbol);
      if (!connection || connection.refused(symbol)) return 'left';
      return connection.confirmedMs(symbol) === undefined ? 'pending' : 'served';
    },
    confirmedMs: (symbol) => places.get(symbol)?.confirmedMs(symbol),
    whole: () => connections.filter((connection) => connection.whole).length,
    restartDrifted({ compared, drifted }) {
      let restarted = 0;
      for (const connection of connections) {
        const of = (symbols: readonly string[]): number =>
          symbols.filter((symbol) => connection.symbols.has(symbol)).length;
        const [wrong, all] = [of(drifted), of(compared)];
        if (wrong < DRIFTED_MIN || wrong < all * DRIFTED_SHARE) continue;
        connection.restart(
          'drift',
          `${wrong} of ${all} quiet markets have another price in a poll`,
        );
        restarted += 1;
      }
      return restarted;
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}
