import { TidemarkError } from '../../core/errors.ts';
import type { Dependencies } from '../app.ts';
import { page } from '../http/page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { type PairsAnswer, pairsAnswer, pairsQuery } from '../schemas.ts';

/** The pairs that are known, page by page. */
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
  ];

  async function demandExchange(exchange: string): Promise<void> {
    const known = (await catalog.exchanges()).map((entry) => entry.exchange);
    if (known.includes(exchange)) return;
    throw new TidemarkError('not-found', `no exchange ${exchange}`, {
      details: { exchanges: known },
    });
  }
}
