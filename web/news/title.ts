/** Titles with what rules found in them. */
import type { Article } from '../../client/types.ts';
import { type Child, h } from '../dom.ts';

interface Clause {
  readonly clause: string;
  readonly field: string;
  readonly at: readonly number[];
}

/** Places of a text, from where to before where; whatever they are, each letter stands once. */
export function marked(text: string, places: readonly (readonly number[])[]): Child[] {
  const sorted = places.toSorted(([a = 0], [b = 0]) => a - b);
  const parts: Child[] = [];
  let done = 0;
  for (const [from = 0, to = 0] of sorted) {
    const begin = Math.max(done, from);
    const end = Math.min(text.length, to);
    if (begin >= end) continue;
    parts.push(text.slice(done, begin), h('mark', {}, text.slice(begin, end)));
    done = end;
  }
  parts.push(text.slice(done));
  return parts;
}

export function placesIn(field: string, clauses: readonly unknown[]): (readonly number[])[] {
  return clauses.filter(isClause).flatMap((one) => (one.field === field ? [one.at] : []));
}

export function titleOf({ title, rules }: Pick<Article, 'title' | 'rules'>): Child {
  const places = rules.flatMap(({ clauses }) => placesIn('title', clauses));
  return title === '' ? h('i', {}, 'without a title') : marked(title, places);
}

function isClause(value: unknown): value is Clause {
  const { field, at } = (value ?? {}) as Partial<Clause>;
  return typeof field === 'string' && Array.isArray(at);
}

/** An address that a link may lead to; feeds can say anything. */
export function webAddress(url: string | null): string | undefined {
  if (url === null || !URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}
