import type { Context } from 'koa';
import type { ArrayPage } from '../rows/parts.ts';
import { sendStream } from './stream.ts';

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

interface Receiver {
  readonly ctx: Context;
  readonly leaving: AbortSignal;
  /** Of the answer, where there is a choice; JSON by default. */
  readonly type?: string;
}

/**
 * Streams a page of a bare list. What it reads is told to stop when the client leaves, when it
 * fails and when it is done.
 */
export async function sendPage(
  { ctx, leaving, type }: Receiver,
  read: (signal: AbortSignal) => Promise<ArrayPage>,
): Promise<void> {
  const ending = new AbortController();
  try {
    const { next, pieces } = await read(AbortSignal.any([leaving, ending.signal]));
    ctx.status = 200;
    ctx.set({
      'Content-Type': type ?? 'application/json',
      'Cache-Control': 'no-cache',
    });
    ctx.vary(`${type === undefined ? '' : 'Accept, '}Accept-Encoding, Authorization`);
    linkNext(ctx, 'cursor', next);
    await sendStream(ctx, pieces);
  } finally {
    ending.abort();
  }
}
