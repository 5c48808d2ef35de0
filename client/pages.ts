/** Lists that come page by page. */
import type { Operations } from './operations.ts';
import { operations } from './operations.ts';
import { type AnswerOf, type InputOf, type OperationName, type Settings, send } from './request.ts';

type Places = typeof operations;

/** The operations whose answer is a page of a list. */
export type ListName = {
  [Name in OperationName]: Places[Name] extends { readonly page: string } ? Name : never;
}[OperationName];

/** One item of such a list. */
export type ItemOf<Name extends ListName> =
  AnswerOf<Name> extends readonly (infer Item)[]
    ? Item
    : AnswerOf<Name> extends { readonly items: readonly (infer Item)[] }
      ? Item
      : never;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Every item of a list, each page when the one before has been taken. */
export async function* itemsOf<Name extends ListName>(
  settings: Settings,
  name: Name,
  input: InputOf<Name>,
): AsyncGenerator<ItemOf<Name>, void> {
  const { page } = operations[name];
  let query = input.query as Operations[OperationName]['query'] | undefined;
  for (;;) {
    const answer = await send(settings, name, { ...input, query });
    const { items, next } = await pageOf<ItemOf<Name>>(answer);
    yield* items;
    if (next === null) return;
    query = { ...query, [page]: next };
  }
}

/** A bare list says in a header where it goes on. */
async function pageOf<Item>(answer: Response): Promise<Page<Item>> {
  const body = (await answer.json()) as Page<Item> | readonly Item[];
  if (!('items' in body)) return { items: body, next: answer.headers.get('tidemark-next') };
  return body;
}
