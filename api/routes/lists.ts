import { TidemarkError } from '../../core/errors.ts';
import type { ExchangeEntry } from '../../registry/catalog.ts';
import type { Dependencies } from '../app.ts';
import { defineRoute, type Route } from '../route.ts';
import {
  type ExchangesAnswer,
  exchangesAnswer,
  exchangesQuery,
  type PairsAnswer,
  pairsAnswer,
  pairsQuery,
} from '../schemas.ts';

/** What is known: pairs and exchanges, page by page. */
export function listRoutes({ catalog, ranks }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'pairs',
      method: 'get',
      path: '/api/v1/pairs',
      summary: 'Known pairs, where they are listed, and their rank over all exchanges',
      access: 'read',
      query: pairsQuery,
      answers: { 200: { about: 'One page, sorted by pair', schema: pairsAnswer } },
      async handle({ query }): Promise<PairsAnswer> {
        const { q, exchange, limit, after } = query;
        if (exchange !== undefined) await demandExchange(exchange.toLowerCase());
        const [found, rankOf] = await Promise.all([
          catalog.pairs({
            q: q?.toLowerCase().replace(/[/_]/g, ''),
            exchange: exchange?.toLowerCase(),
            after,
            limit: limit + 1,
          }),
          ranks.newest(),
        ]);
        const { items, next } = page(found, limit, ({ pair }) => pair);
        return {
          items: items.map(({ pair, base, quote, exchanges }) => ({
            pair,
            base,
            quote,
            exchanges: [...exchanges],
            rank: rankOf.get(pair) ?? null,
          })),
          next,
        };
      },
    }),
    defineRoute({
      id: 'exchanges',
      method: 'get',
      path: '/api/v1/exchanges',
      summary: 'Exchanges: state, last success, lateness, rows',
      access: 'read',
      query: exchangesQuery,
      answers: { 200: { about: 'One page, sorted by exchange', schema: exchangesAnswer } },
      async handle({ query: { limit, after } }): Promise<ExchangesAnswer> {
        const all = await catalog.exchanges();
        const rest = after === undefined ? all : all.filter(({ exchange }) => exchange > after);
        const { items, next } = page(rest, limit, ({ exchange }) => exchange);
        return {
          items: items.map(exchangeItem),
          next,
        };
      },
    }),
  ];

  async function demandExchange(exchange: string): Promise<void> {
    const known = (await catalog.exchanges()).map((entry) => entry.exchange);
    if (known.includes(exchange)) return;
    throw new TidemarkError('not-found', `no exchange ${exchange}`, {
      details: { exchanges: known },
    });
  }
}

/** The page and the cursor behind it: the key of its last item, null at the end. */
function page<T>(
  found: readonly T[],
  limit: number,
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | null } {
  if (found.length <= limit) return { items: found, next: null };
  const items = found.slice(0, limit);
  return { items, next: keyOf(items.at(-1)!) };
}

function exchangeItem(entry: ExchangeEntry): ExchangesAnswer['items'][number] {
  const { lastSuccessMs, lastAttemptMs, pausedUntilMs, latenessMs, error, ...rest } = entry;
  return {
    ...rest,
    dropped: { ...rest.dropped },
    lastSuccess: isoTime(lastSuccessMs),
    lastAttempt: isoTime(lastAttemptMs),
    pausedUntil: isoTime(pausedUntilMs),
    latenessMs: latenessMs ?? null,
    error: error ?? null,
  };
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
