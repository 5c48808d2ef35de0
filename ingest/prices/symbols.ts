import type { Assets, DropReason, SymbolTable } from './adapter.ts';
import { ownText } from './market-names.ts';
import { Refusal } from './refusal.ts';
import type { Aliases } from './rows.ts';

/** A line of a market list as an adapter reads it. */
export interface ListedSymbol {
  readonly symbol: string;
  /** As the exchange names them, or why the symbol's rows are dropped. */
  readonly as: Assets | DropReason;
}

const NO_ALIASES: Aliases = new Map();

/**
 * Reads a market list; `read` answers undefined for a line of another shape, which is left out: its
 * rows are then unknown symbols. @throws Refusal `empty` when nothing is left.
 */
export function symbolTable<T>(
  entries: Iterable<T>,
  read: (entry: T) => ListedSymbol | undefined,
  aliases: Aliases = NO_ALIASES,
): SymbolTable {
  const table = new Map<string, Assets | DropReason>();
  for (const entry of entries) {
    const listed = read(entry);
    if (listed) table.set(ownText(listed.symbol), usual(listed.as, aliases));
  }
  if (table.size === 0) throw new Refusal('empty', 'the market list has no symbol');
  return table;
}

function usual(as: Assets | DropReason, aliases: Aliases): Assets | DropReason {
  if (typeof as === 'string') return as;
  const name = (asset: string): string => aliases.get(asset) ?? ownText(asset);
  return { base: name(as.base), quote: name(as.quote) };
}

/** BTC3L, ETH5S: a coin of two letters at least, how many times its moves, long or short. */
const MULTIPLE = /^[a-z0-9]{2,}[2-5][ls]$/i;

/** Whether a token multiplies the moves of another coin. 1000BTT and RSS3 do not. */
export const multiplies = (base: string): boolean => MULTIPLE.test(base);

/** BTCUP, XRPBULL: a coin of some age and a direction. SYRUP and PITBULL are coins of their own. */
const DIRECTION = new RegExp(
  '^(1INCH|AAVE|ADA|ALGO|ATOM|BCH|BNB|BSV|BTC|DEFI|DOGE|DOT|EOS|ETC|ETH|FIL|LINK|LTC|SUSHI|SXP|' +
    'TRX|UNI|XLM|XRP|XTZ|YFI)(UP|DOWN|BULL|BEAR)$',
  'i',
);

/** Whether a token multiplies the moves of another coin, told by its name. */
export const takesDirection = (base: string): boolean => DIRECTION.test(base);
