import { z } from 'zod';
import type { DropReason, ParsedPrices } from '../adapter.ts';
import { collectRows, type RawPrice } from '../rows.ts';
import { openMap, shaped } from '../shapes.ts';
import { multiplies, takesDirection } from '../symbols.ts';

/** A text where ccxt was told to keep texts; a few of its exchanges answer numbers all the same. */
const number = z
  .union([z.string(), z.number().transform((value) => String(value))])
  .nullish()
  .transform((value) => value ?? undefined);

/** https://docs.ccxt.com/#/?id=ticker-structure: volumes of 24 h, of the sides they say. */
const ticker = z.object({
  symbol: z.string(),
  last: number,
  bid: number,
  ask: number,
  baseVolume: number,
  quoteVolume: number,
  timestamp: number,
});

/** https://docs.ccxt.com/#/?id=market-structure */
const market = z.object({
  id: z.string(),
  base: z.string(),
  quote: z.string(),
  spot: z.boolean().nullish(),
  contract: z.boolean().nullish(),
  active: z.boolean().nullish(),
});

function dropOf({ base, spot, contract, active }: z.infer<typeof market>): DropReason | undefined {
  if (contract) return 'derivative';
  if (!spot) return 'non-spot';
  if (active === false) return 'not-trading';
  return multiplies(base) || takesDirection(base) ? 'leveraged' : undefined;
}

/** ccxt tells coins of one ticker apart by their names, with spaces: `Soda Coin`. */
const plainName = (asset: string): string => asset.replaceAll(/[\s-]+/g, '');

/**
 * The answer of `fetchTickers` to rows and drops, in our terms. @throws Refusal `shape`.
 * @param markets ccxt's, by unified symbol
 */
export function rowsOfTickers(
  exchange: string,
  tickers: unknown,
  markets: Readonly<Record<string, unknown>>,
): ParsedPrices {
  return collectRows(exchange, Object.values(shaped(openMap, tickers)), (raw) => {
    const row = ticker.safeParse(raw);
    if (!row.success) return 'malformed';
    const listed = Object.hasOwn(markets, row.data.symbol) ? markets[row.data.symbol] : undefined;
    const found = market.safeParse(listed);
    if (!found.success) return 'unknown-symbol';
    return dropOf(found.data) ?? rawPrice(row.data, found.data);
  });
}

function rawPrice(row: z.infer<typeof ticker>, listed: z.infer<typeof market>): RawPrice {
  return {
    symbol: listed.id,
    assets: { base: plainName(listed.base), quote: plainName(listed.quote) },
    price: row.last,
    bid: row.bid,
    ask: row.ask,
    volume: row.baseVolume,
    quoteVolume: row.quoteVolume,
    exchangeTimeMs: Number(row.timestamp ?? 0),
  };
}
