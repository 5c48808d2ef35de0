import type { IncomingMessage } from 'node:http';
import type { Context, Next } from 'koa';
import { TidemarkError } from '../../core/errors.ts';
import { isLoopback } from './auth.ts';
import type { Origins } from './cors.ts';
import type { Keyring } from './keyring.ts';

interface OriginOptions {
  readonly keyring: Pick<Keyring, 'isOpen'>;
  /** Where the API listens. */
  readonly host: string;
  /** Those whose pages may. */
  readonly origins: Origins;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Keeps out what a web page of somebody else makes its visitor's browser ask.
 *
 * Without keys the API is open to its machine, and so to every browser on it: a page whose name is
 * made to resolve to loopback (DNS rebinding) would be of the same origin. Its requests still carry
 * that name as Host. Writes from another origin are refused in any case; they need no CORS answer
 * to do harm.
 * @throws TidemarkError `forbidden`, `invalid` where it is not said whose name is meant
 */
export function refuseStrangers({ keyring, host, origins }: OriginOptions) {
  return async (ctx: Context, next: Next): Promise<void> => {
    demandOneHost(ctx.req);
    if (keyring.isOpen()) demandHost(ctx.get('host'), host);
    ctx.state.mayShare = origins.allows(ctx.get('origin'));
    if (!READS.has(ctx.method)) demandSameOrigin(ctx);
    await next();
  };
}

/**
 * Node takes the first of several, another program on the way may take the last (RFC 9112, 3.2).
 * @throws TidemarkError `invalid`
 */
function demandOneHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  const hosts = names.filter((name) => name.toLowerCase() === 'host').length;
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return;
  throw new TidemarkError(
    'invalid',
    `the request has ${hosts === 0 ? 'no' : 'more than one'} Host`,
    {
      details: { header: 'Host', expected: 'one' },
    },
  );
}

/** HTTP/1.0 needs no Host, and no browser leaves it out. */
function demandHost(header: string, host: string): void {
  const name = nameOf(header);
  if (header === '' || isLoopback(name) || name === nameOf(host)) return;
  throw new TidemarkError('forbidden', 'without API keys this answers to its own name alone', {
    details: { header: 'Host', expected: [...new Set(['localhost', '127.0.0.1', host])] },
  });
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

/** @throws TidemarkError `forbidden` for what a page of an origin asks for that may not. */
export function demandSameOrigin(ctx: Context): void {
  if (ctx.state.mayShare === true) return;
  const site = ctx.get('sec-fetch-site');
  const origin = ctx.get('origin');
  const foreignSite = site !== '' && site !== 'same-origin' && site !== 'none';
  const foreignOrigin = origin !== '' && hostOf(origin) !== ctx.get('host').toLowerCase();
  if (!foreignSite && !foreignOrigin) return;
  throw new TidemarkError('forbidden', 'a page of another origin may not change anything here', {
    details: { header: foreignOrigin ? 'Origin' : 'Sec-Fetch-Site', expected: 'same origin' },
  });
}

/** Host and port; undefined for `null` and for nonsense. The scheme may end at a proxy. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
