import { createHash, timingSafeEqual } from 'node:crypto';
import { TidemarkError } from '../core/errors.ts';
import type { ApiKey, Role } from './contract.ts';

const POWER: Readonly<Record<Role, number>> = { read: 1, write: 2, admin: 3 };
const CREDENTIALS = /^(?:Bearer|Token) +(.+)$/i;

export interface Caller {
  readonly name: string;
  readonly role: Role;
}

export interface Guard {
  /** Who sent this Authorization header; undefined when nobody known did. */
  identify(authorization: string | undefined): Caller | undefined;
  /** Throws `unauthorized` or `forbidden` unless the caller may do what `needs` allows. */
  demand(caller: Caller | undefined, needs: Role): void;
}

/** Without keys everybody may do everything: `assertSafeHost` keeps that on loopback. */
export function createGuard(keys: readonly ApiKey[]): Guard {
  const hashed = keys.map(({ name, role, secret }) => ({ name, role, hash: sha256(secret) }));
  const anybody: Caller = { name: 'anybody', role: 'admin' };
  return {
    identify(authorization) {
      if (hashed.length === 0) return anybody;
      const secret = CREDENTIALS.exec(authorization ?? '')?.[1];
      if (secret === undefined) return undefined;
      const hash = sha256(secret);
      // Hashes have one length and every key is compared: the time tells nothing about a secret.
      let found: Caller | undefined;
      for (const key of hashed) {
        if (timingSafeEqual(key.hash, hash)) found = { name: key.name, role: key.role };
      }
      return found;
    },
    demand(caller, needs) {
      if (caller === undefined) {
        throw new TidemarkError('unauthorized', 'this needs an API key', {
          details: { expected: 'Authorization: Bearer <secret of an API key>' },
        });
      }
      if (POWER[caller.role] < POWER[needs]) {
        throw new TidemarkError('forbidden', `this needs a key with the role ${needs}`, {
          details: { role: caller.role },
        });
      }
    },
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Whether the API may listen there: without keys on loopback only.
 * @throws TidemarkError `invalid` saying what to do.
 */
export function assertSafeHost(host: string, keys: readonly ApiKey[]): void {
  if (keys.length > 0 || isLoopback(host)) return;
  throw new TidemarkError(
    'invalid',
    `refusing to serve on ${host} without API keys: set API_KEYS, or HOST=127.0.0.1`,
  );
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}
