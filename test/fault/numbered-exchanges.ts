/**
 * Exchanges whose every answer can be told from what was stored of it. The n-th answer of an
 * exchange lists one market more than the one before, so the number of its rows is its name; each
 * price says which answer and which market it is of.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { books } from '../../demo/books/list.ts';
import type { Market, Quote } from '../../demo/market.ts';

/** Those with a single request, so that a request is an answer; in all of their own shapes. */
export const EXCHANGES = ['bitfinex', 'bitstamp', 'coinbase', 'kraken', 'okx'] as const;

/** Rows of answer 0, which nobody gets. */
const ROWS_MIN = 150;
/** More than an exchange lists. */
const MARKETS_MAX = 1_000;

const baseOf = (market: number): string => `q${market.toString(36).padStart(2, '0')}`;

export const rowsOf = (answer: number): number => ROWS_MIN + answer;
export const answerOf = (rows: number): number => rows - ROWS_MIN;
export const pairOf = (market: number): string => `${baseOf(market)}usd`;
export const priceOf = (answer: number, market: number): number => answer * MARKETS_MAX + market;
/** The stored volume tells the answer once more: fields of one point never mix. */
export const volumeOf = (answer: number): number => answer;

export class NumberedExchanges {
  /** Exchange -> number of its newest answer. */
  readonly answers = new Map<string, number>();
  readonly settings: Readonly<Record<string, string>>;
  /** While true every request is refused. */
  closed = false;
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  static async start(): Promise<NumberedExchanges> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new NumberedExchanges(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    const settings: Record<string, string> = { EXCHANGES: EXCHANGES.join(',') };
    // One server for all: their paths tell them apart.
    for (const id of EXCHANGES) {
      settings[`EXCHANGE_${id.toUpperCase()}_URL`] = `http://127.0.0.1:${port}`;
    }
    this.settings = settings;
    const market: Market = {
      pairs: () => [],
      quotes: (exchange) => this.#quotes(exchange),
      bars: () => [],
    };
    server.on('request', (request, response) => {
      const id = EXCHANGES.find((exchange) => books[exchange]?.answers[request.url ?? '']);
      const book = id && books[id]?.answers[request.url ?? ''];
      if (!book || this.closed) return void response.writeHead(book ? 503 : 404).end();
      response.setHeader('Content-Type', 'application/json');
      response.end(book(market, Date.now()));
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** Resolves when the next answer, of whichever exchange, has been given. */
  nextAnswer(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #quotes(exchange: string): readonly Quote[] {
    const answer = (this.answers.get(exchange) ?? 0) + 1;
    this.answers.set(exchange, answer);
    return Array.from({ length: rowsOf(answer) }, (_, market) => ({
      base: baseOf(market),
      quote: 'usd',
      last: `${priceOf(answer, market)}`,
      bid: `${priceOf(answer, market)}`,
      ask: `${priceOf(answer, market)}`,
      volume: `${volumeOf(answer)}`,
      average: '1',
      quoteVolume: '1',
      timeMs: 0,
    }));
  }
}
