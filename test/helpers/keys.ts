/** Keys and the audit in memory, with the rules of registry/keys.ts. */
import type { Dependencies } from '../../api/app.ts';
import type { AuditDesk, KeyDesk } from '../../api/keys/desk.ts';
import { type KeySource, openKeyring, settingsKeyring } from '../../api/keys/keyring.ts';
import { addressRanges } from '../../core/address-ranges.ts';
import type { Clock } from '../../core/clock.ts';
import type { ApiKey } from '../../core/config.ts';
import { TidemarkError } from '../../core/errors.ts';
import { type Log, silentLog } from '../../core/log.ts';
import type { AuditEntry, KeptEntry } from '../../registry/audit.ts';
import type { HeldKey, Key, NewKey, OtherKeys } from '../../registry/keys.ts';

type Stored = Key & Pick<HeldKey, 'hash'>;

/** A registry's keys; `away` makes it fail. */
export class FakeKeys implements KeySource {
  readonly keys: Stored[] = [];
  readonly uses: ReadonlyMap<number, number>[] = [];
  away: Error | undefined;
  readonly #clock: Clock;
  #followers: ((news: boolean) => Promise<void>)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async held(): Promise<readonly HeldKey[]> {
    if (this.away) throw this.away;
    return this.#stored()
      .filter(({ state }) => state !== 'revoked')
      .map((key) => ({ ...key, expired: key.state === 'expired' }));
  }

  async noteUses(used: ReadonlyMap<number, number>): Promise<void> {
    if (this.away) throw this.away;
    this.uses.push(used);
    for (const key of this.keys) {
      key.lastUsedMs = used.get(key.id) ?? key.lastUsedMs;
    }
  }

  /** As followChannel does it: a round at the start, then in every interval. */
  follow({ everyMs, round, failed }: Parameters<KeySource['follow']>[0]) {
    const ending = new AbortController();
    const look = () => round().catch(failed);
    this.#followers.push(look);
    const run = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        await look();
        await this.#clock.sleep(everyMs, ending.signal).catch(() => 'the end');
      }
    };
    const running = run();
    return {
      close: async () => {
        ending.abort();
        await running;
      },
    };
  }

  /** As a notification would. */
  async tell(): Promise<void> {
    for (const look of this.#followers) await look(true);
  }

  /** Ends a key, as another process would; nobody is told. */
  end(name: string): void {
    const key = this.keys.find((one) => one.name === name)!;
    key.revokedMs = this.#clock.nowMs();
    key.revokedBy = 'elsewhere';
  }

  add(wanted: NewKey): Key {
    const { hash, by, ...rest } = wanted;
    if (this.keys.some(({ name }) => name === wanted.name)) {
      throw new TidemarkError('conflict', `there is or was a key ${wanted.name}`);
    }
    const made = { createdMs: this.#clock.nowMs(), createdBy: by, lastUsedMs: null };
    const not = { revokedMs: null, revokedBy: null, state: 'live' as const };
    this.keys.push({ id: this.keys.length + 1, ...rest, ...made, ...not, hash });
    return shown(this.keys.at(-1)!);
  }

  desk(others: OtherKeys = { keys: 0, admins: 0 }): KeyDesk {
    const there = () => this.#stored().filter(({ state }) => state !== 'revoked');
    return {
      add: async (wanted) => {
        const first = there().length + others.keys === 0;
        if (first && wanted.role !== 'admin') throw new TidemarkError('conflict', 'first: admin');
        return { key: this.add(wanted), first };
      },
      find: async (id) =>
        this.#stored()
          .filter((key) => key.id === id)
          .map(shown)[0],
      list: async ({ after, limit, state }) =>
        this.#stored()
          .filter((key) => key.id > after && (state === undefined || key.state === state))
          .slice(0, limit)
          .map(shown),
      revoke: async (id, { by, last }) => {
        const key = this.#stored().find((one) => one.id === id);
        if (key === undefined) return undefined;
        const rest = there().filter((one) => one.id !== id);
        const keysLeft = rest.length + others.keys;
        if (key.state === 'revoked') return { outcome: 'revoked', key: shown(key), keysLeft };
        if (keysLeft === 0 && !last) return { outcome: 'last', key: shown(key) };
        const admins = rest.filter(({ role, state }) => role === 'admin' && state === 'live');
        const admin = key.role === 'admin' && keysLeft > 0;
        if (admin && admins.length + others.admins === 0) {
          return { outcome: 'last-admin', key: shown(key) };
        }
        Object.assign(key, { revokedMs: this.#clock.nowMs(), revokedBy: by, state: 'revoked' });
        return { outcome: 'revoked', key: shown(key), keysLeft };
      },
    };
  }

  #stored(): readonly Stored[] {
    const nowMs = this.#clock.nowMs();
    for (const key of this.keys) {
      const expired = key.expiresMs !== null && key.expiresMs <= nowMs;
      key.state = key.revokedMs !== null ? 'revoked' : expired ? 'expired' : 'live';
    }
    return this.keys;
  }
}

function shown({ hash: _, ...key }: Stored): Key {
  return { ...key };
}

export class FakeAudit implements AuditDesk {
  readonly entries: KeptEntry[] = [];

  readonly trail = {
    note: (entry: AuditEntry) => void this.entries.push({ id: this.entries.length + 1, ...entry }),
  };

  async list({ before, limit, key, route, fromMs, toMs }: Parameters<AuditDesk['list']>[0]) {
    return this.entries
      .filter(({ id }) => before === undefined || id < before)
      .filter((entry) => key === undefined || entry.key === key)
      .filter((entry) => route === undefined || entry.route === route)
      .filter(({ atMs }) => atMs >= (fromMs ?? 0) && atMs < (toMs ?? Number.POSITIVE_INFINITY))
      .reverse()
      .slice(0, limit);
  }
}

interface Serving {
  readonly clock: Clock;
  readonly log?: Log;
  /** Those of the settings. */
  readonly keys?: readonly ApiKey[];
  readonly host?: string;
}

/** What the API needs to know of those who ask: keys of the settings alone, and no limits. */
export function servingWith({ clock, log = silentLog, keys = [], host = '127.0.0.1' }: Serving) {
  const audit = new FakeAudit();
  const admins = keys.filter(({ role }) => role === 'admin').length;
  return {
    keyring: settingsKeyring({ settings: keys, host, clock, log }),
    keyDesk: new FakeKeys(clock).desk({ keys: keys.length, admins }),
    auditDesk: audit,
    auditTrail: audit.trail,
    ...{ apiRate: 0, corsOrigins: [], proxies: addressRanges([]), secure: false },
  } satisfies Partial<Dependencies>;
}

/** The same with keys of a registry. The keyring is to be closed. */
export async function servingFrom(source: FakeKeys, { clock, ...rest }: Serving) {
  const { log = silentLog, keys = [], host = '127.0.0.1' } = rest;
  const serving = servingWith({ clock, ...rest });
  const keyring = await openKeyring({ settings: keys, host, clock, log }, source);
  const admins = keys.filter(({ role }) => role === 'admin').length;
  return { ...serving, keyring, keyDesk: source.desk({ keys: keys.length, admins }) };
}
