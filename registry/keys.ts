import { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';
import { type Database, type Queries, rowsOf } from './database.ts';
import { msColumn, NOW_MS, textOf, timeOf } from './sql-values.ts';

/** Notified whenever a key is made or revoked. */
export const KEYS_CHANNEL = 'tidemark_keys';

export const KEY_ROLES = ['read', 'write', 'admin'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

export const KEY_STATES = ['live', 'expired', 'revoked'] as const;

const key = z.object({
  id: z.int(),
  name: z.string(),
  role: z.enum(KEY_ROLES),
  /** The begin of the secret. */
  prefix: z.string(),
  /** Requests a second; 0: as many as come, null: what the setting says. */
  rate: z.number().nullable(),
  note: z.string().nullable(),
  createdMs: z.number(),
  createdBy: z.string(),
  /** Null: never. */
  expiresMs: z.number().nullable(),
  revokedMs: z.number().nullable(),
  revokedBy: z.string().nullable(),
  /** Within a minute or so; null: not yet. */
  lastUsedMs: z.number().nullable(),
  /** By the clock of the database. */
  state: z.enum(KEY_STATES),
});

/** A key as it may be shown: there is nothing secret in it. */
export type Key = z.infer<typeof key>;

const STATE = `case when k.revoked is not null then 'revoked'
    when k.expires_ms <= ${NOW_MS} then 'expired' else 'live' end`;

const COLUMNS = `k.id, k.name, k.role, k.prefix, k.rate, k.note,
  ${msColumn('k.created', 'createdMs')}, k.created_by as "createdBy", k.expires_ms as "expiresMs",
  ${msColumn('k.revoked', 'revokedMs')}, k.revoked_by as "revokedBy",
  ${msColumn('k.last_used', 'lastUsedMs')}, ${STATE} as state`;

const heldKey = z.object({
  id: z.int(),
  name: z.string(),
  role: z.enum(KEY_ROLES),
  prefix: z.string(),
  /** SHA-256 of the secret, in hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  rate: z.number().nullable(),
  expiresMs: z.number().nullable(),
  expired: z.boolean(),
});

/** A key as whoever checks secrets holds it. */
export type HeldKey = z.infer<typeof heldKey>;

/** All that are not revoked: one that has expired opens nothing, but still closes the door. */
export async function heldKeys(queries: Queries): Promise<HeldKey[]> {
  const rows = await queries.query(
    `select id, name, role, prefix, hash, rate, expires_ms as "expiresMs",
       coalesce(expires_ms <= ${NOW_MS}, false) as expired
     from api_keys where revoked is null order by id`,
  );
  return rowsOf(heldKey, rows);
}

export interface NewKey {
  readonly name: string;
  readonly role: KeyRole;
  readonly prefix: string;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly rate: number | null;
  readonly note: string | null;
  readonly expiresMs: number | null;
  /** Name of the key that makes it, or where it is made. */
  readonly by: string;
}

/** Keys that are not in this table: those of the settings. */
export interface OtherKeys {
  readonly keys: number;
  readonly admins: number;
}

export interface AddedKey {
  readonly key: Key;
  /** It is the first of all. */
  readonly first: boolean;
}

/**
 * Makes a key.
 * @param others absent: the first key may have any role
 * @throws TidemarkError `conflict` for a name that there was already, and for a first key that could
 * not make others
 */
export async function addKey(
  database: Database,
  wanted: NewKey,
  others?: OtherKeys,
): Promise<AddedKey> {
  const { name, role, prefix, hash, rate, note, expiresMs, by } = wanted;
  return database.transaction(async (transaction) => {
    const left = await lockAndCount(transaction);
    const first = left.keys + (others?.keys ?? 0) === 0;
    if (first && others !== undefined && role !== 'admin') {
      throw new TidemarkError('conflict', 'the first key has to have the role admin', {
        details: { why: 'it closes the API, and nobody could make other keys' },
      });
    }
    const rows = await transaction.query(
      `insert into api_keys (name, role, prefix, hash, rate, note, expires_ms, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (name) do nothing returning id`,
      [name, role, prefix, hash, rate, note === null ? null : textOf(note), expiresMs, textOf(by)],
    );
    const id = rowsOf(z.object({ id: z.int() }), rows)[0]?.id;
    if (id === undefined) {
      throw new TidemarkError('conflict', `there is or was a key ${name}`, {
        details: { fix: 'choose another name: one means the same key for ever' },
      });
    }
    await notify(transaction);
    return { key: (await findKey(transaction, id))!, first };
  });
}

export async function findKey(queries: Queries, id: number): Promise<Key | undefined> {
  const rows = await queries.query(`select ${COLUMNS} from api_keys k where k.id = $1`, [id]);
  return rowsOf(key, rows)[0];
}

export async function findKeyNamed(queries: Queries, name: string): Promise<Key | undefined> {
  const rows = await queries.query(`select ${COLUMNS} from api_keys k where k.name = $1`, [name]);
  return rowsOf(key, rows)[0];
}

export interface KeyFilter {
  /** Ids above this one. */
  readonly after: number;
  readonly limit: number;
  readonly state?: Key['state'] | undefined;
}

/** By id. */
export async function listKeys(queries: Queries, filter: KeyFilter): Promise<Key[]> {
  const rows = await queries.query(
    `select * from (select ${COLUMNS} from api_keys k where k.id > $1) as found
     where $3::text is null or state = $3 order by id limit $2`,
    [filter.after, filter.limit, filter.state ?? null],
  );
  return rowsOf(key, rows);
}

export interface Revocation {
  readonly by: string;
  readonly others: OtherKeys;
  /** Whether the last key of all may go, and the last that can make others. */
  readonly may: { readonly last: boolean; readonly lastAdmin: boolean };
}

export type Revoked =
  | { readonly outcome: 'revoked'; readonly key: Key; readonly keysLeft: number }
  /** It stays: without it there would be no key at all, or none that can make others. */
  | { readonly outcome: 'last' | 'last-admin'; readonly key: Key };

/** Ends a key for ever; twice is the same. Undefined: there is none. */
export async function revokeKey(
  database: Database,
  id: number,
  { by, others, may }: Revocation,
): Promise<Revoked | undefined> {
  return database.transaction(async (transaction) => {
    const left = await lockAndCount(transaction, id);
    const found = await findKey(transaction, id);
    if (found === undefined) return undefined;
    const keysLeft = left.keys + others.keys;
    if (found.state === 'revoked') return { outcome: 'revoked', key: found, keysLeft };
    if (keysLeft === 0 && !may.last) return { outcome: 'last', key: found };
    const admin = found.state === 'live' && found.role === 'admin';
    if (admin && keysLeft > 0 && left.admins + others.admins === 0 && !may.lastAdmin) {
      return { outcome: 'last-admin', key: found };
    }
    await transaction.query(
      'update api_keys set revoked = clock_timestamp(), revoked_by = $2 where id = $1',
      [id, textOf(by)],
    );
    await notify(transaction);
    return { outcome: 'revoked', key: (await findKey(transaction, id))!, keysLeft };
  });
}

/**
 * Notes that keys were used, by id. Not more than once a minute a key, so that processes which
 * share a key do not write all the time.
 */
export async function noteUses(queries: Queries, used: ReadonlyMap<number, number>): Promise<void> {
  await queries.query(
    `update api_keys k set last_used = ${timeOf('u.at_ms')}
     from unnest($1::bigint[], $2::float8[]) as u (id, at_ms)
     where k.id = u.id
       and (k.last_used is null or k.last_used < ${timeOf('u.at_ms')} - interval '50 s')`,
    [[...used.keys()], [...used.values()]],
  );
}

const counted = z.object({ keys: z.int(), admins: z.int() });

/** What there is besides one key. Nobody else makes or revokes any before the transaction ends. */
async function lockAndCount(transaction: Queries, without = 0): Promise<OtherKeys> {
  await transaction.query('lock table api_keys in share row exclusive mode');
  const rows = await transaction.query(
    `select count(*) as keys, count(*) filter (
       where k.role = 'admin' and (k.expires_ms is null or k.expires_ms > ${NOW_MS})) as admins
     from api_keys k where k.revoked is null and k.id <> $1`,
    [without],
  );
  return rowsOf(counted, rows)[0]!;
}

async function notify(transaction: Queries): Promise<void> {
  await transaction.query(`select pg_notify('${KEYS_CHANNEL}', '')`);
}
