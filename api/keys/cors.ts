import type { Context, Next } from 'koa';

export interface CorsOptions {
  /** Origins whose pages may use the API, or `*` alone. */
  readonly origins: readonly string[];
  /** Whether everybody may do everything, as there are no keys. */
  readonly isOpen: () => boolean;
}

const METHODS = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
const HEADERS =
  'Authorization, Content-Type, Accept, If-None-Match, Last-Event-ID, X-Request-Id, Traceparent';
/** What pages may read besides the few headers that they always may. */
const EXPOSED = [
  ...['ETag', 'Link', 'Location', 'Retry-After', 'X-Request-Id'],
  ...['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset', 'RateLimit-Policy'],
  ...['Tidemark-Next', 'Tidemark-Rank', 'Tidemark-Pair', 'Tidemark-Every'],
  ...['Tidemark-Start', 'Tidemark-Stop', 'Tidemark-Source'],
].join(', ');
const MAX_AGE_S = 600;

/** Whether pages of an origin may use the API. */
export interface Origins {
  allows(origin: string): boolean;
  /** Answers differ by origin. */
  readonly any: boolean;
}

export function createOrigins({ origins, isOpen }: CorsOptions): Origins {
  const all = origins.includes('*');
  const listed = new Set(origins);
  return {
    any: origins.length > 0,
    allows(origin) {
      if (origin === '') return false;
      // Without keys every page on the internet would be the owner of this machine.
      return all ? !isOpen() : listed.has(origin);
    },
  };
}

/**
 * Tells browsers which pages of other origins may use the API. No cookie is ever involved, so
 * credentials stay out of it: a page needs a key as everybody does.
 */
export function shareWith(origins: Origins) {
  return async (ctx: Context, next: Next): Promise<void> => {
    if (!origins.any) return next();
    ctx.vary('Origin');
    const origin = ctx.get('origin');
    if (!origins.allows(origin)) return next();
    ctx.set('Access-Control-Allow-Origin', origin);
    if (ctx.method === 'OPTIONS' && ctx.get('access-control-request-method') !== '') {
      ctx.vary('Access-Control-Request-Method, Access-Control-Request-Headers');
      ctx.set({
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Allow-Headers': HEADERS,
        'Access-Control-Max-Age': String(MAX_AGE_S),
      });
      ctx.status = 204;
      return;
    }
    ctx.set('Access-Control-Expose-Headers', EXPOSED);
    await next();
  };
}
