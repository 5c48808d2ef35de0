import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { messageOf, TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { digestOf, prefixOf } from '../../registry/key-secret.ts';
import type { HeldKey } from '../../registry/keys.ts';
import type { ApiKey, Probe, Role } from '../contract.ts';
import { type Caller, isLoopback } from './auth.ts';

/** Where keys are kept that are made and revoked while the API runs. */
export interface KeySource {
  /** All that are not revoked. */
  held(): Promise<readonly HeldKey[]>;
  /** Notes when keys were used, by id, in ms since the epoch. */
  noteUses(used: ReadonlyMap<number, number>): Promise<void>;
  /** Calls `round` when keys have changed, and every `everyMs` in any case. */
  follow(options: {
    readonly everyMs: number;
    readonly round: () => Promise<void>;
    readonly failed: (error: unknown) => void;
  }): { close(): Promise<void> };
}

export interface KeyringOptions {
  /** Those of the settings. */
  readonly settings: readonly ApiKey[];
  /** Where the API listens. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Identified {
  readonly caller: Caller;
  /** Its secret may be one that people think of: guessing has to be slow. */
  readonly guessable: boolean;
}

/** The keys that open the API, as of now. */
export interface Keyring {
  /**
   * Whose secret it is; undefined: nobody's.
   * @throws TidemarkError `unavailable`: the registry's keys were not heard of for too long
   */
  identify(secret: string): Identified | undefined;
  /** There is no key at all, and only this machine can ask: everybody may do everything. */
  isOpen(): boolean;
  /** There is a key that opens something. */
  hasLiveKey(): boolean;
  /** Whether this caller would be let in again. */
  admits(caller: Caller): boolean;
  /** Calls `ended` once when the caller is let in no more, within seconds. Returns the way out. */
  watch(caller: Caller, ended: () => void): () => void;
  /** Those of the settings, without their secrets. */
  readonly settings: readonly { readonly name: string; readonly role: Role }[];
  /** Reads the registry's keys again, now. */
  refresh(): Promise<void>;
  readonly probe: Probe;
  close(): Promise<void>;
}

/** Everybody, while there are no keys. */
export const ANYBODY: Caller = {
  ...{ name: 'anybody', role: 'admin', source: 'open' },
  ...{ id: null, expiresMs: null, rate: null },
};

/** With the time of the query itself below the five seconds that are promised. */
const LOOK_MS = 4_000;
const USES_MS = 60_000;
/** Readiness is red when the keys are older. */
const OLD_MS = 20_000;
/** So long keys open the API that nobody could revoke meanwhile. */
const TRUSTED_MS = 3_600_000;
/** Secrets of the settings that are shorter may be words. */
const UNGUESSABLE_CHARS = 32;

/** The keys of the settings alone: nothing else is looked at. */
export function settingsKeyring(options: KeyringOptions): Keyring {
  return new Ring(options, undefined);
}

/**
 * Those of the settings and of the registry together, read before it resolves.
 * @throws what the first reading throws
 */
export async function openKeyring(options: KeyringOptions, source: KeySource): Promise<Keyring> {
  const ring = new Ring(options, source);
  await ring.refresh();
  ring.start();
  return ring;
}

interface SettingsKey {
  readonly identified: Identified;
  readonly hash: Buffer;
}

interface RegistryKey {
  readonly identified: Identified;
  readonly hash: Buffer;
  readonly expired: boolean;
}

class Ring implements Keyring {
  readonly #options: KeyringOptions;
  readonly #source: KeySource | undefined;
  readonly #settings: readonly SettingsKey[];
  #registry: ReadonlyMap<string, RegistryKey> = new Map();
  #readMs: number;
  #failure: string | undefined;
  #reading: Promise<void> | undefined;
  readonly #watchers = new Set<{ readonly caller: Caller; readonly ended: () => void }>();
  #uses = new Map<number, number>();
  readonly #ending = new AbortController();
  #following: { close(): Promise<void> } | undefined;
  #ticking: Promise<void> | undefined;

  constructor(options: KeyringOptions, source: KeySource | undefined) {
    this.#options = options;
    this.#source = source;
    this.#settings = options.settings.map(settingsKey);
    this.#readMs = options.clock.monotonicMs();
  }

  get settings(): readonly { readonly name: string; readonly role: Role }[] {
    return this.#options.settings.map(({ name, role }) => ({ name, role }));
  }

  get probe(): Probe {
    return {
      name: 'keys',
      check: async () => {
        const ageMs = this.#ageMs();
        if (ageMs <= OLD_MS) return { ok: true };
        const why = this.#failure ?? 'the registry does not answer';
        const reason = `keys are those of ${Math.round(ageMs / 1_000)} s ago: ${why}`;
        const fix = "look after the registry's database: its keys open the API for an hour at most";
        return { ok: false, reason, fix };
      },
    };
  }

  identify(secret: string): Identified | undefined {
    const hash = digestOf(secret);
    // Hashes have one length and every key is compared: the time tells nothing about a secret.
    let found: Identified | undefined;
    for (const key of this.#settings) {
      if (timingSafeEqual(key.hash, hash)) found = key.identified;
    }
    return found ?? this.#registered(secret, hash);
  }

  isOpen(): boolean {
    return this.#settings.length + this.#registry.size === 0 && isLoopback(this.#options.host);
  }

  hasLiveKey(): boolean {
    return (
      this.#settings.length > 0 || [...this.#registry.values()].some((key) => this.#lives(key))
    );
  }

  admits({ source, id }: Caller): boolean {
    if (source === 'open') return this.isOpen();
    if (source === 'settings') return true;
    const key = [...this.#registry.values()].find(({ identified }) => identified.caller.id === id);
    return key !== undefined && this.#lives(key) && this.#ageMs() <= TRUSTED_MS;
  }

  watch(caller: Caller, ended: () => void): () => void {
    const watcher = { caller, ended };
    this.#watchers.add(watcher);
    // It may have ended since the request was let in.
    this.#look();
    return () => this.#watchers.delete(watcher);
  }

  /** Who comes while a reading is under way gets one that begins after it. */
  async refresh(): Promise<void> {
    const before = this.#reading;
    const read = (): Promise<void> => this.#read();
    const reading = before === undefined ? read() : before.then(read, read);
    this.#reading = reading;
    try {
      await reading;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  start(): void {
    const { log } = this.#options;
    this.#following = this.#source?.follow({
      everyMs: LOOK_MS,
      round: () => this.refresh(),
      failed: (error) => {
        this.#failure = messageOf(error);
        log.warn({ error: this.#failure }, 'keys cannot be read: those that are known stay');
      },
    });
    this.#ticking = this.#tick();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#ticking;
    await this.#following?.close();
    await this.#noteUses();
  }

  async #read(): Promise<void> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const held = (await this.#source?.held()) ?? [];
    this.#registry = new Map(held.map((key) => [key.prefix, registryKey(key)]));
    this.#readMs = startedMs;
    this.#failure = undefined;
    this.#look();
  }

  /** Also where the registry is away: what expires does so all the same. */
  async #tick(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    for (let sinceMs = 0; !signal.aborted; sinceMs += LOOK_MS) {
      await clock.sleep(LOOK_MS, signal).catch(() => 'the end');
      this.#look();
      if (sinceMs < USES_MS) continue;
      sinceMs = 0;
      await this.#noteUses();
    }
  }

  #registered(secret: string, hash: Buffer): Identified | undefined {
    const key = this.#registry.get(prefixOf(secret) ?? '');
    if (key === undefined || !timingSafeEqual(key.hash, hash) || !this.#lives(key)) {
      return undefined;
    }
    if (this.#ageMs() > TRUSTED_MS) {
      throw new TidemarkError('unavailable', 'keys cannot be checked: the registry is away');
    }
    const { id } = key.identified.caller;
    if (id !== null) this.#uses.set(id, this.#options.clock.nowMs());
    return key.identified;
  }

  #lives({ expired, identified }: RegistryKey): boolean {
    const { expiresMs } = identified.caller;
    return !expired && (expiresMs === null || expiresMs > this.#options.clock.nowMs());
  }

  /** Of what is known of the registry's keys. */
  #ageMs(): number {
    return this.#source === undefined ? 0 : this.#options.clock.monotonicMs() - this.#readMs;
  }

  #look(): void {
    for (const watcher of this.#watchers) {
      if (this.admits(watcher.caller)) continue;
      this.#watchers.delete(watcher);
      watcher.ended();
    }
  }

  async #noteUses(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    try {
      await this.#source?.noteUses(uses);
    } catch (error) {
      this.#options.log.debug({ error: messageOf(error) }, 'uses of keys were not noted');
      this.#uses = new Map([...uses, ...this.#uses]);
    }
  }
}

function settingsKey({ name, role, secret }: ApiKey): SettingsKey {
  const caller: Caller = {
    ...{ name, role, source: 'settings' },
    ...{ id: null, expiresMs: null, rate: null },
  };
  const guessable = secret.length < UNGUESSABLE_CHARS;
  return { hash: digestOf(secret), identified: { caller, guessable } };
}

function registryKey(key: HeldKey): RegistryKey {
  const { id, name, role, expiresMs, rate, expired } = key;
  const caller: Caller = { name, role, source: 'registry', id, expiresMs, rate };
  return { hash: Buffer.from(key.hash, 'hex'), expired, identified: { caller, guessable: false } };
}
