import { TidemarkError } from './errors.ts';

/** The tag of a market: lower case base and quote, `btcusd`. */
export function pairOf(base: string, quote: string): string {
  return `${base}${quote}`.toLowerCase();
}

/**
 * The tag of a market whose plain name another symbol of the same exchange has already:
 * `ab-cusd`.
 */
export function clashPairOf(base: string, quote: string): string {
  return `${base}-${quote}`.toLowerCase();
}

const SEPARATOR = /[/_-]/;
const NAME_MAX = 128;
/** White space and control characters have no place in a symbol; everything else might be one. */
const REFUSED = /[\p{White_Space}\p{Cc}\p{Cs}]/u;

/**
 * The tags that a user's spelling (`btcusd`, `BTC/USD`, `btc-usd`, `BTC_USD`) may mean, best first:
 * a separated spelling names the separated tag, if a clash made one, before the joined tag.
 * @throws TidemarkError `invalid` for what cannot be a pair at all.
 */
export function pairSpellings(text: string): readonly string[] {
  if (text.length === 0 || text.length > NAME_MAX || REFUSED.test(text)) {
    throw new TidemarkError('invalid', 'not a pair', {
      details: {
        expected: 'base and quote, such as btcusd, BTC/USD, btc-usd or BTC_USD',
        longest: NAME_MAX,
      },
    });
  }
  const parts = text.toLowerCase().split(SEPARATOR);
  const joined = parts.join('');
  if (parts.length === 1) return [joined];
  return [parts.join('-'), joined].filter((name) => name.length > 0);
}
