/** What alerts name: pairs, exchanges, monitors, feeds and rules that are there. */
import { pairSpellings } from '../../core/pair.ts';
import { HttpProblem } from '../http/errors.ts';
import { demandThere, named } from '../http/field-errors.ts';
import type { AlertDesk } from './desk.ts';

/** The tags of the pairs. @throws HttpProblem 422 with names like one that is not listed */
export async function knownPairs(desk: AlertDesk, spellings: readonly string[]): Promise<string[]> {
  const pairs = new Set<string>();
  for (const spelling of spellings) {
    const found = await desk.pairOf(named(() => pairSpellings(spelling), 'pairs'));
    if (!('pair' in found)) {
      throw unknown('pairs', `no pair ${spelling}`, { near: found.near });
    }
    pairs.add(found.pair);
  }
  return [...pairs].sort();
}

export async function knownExchanges(desk: AlertDesk, names: readonly string[]): Promise<string[]> {
  const known = await desk.exchanges();
  const wanted = [...new Set(names.map((name) => name.toLowerCase()))].sort();
  const strange = wanted.find((name) => !known.includes(name));
  if (strange === undefined) return wanted;
  throw unknown('exchanges', `no exchange ${strange}`, { exchanges: known });
}

export async function knownIds(
  desk: AlertDesk,
  field: 'monitors' | 'feeds' | 'rules',
  ids: readonly number[],
): Promise<number[]> {
  const wanted = [...new Set(ids)].sort((a, b) => a - b);
  const thing = field.slice(0, -1) as 'monitor' | 'feed' | 'rule';
  const path = field === 'monitors' ? field : `article.${field}`;
  demandThere(path, thing, await desk.missing(thing, wanted));
  return wanted;
}

function unknown(field: string, message: string, details: object): HttpProblem {
  return new HttpProblem(422, 'unprocessable', `field ${field}: ${message}`, {
    details: { field, ...details },
  });
}
