import { TidemarkError } from '../../../core/errors.ts';
import type { PriceAdapter } from '../adapter.ts';
import type { PriceSource, PriceSourceOptions } from '../fetch.ts';
import { binance } from './binance.ts';
import { bitfinex } from './bitfinex.ts';
import { bitget } from './bitget.ts';
import { bithumb } from './bithumb.ts';
import { bitstamp } from './bitstamp.ts';
import { bybit } from './bybit.ts';
import { coinbase } from './coinbase.ts';
import { cryptocom } from './cryptocom.ts';
import { cryptowatch } from './cryptowatch.ts';
import { gate } from './gate.ts';
import { gemini } from './gemini.ts';
import { htx } from './htx.ts';
import { kraken } from './kraken.ts';
import { kucoin } from './kucoin.ts';
import { mexc } from './mexc.ts';
import { okx } from './okx.ts';
import { poloniex } from './poloniex.ts';
import { upbit } from './upbit.ts';

/** The one list of exchanges. docs/add-an-exchange.md tells how to add one. */
export const exchanges: readonly PriceAdapter[] = [
  binance,
  bitfinex,
  bitget,
  bithumb,
  bitstamp,
  bybit,
  coinbase,
  cryptocom,
  cryptowatch,
  gate,
  gemini,
  htx,
  kraken,
  kucoin,
  mexc,
  okx,
  poloniex,
  upbit,
];

/** An exchange to poll, and where. */
export interface ChosenExchange {
  readonly adapter: PriceAdapter;
  readonly baseUrl: string;
  /** Where its rows come from, when they do not come by the adapter's own requests. */
  readonly open?: (options: SourceTools) => PriceSource;
}

/** What every source of prices works with. */
export type SourceTools = Omit<PriceSourceOptions, 'exchange' | 'parser'>;

export interface ExchangeChoice {
  /** Ids to poll; undefined: the well-tried ones, and those that a base URL was given for. */
  readonly ids?: readonly string[] | undefined;
  /** Exchange id -> base URL (scheme, host, port) instead of the adapter's own. */
  readonly urls?: Readonly<Record<string, string>>;
}

/** The exchanges of a configuration. @throws TidemarkError `invalid` for an id nobody knows. */
export function chooseExchanges(choice: ExchangeChoice): readonly ChosenExchange[] {
  const urls = choice.urls ?? {};
  for (const id of [...(choice.ids ?? []), ...Object.keys(urls)]) requireKnown(id);
  return exchanges
    .filter(({ id, byDefault }) =>
      choice.ids ? choice.ids.includes(id) : byDefault || Object.hasOwn(urls, id),
    )
    .map((adapter) => ({
      adapter,
      baseUrl: originOf(adapter.id, urls[adapter.id] ?? adapter.baseUrl),
    }));
}

/** One exchange, at its own address among these. @throws TidemarkError `invalid` as above. */
export function chooseExchange(
  id: string,
  urls: Readonly<Record<string, string>> = {},
): ChosenExchange {
  const url = urls[id];
  return chooseExchanges({ ids: [id], ...(url !== undefined && { urls: { [id]: url } }) })[0]!;
}

function requireKnown(id: string): void {
  if (exchanges.some((adapter) => adapter.id === id)) return;
  throw new TidemarkError('invalid', `unknown exchange ${id}`, {
    details: { got: id, expected: exchanges.map((adapter) => adapter.id) },
  });
}

/** @throws TidemarkError `invalid` for more than scheme, host and port. */
export function originOf(id: string, baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new TidemarkError('invalid', `the base URL of ${id} is not a plain http(s) address`, {
      details: {
        got: baseUrl,
        expected: 'scheme, host and port alone, such as http://10.0.0.7:8080',
      },
    });
  }
  return url.origin;
}
