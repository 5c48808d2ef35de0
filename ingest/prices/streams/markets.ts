import { randomUUID } from 'node:crypto';
import { messageOf } from '../../../core/errors.ts';
import type { DropCounts, DropReason, ParsedPrices, StreamSource } from '../adapter.ts';
import { Refusal } from '../refusal.ts';
import { createAddress } from './address.ts';
import { type Book, createBook, type PollTimes } from './book.ts';
import { type Connection, createConnection } from './connection.ts';
import type { StreamSourceOptions } from './options.ts';
import { createPool, type Pool } from './pool.ts';
import { Session, type SessionEnd } from './session.ts';
import { createTurns } from './turns.ts';

/** How many markets are served by the stream, wait for it, or are left to polls for good. */
export interface Census {
  readonly covered: number;
  readonly pending: number;
  readonly left: number;
}

/** The markets of one exchange: what is known of them, and the connections that tell it. */
export interface StreamedMarkets {
  readonly book: Book;
  readonly pool: Pool;
  census(): Census;
  /** Takes the answer of a poll: markets, prices, and whether the stream had the same. */
  seed(parsed: ParsedPrices, poll: PollTimes): void;
  /** What was left out since the last call, by reason. */
  takeDropped(): DropCounts;
  /** All is well: the next trouble is news again. */
  forgetTrouble(): void;
}

export function createMarkets(options: StreamSourceOptions): StreamedMarkets {
  const { clock, log, metrics } = options;
  const { id } = options.exchange.adapter;
  const stream = requireStream(options);
  let dropped: Partial<Record<DropReason, number>> = {};
  const drop = (counts: DropCounts): void => {
    for (const [reason, count] of Object.entries(counts) as [DropReason, number][]) {
      dropped[reason] = (dropped[reason] ?? 0) + count;
    }
  };
  const trouble = createTrouble(options);
  const begin = createBegin(options, stream, (prices) => {
    book.update(prices.rows, clock.monotonicMs());
    drop(prices.dropped);
  });
  const pool = createPool({
    stream,
    connect: (symbols): Connection =>
      createConnection(
        {
          clock,
          random: options.random,
          begin: (asked, signal) => begin(book, asked, signal),
          troubleOf,
          onEnd: trouble.note,
        },
        symbols,
      ),
  });
  const book = createBook({ stream, confirmedMs: pool.confirmedMs });
  return {
    book,
    pool,
    census() {
      const census = { covered: 0, pending: 0, left: 0 };
      for (const symbol of book.symbols.keys()) {
        if (book.covered(symbol)) census.covered += 1;
        else if (pool.standing(symbol) === 'left') census.left += 1;
        else census.pending += 1;
      }
      return census;
    },
    seed({ rows, dropped: counts }, poll) {
      const drift = book.seed(rows, poll);
      drop(counts);
      if (drift.drifted.length > 0) metrics.drifted(id, drift.drifted.length);
      const restarted = pool.restartDrifted(drift);
      if (restarted > 0) log.warn({ exchange: id, restarted }, 'a price stream loses updates');
      pool.plan(book.symbols.keys());
    },
    takeDropped() {
      const counts = dropped;
      dropped = {};
      return counts;
    },
    forgetTrouble: trouble.forget,
  };
}

function requireStream({ exchange }: StreamSourceOptions): StreamSource {
  const { id, stream } = exchange.adapter;
  if (!stream) throw new Refusal('internal', `${id} has no stream`);
  return stream;
}

/** How a session of this exchange begins: in its turn, at an address that may have to be asked. */
function createBegin(
  options: StreamSourceOptions,
  stream: StreamSource,
  onPrices: (prices: ParsedPrices) => void,
) {
  const { clock, connect, metrics } = options;
  const { id } = options.exchange.adapter;
  const takeTurn = createTurns(clock, stream.connectSpacingMs);
  const addressOf = createAddress(options, stream);
  return async (book: Book, symbols: ReadonlySet<string>, signal: AbortSignal) => {
    await takeTurn(signal);
    const url = await addressOf(signal, randomUUID());
    if (signal.aborted) throw new Refusal('cancelled', 'the stream is closed');
    const reader = stream.open(book.symbols);
    const onFrame = (outcome: Parameters<typeof metrics.frame>[1]) => metrics.frame(id, outcome);
    return new Session({ stream, url, reader, connect, clock, onPrices, onFrame }, symbols);
  };
}

/** Only the request for the address can fail before there is a session. */
function troubleOf(error: unknown): SessionEnd {
  const pauseMs = error instanceof Refusal ? error.pauseMs : undefined;
  return { reason: 'ticket', why: messageOf(error), healthyMs: 0, pauseMs };
}

/** Counts every end and tells each kind of trouble once, until all is well again. */
function createTrouble({ exchange, log, metrics }: StreamSourceOptions) {
  const { id } = exchange.adapter;
  const told = new Set<string>();
  return {
    note({ reason, why }: SessionEnd, waitMs: number): void {
      metrics.reconnected(id, reason);
      if (told.has(reason)) return;
      told.add(reason);
      const ids = { exchange: id, reason, error: why, retryMs: Math.round(waitMs) };
      log.warn(ids, 'a price stream ended: its markets are polled meanwhile');
    },
    forget: () => told.clear(),
  };
}
