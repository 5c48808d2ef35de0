import { TidemarkError } from '../../core/errors.ts';
import type { Role } from '../contract.ts';

const POWER: Readonly<Record<Role, number>> = { read: 1, write: 2, admin: 3 };
const CREDENTIALS = /^(?:Bearer|Token) +(.+)$/i;

/** Whoever a request is from. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  /** Where its key is kept; `open`: there are no keys, and everybody may do everything. */
  readonly source: 'open' | 'settings' | 'registry';
  /** Of a key of the registry. */
  readonly id: number | null;
  readonly expiresMs: number | null;
  /** Requests a second; 0: as many as come, null: the usual. */
  readonly rate: number | null;
}

/** The secret in an Authorization header; undefined: there is none. */
export function secretOf(authorization: string): string | undefined {
  return CREDENTIALS.exec(authorization)?.[1];
}

/**
 * Throws `unauthorized` or `forbidden` unless the caller may do what `needs` allows. `sent`: there
 * was a secret, which opens nothing.
 */
export function demandRole(caller: Caller | undefined, needs: Role, sent = false): void {
  if (caller === undefined) {
    const message = sent
      ? 'this key is not known, or it is revoked or has expired'
      : 'this needs an API key';
    throw new TidemarkError('unauthorized', message, {
      details: { expected: 'Authorization: Bearer <secret of an API key>' },
    });
  }
  if (POWER[caller.role] < POWER[needs]) {
    throw new TidemarkError('forbidden', `this needs a key with the role ${needs}`, {
      details: { role: caller.role },
    });
  }
}

/**
 * Whether the API may listen there: beyond loopback only with a key that opens it.
 * @throws TidemarkError `invalid` saying what to do.
 */
export function assertSafeHost(host: string, hasKeys: boolean): void {
  if (hasKeys || isLoopback(host)) return;
  throw new TidemarkError(
    'invalid',
    `refusing to serve on ${host} without API keys: make one with ` +
      '`tidemark keys create NAME --role admin`, set API_KEYS=name:role:secret, or HOST=127.0.0.1',
  );
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}
