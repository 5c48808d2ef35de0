import type { Market, Quote } from '../market.ts';

/** One client's connection, as a script sees it. */
export interface Connection {
  readonly url: URL;
  readonly market: Market;
  /** When it was opened. */
  readonly nowMs: number;
  send(frame: object): void;
  /** A frame that is JSON already, for exchanges that write bare numbers. */
  sendText(frame: string): void;
  /** A ping of the websocket protocol itself. */
  ping(): void;
  end(code: number, reason: string): void;
}

/** What a connection does next. Frames that go out are sent through the connection. */
export interface Session {
  receive(text: string, nowMs: number): void;
  /** Called each second. */
  tick(nowMs: number): void;
}

/** One exchange's stream, in its own frames. */
export interface StreamScript {
  /** Whether this path is a websocket of the exchange. */
  serves(url: URL): boolean;
  open(connection: Connection): Session;
}

/** The quotes that are not what they were at the last call; all of them at the first. */
export function createChanges(market: Market, exchange: string): (nowMs: number) => Quote[] {
  let last: readonly string[] = [];
  return (nowMs) => {
    const quotes = market.quotes(exchange, nowMs);
    const texts = quotes.map(({ last: price, bid, ask, volume }) =>
      [price, bid, ask, volume].join(' '),
    );
    const changed = quotes.filter((_quote, index) => texts[index] !== last[index]);
    last = texts;
    return changed;
  };
}

/** The object of a text frame; undefined for anything else. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The texts of a list; none of anything else. */
export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
