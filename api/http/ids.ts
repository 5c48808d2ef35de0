import { TidemarkError } from '../../core/errors.ts';

const ID = /^[1-9]\d{0,14}$/;

/**
 * The number of a thing in a path.
 * @throws TidemarkError `not-found` for what can be none
 */
export function readId(thing: string, text: string): number {
  if (ID.test(text)) return Number(text);
  throw notThere(thing, text);
}

/** `thing`: what it is called, one of it, as in `feed`. */
export function notThere(thing: string, id: string | number): TidemarkError {
  return new TidemarkError('not-found', `no ${thing} ${String(id).slice(0, 20)}`, {
    details: { list: `/${thing.replace(/y$/, 'ie')}s` },
  });
}

/**
 * What somebody found for the number in a path.
 * @throws TidemarkError `not-found`
 */
export async function demand<T>(
  thing: string,
  id: string,
  find: (id: number) => Promise<T | undefined>,
): Promise<T> {
  const found = await find(readId(thing, id));
  if (found === undefined) throw notThere(thing, id);
  return found;
}
