import { TidemarkError } from '../core/errors.ts';
import { pairSpellings } from '../core/pair.ts';
import type { Catalog } from '../registry/catalog.ts';

const NEAR_MAX = 5;

/** The first of a pair's spellings that some exchange lists; else names like it. */
export async function listedPair(
  catalog: Catalog,
  spellings: readonly string[],
): Promise<{ readonly pair: string } | { readonly near: readonly string[] }> {
  for (const pair of spellings) {
    if ((await catalog.exchangesOf(pair)).length > 0) return { pair };
  }
  return { near: await catalog.nearPairs(spellings.at(-1) ?? '', NEAR_MAX) };
}

/** The series tag of what was asked for. Throws `not-found` with what there is instead. */
export async function findPair(
  catalog: Catalog,
  spelling: string,
  exchange: string | undefined,
): Promise<string> {
  const spellings = pairSpellings(spelling);
  const listed = await Promise.all(spellings.map((pair) => catalog.exchangesOf(pair, exchange)));
  const index = listed.findIndex((places) =>
    exchange === undefined ? places.length > 0 : places.includes(exchange),
  );
  if (index >= 0) return spellings[index]!;
  if (exchange !== undefined) {
    const known = await catalog.listedExchanges();
    if (!known.includes(exchange)) {
      throw new TidemarkError('not-found', `no exchange ${exchange}`, {
        details: { exchanges: known },
      });
    }
  }
  const pair = spellings.at(-1)!;
  const elsewhere = [...new Set(listed.flat())].sort();
  if (elsewhere.length > 0) {
    throw new TidemarkError('not-found', `${pair} is not on ${exchange}`, {
      details: { pair, exchanges: elsewhere },
    });
  }
  throw new TidemarkError('not-found', `no pair ${pair}`, {
    details: { near: await catalog.nearPairs(pair, NEAR_MAX) },
  });
}
