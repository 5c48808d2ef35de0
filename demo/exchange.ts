import type { Clock } from '../core/clock.ts';
import type { Book } from './books/book.ts';
import { type Handler, json } from './http.ts';
import type { Market } from './market.ts';

/** One exchange's paths, out of its book. */
export function createExchange(book: Book, market: Market, clock: Clock): Handler {
  const get = (path: string) => {
    const nowMs = clock.nowMs();
    const answer = Object.hasOwn(book.answers, path) ? book.answers[path] : undefined;
    if (answer) return answer(market, nowMs);
    if (!URL.canParse(path, 'http://demo')) return undefined;
    const url = new URL(path, 'http://demo');
    return book.named?.(url, market, nowMs) ?? book.candles?.(url, market, nowMs);
  };
  return ({ method, path, origin }) => {
    const posts = book.posts ?? {};
    if (method === 'POST') {
      const post = Object.hasOwn(posts, path) ? posts[path] : undefined;
      return post && json(200, post(origin));
    }
    const found = get(path);
    if (typeof found === 'string') return json(200, found);
    if (found) return json(found.status, found.body);
    return json(404, JSON.stringify({ error: 'not here', paths: Object.keys(book.answers) }));
  };
}
