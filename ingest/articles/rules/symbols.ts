import { assetNames, tickers } from './assets.ts';
import { FIELD_LENGTH_MAX } from './limits.ts';
import { WordTrie } from './word-trie.ts';
import { wordsOf } from './words.ts';

export interface RecogniseOptions {
  /** Further tickers that `$` makes known, in upper case: what is traded. */
  readonly known?: ReadonlySet<string>;
}

const SYMBOLS_MAX = 20;
/** `BTCUSDT`, where the second part is what the first is paid with. */
const PAIR = /^([0-9]{0,4}[A-Z]{2,10})(?:USDT|USDC|FDUSD|USD|EUR)$/;
const UPPER = /[A-Z]/;
const TICKER_LENGTH_MAX = 15;

const trie = new WordTrie();
const tickerOf: string[] = [];
for (const { ticker, text, matchCase } of assetNames) {
  tickerOf[trie.add({ text, prefix: false, matchCase })] = ticker;
}

/**
 * The currencies that a text speaks of, as tickers in upper case, sorted, the first 20 of them: `BTC`
 * and others that mean nothing else, `$sol` in any case, `bitcoin` and other names, `LINKUSDT`.
 * Tickers that are words, such as NEAR or ONE, count with $ or beside their name alone.
 */
export function recognise(text: string, { known }: RecogniseOptions = {}): string[] {
  const found = new Set<string>();
  const read = text.slice(0, FIELD_LENGTH_MAX);
  const words = wordsOf(read);
  for (const [index, key] of words.keys.entries()) {
    if (key.length > TICKER_LENGTH_MAX) continue;
    const from = words.from[index]!;
    if (read[from - 1] === '$' && !/[\p{L}\p{N}]/u.test(read[from - 2] ?? '')) {
      const ticker = key.toUpperCase();
      if (tickers.has(ticker) || known?.has(ticker)) found.add(ticker);
    } else if (key.length > 4 && UPPER.test(read[words.to[index]! - 1]!)) {
      const base = PAIR.exec(read.slice(from, words.to[index]))?.[1];
      if (base !== undefined && tickers.has(base)) found.add(base);
    }
  }
  trie.scan(read, words, (id) => void found.add(tickerOf[id]!));
  return [...found].slice(0, SYMBOLS_MAX).sort();
}
