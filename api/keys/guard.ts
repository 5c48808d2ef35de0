import type { Context } from 'koa';
import type { AddressRanges } from '../../core/address-ranges.ts';
import type { Clock } from '../../core/clock.ts';
import type { Count, Metrics } from '../../core/metrics.ts';
import { clientAddress, clientOf } from '../http/address.ts';
import type { Route } from '../http/route.ts';
import { type Caller, demandRole, secretOf } from './auth.ts';
import { ANYBODY, type Keyring } from './keyring.ts';
import { Buckets, limitOf, rateHeaders, type Taken, tooMany } from './rates.ts';

export interface GuardOptions {
  readonly keyring: Keyring;
  /** Requests a second of a key that has no rate of its own; 0: as many as come. */
  readonly apiRate: number;
  readonly proxies: AddressRanges;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Who may come in, and how often. */
export interface Guard {
  /**
   * Whoever a request is from; undefined: a stranger, where strangers may.
   * @throws TidemarkError `unauthorized`, `forbidden`
   * @throws HttpProblem 429
   */
  admit(ctx: Context, route: Route): Caller | undefined;
}

type AskedRoute = Pick<Route, 'id' | 'access' | 'keyInQuery'>;

/** Wrong secrets from one client: twenty, and then one in three seconds. */
const ATTEMPTS = { perSecond: 1 / 3, burst: 20 };

export function createGuard(options: GuardOptions): Guard {
  const { keyring, proxies } = options;
  const rates = createRates(options);
  const attempts = createAttempts(options);
  return {
    admit(ctx, route) {
      const address = clientAddress(ctx, proxies);
      ctx.state.address = address;
      if (keyring.isOpen()) {
        ctx.state.caller = ANYBODY;
        return ANYBODY;
      }
      const client = clientOf(address);
      const secret = secretOf(credentialsOf(ctx, route));
      const caller = secret === undefined ? undefined : attempts.identify(secret, client);
      ctx.state.caller = caller;
      rates.take(ctx, route, { caller, client });
      if (route.access !== 'open') demandRole(caller, route.access, secret !== undefined);
      return caller;
    },
  };
}

function credentialsOf(ctx: Context, { keyInQuery = false }: AskedRoute): string {
  const { key } = keyInQuery ? ctx.query : {};
  return ctx.get('authorization') || (typeof key === 'string' ? `Bearer ${key}` : '');
}

/** Secrets that are no keys. */
export function countUnknownKeys(metrics: Metrics): Count {
  return metrics.count({
    name: 'http_unknown_keys_total',
    help: 'Requests with a secret that is no key, also those that came too often',
  });
}

/** Who is told to come less often. */
export function countLimited(metrics: Metrics): Count {
  return metrics.count({
    name: 'http_limited_total',
    help: 'Requests that came too often, by who sent them',
    labels: ['sender'],
  });
}

/**
 * Guessing is slow. Once a client has been wrong too often, also what is right is refused, or it
 * would see which guess was; but for secrets that nobody can guess, so that one program with an old
 * key does not shut out all others behind the same proxy.
 */
function createAttempts({ keyring, clock, metrics }: GuardOptions) {
  const failures = new Buckets(clock);
  const failed = countUnknownKeys(metrics);
  return {
    identify(secret: string, client: string): Caller | undefined {
      const found = keyring.identify(secret);
      if (found !== undefined && !found.guessable) return found.caller;
      const left =
        found === undefined ? failures.take(client, ATTEMPTS) : failures.look(client, ATTEMPTS);
      if (found === undefined) failed.add();
      if (left.ok) return found?.caller;
      throw tooMany('too many wrong keys came from this address', ATTEMPTS, left);
    },
  };
}

interface Asking {
  readonly caller: Caller | undefined;
  readonly client: string;
}

function createRates({ apiRate, clock, metrics }: GuardOptions) {
  const buckets = new Buckets(clock);
  const limited = countLimited(metrics);
  const refuse = (sender: 'key' | 'stranger', of: Taken): void => {
    if (!of.ok) limited.add({ sender });
  };
  return {
    take(ctx: Context, { id }: AskedRoute, { caller, client }: Asking): void {
      // Whoever looks whether it lives has to be told.
      if (caller === undefined && id === 'health') return;
      const perSecond = caller?.rate ?? apiRate;
      if (perSecond === 0) return;
      const limit = limitOf(perSecond);
      const taken = buckets.take(nameOf(caller) ?? `address ${client}`, limit);
      ctx.set(rateHeaders(limit, taken));
      refuse(caller === undefined ? 'stranger' : 'key', taken);
      if (taken.ok) return;
      const who = caller === undefined ? 'an address without a key' : 'this key';
      throw tooMany(`${who} may ask ${perSecond} times a second`, limit, taken);
    },
  };
}

function nameOf(caller: Caller | undefined): string | undefined {
  return caller && `${caller.source} ${caller.id ?? caller.name}`;
}
