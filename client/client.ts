/** The API as functions. */
import { valuesOf } from './lines.ts';
import { type EventsWanted, eventsOf } from './live.ts';
import { type ItemOf, itemsOf, type ListName } from './pages.ts';
import {
  type AnswerOf,
  type Asked,
  type CallOptions,
  type ClientOptions,
  type InputOf,
  type InputsOf,
  type OperationName,
  type Settings,
  send,
} from './request.ts';
import { systemTime } from './time.ts';
import type { Event, Price } from './types.ts';

export interface PricesWanted extends CallOptions {
  /** How far back: `-24h` (the default), `90m`, `1d12h`. */
  readonly duration?: string | undefined;
  /** Only of this exchange. */
  readonly exchange?: string | undefined;
}

/** All of them throw `TidemarkApiError`. */
export interface TidemarkClient {
  /** One operation of the document, by its name. */
  call<Name extends OperationName>(name: Name, ...input: InputsOf<Name>): Promise<AnswerOf<Name>>;
  /** The same, as it comes: other formats by `accept`, such as `text/csv`; headers. */
  response<Name extends OperationName>(
    name: Name,
    input: InputOf<Name> & { readonly accept?: string | undefined },
  ): Promise<Response>;
  /** Every item of a list, over all its pages. `query.limit` is the size of a page. */
  all<Name extends ListName>(name: Name, input?: InputOf<Name>): AsyncIterable<ItemOf<Name>>;
  /** Prices of a pair (`btcusd`, `BTC/USD`), ordered by exchange, then time. */
  prices(pair: string, wanted?: PricesWanted): Promise<readonly Price[]>;
  /** The same one by one as they come: memory does not grow with their number. */
  priceStream(pair: string, wanted?: PricesWanted): AsyncIterable<Price>;
  /** What happens, as it happens; over lost connections, each event once and in order. */
  events(wanted?: EventsWanted): AsyncIterable<Event>;
}

/** A client of one API. Holds no connection and no timer of its own. */
export function createClient(options: ClientOptions): TidemarkClient {
  const settings = settingsOf(options);
  return {
    async call<Name extends OperationName>(name: Name, ...[input]: InputsOf<Name>) {
      const answer = await send(settings, name, (input ?? {}) as Asked);
      return (await bodyOf(answer)) as AnswerOf<Name>;
    },
    response: (name, input) => send(settings, name, input as Asked),
    all: (name, input = {} as InputOf<typeof name>) => itemsOf(settings, name, input),
    async prices(pair, wanted = {}) {
      const answer = await send(settings, 'prices', askedOf(pair, wanted));
      return ((await answer.json()) as AnswerOf<'prices'>).prices;
    },
    priceStream: (pair, wanted = {}) => streamed(settings, askedOf(pair, wanted)),
    events: (wanted = {}) => eventsOf(settings, wanted),
  };
}

function settingsOf({ url, key, fetch, attempts, onRetry, time }: ClientOptions): Settings {
  if (!URL.canParse(url)) throw new TypeError(`url: expected one like http://127.0.0.1:8001`);
  return {
    url,
    key,
    // Bound: a browser's own refuses to be a method of anything else.
    fetch: fetch ?? globalThis.fetch.bind(globalThis),
    attempts: attempts ?? 4,
    onRetry: onRetry ?? (() => undefined),
    time: time ?? systemTime,
  };
}

function askedOf(pair: string, { duration, exchange, ...options }: PricesWanted): Asked {
  return { params: { pair }, query: { duration, exchange }, ...options };
}

async function* streamed(settings: Settings, asked: Asked): AsyncGenerator<Price, void> {
  const answer = await send(settings, 'prices', { ...asked, accept: 'application/x-ndjson' });
  if (answer.body !== null) yield* valuesOf<Price>(answer.body);
}

async function bodyOf(answer: Response): Promise<unknown> {
  if (answer.status === 204) return undefined;
  const type = answer.headers.get('content-type') ?? '';
  return type.startsWith('application/json') ? answer.json() : answer.text();
}
