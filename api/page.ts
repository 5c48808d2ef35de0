import type { Context } from 'koa';

/** The page and the cursor behind it: the key of its last item, null at the end. */
export function page<T>(
  found: readonly T[],
  limit: number,
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | null } {
  if (found.length <= limit) return { items: found, next: null };
  const items = found.slice(0, limit);
  return { items, next: keyOf(items.at(-1)!) };
}

/**
 * Says where the next page of a bare list is: its cursor in `Tidemark-Next`, its address in `Link`
 * (RFC 8288), with every other parameter as it was asked.
 */
export function linkNext(ctx: Context, parameter: string, next: string | null): void {
  if (next === null) return;
  const query = new URLSearchParams(ctx.querystring);
  query.set(parameter, next);
  ctx.set('Tidemark-Next', next);
  ctx.set('Link', `<${ctx.path}?${query}>; rel="next"`);
}
