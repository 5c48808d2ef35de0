import { Resolver as AresResolver } from 'node:dns/promises';
import type { Clock } from '../../core/clock.ts';
import { HttpError } from '../../core/http-error.ts';
import type { Address } from '../../core/targets.ts';
import { openHosts } from './hosts.ts';
import { codeOf } from './outcome.ts';

/** How names are resolved: what a gate takes as `resolve`. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export interface ResolverOptions {
  readonly clock: Clock;
  /** Name servers (`10.0.0.53`, `127.0.0.1:5353`); by default the system's. */
  readonly servers?: readonly string[];
  readonly hostsPath?: string;
  /** How long a name server has for one try. */
  readonly timeoutMs?: number;
  readonly tries?: number;
}

/** A name server said nothing, in as many tries as it was given. */
export class DnsTimeout extends HttpError {
  constructor(host: string, cause: unknown) {
    super('dns', `no answer from the name servers for ${host}`, cause);
  }
}

const TIMEOUT_MS = 3_000;
const TRIES = 2;
/** RFC 8305, 3: how much longer one family is waited for when the other one is there. */
const OTHER_FAMILY_MS = 250;
const NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

const LOCAL: readonly Address[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * Resolves by c-ares instead of the operating system's call, which has four threads for the whole
 * process: a hundred slow names would hold up all the others. The file of hosts counts; `localhost`
 * and names below it are this machine (RFC 6761) without asking; search domains are not tried.
 * Every call asks anew, so that each scan measures it: nothing is cached here.
 */
export function createResolver(options: ResolverOptions): Resolve {
  const { clock, timeoutMs = TIMEOUT_MS, tries = TRIES } = options;
  const ares = new AresResolver({ timeout: timeoutMs, tries });
  if (options.servers) ares.setServers([...options.servers]);
  const hosts = openHosts(options.hostsPath ?? '/etc/hosts', clock);
  return async (host) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    if (!NAME.test(name)) throw new HttpError('dns', 'not a name that can be looked up');
    if (name === 'localhost' || name.endsWith('.localhost')) return LOCAL;
    return (await hosts.find(name)) ?? ask(ares, name, clock);
  };
}

type Found = readonly Address[] | Error;

/** Both families at once. An answer is not held up by the other family's failure. */
async function ask(ares: AresResolver, name: string, clock: Clock): Promise<readonly Address[]> {
  const settled = (family: 4 | 6, query: Promise<string[]>): Promise<Found> =>
    query.then(
      (found) => found.map((address) => ({ address, family })),
      (error: Error) => error,
    );
  const v4 = settled(4, ares.resolve4(name));
  const v6 = settled(6, ares.resolve6(name));
  const first = await Promise.race([v4.then(some), v6.then(some)]);
  const answers = first ? await within(clock, [v4, v6]) : await Promise.all([v4, v6]);
  const found = answers.flatMap((answer) => (answer instanceof Error ? [] : answer));
  if (found.length > 0) return found;
  throw failure(name, answers);
}

function some(found: Found): boolean {
  return !(found instanceof Error) && found.length > 0;
}

/** What both say, or whoever has said it when the time for the other one is over. */
async function within(clock: Clock, queries: readonly Promise<Found>[]): Promise<readonly Found[]> {
  const stop = new AbortController();
  const late = clock.sleep(OTHER_FAMILY_MS, stop.signal).then(
    (): readonly Address[] => [],
    (): readonly Address[] => [],
  );
  try {
    return await Promise.all(queries.map((query) => Promise.race([query, late])));
  } finally {
    stop.abort();
  }
}

/** Codes of c-ares, in words. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name',
  ENODATA: 'the name has no address',
  ESERVFAIL: 'the name server failed',
  EREFUSED: 'the name server refused to answer',
  ECONNREFUSED: 'no name server listens',
  EFORMERR: 'the name server did not understand',
  EBADRESP: 'the name server answered nonsense',
  EBADNAME: 'not a name that can be looked up',
};

function failure(name: string, answers: readonly Found[]): HttpError {
  const errors = answers.filter((answer) => answer instanceof Error);
  // A name that exists without one family is no news: the other family's error is.
  const error = errors.find((one) => codeOf(one) !== 'ENODATA') ?? errors[0];
  const code = codeOf(error);
  if (code === 'ETIMEOUT' || code === 'ECANCELLED') return new DnsTimeout(name, error);
  return new HttpError('dns', WORDS[code] ?? 'the name has no address', error);
}
