import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { ANYBODY } from '../../api/keys/keyring.ts';
import { keyWish } from '../../api/keys/schemas.ts';
import { shownKey } from '../../api/keys/views.ts';
import { readKeyWish } from '../../api/keys/wish.ts';
import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { isCode, TidemarkError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { addAudit } from '../../registry/audit.ts';
import type { Database } from '../../registry/database.ts';
import {
  addKey,
  findKey,
  findKeyNamed,
  type Key,
  listKeys,
  revokeKey,
} from '../../registry/keys.ts';
import type { Command, CommandContext } from './command.ts';

export const keys: Command = {
  name: 'keys',
  summary: 'make, list and revoke keys of the API',
  help: `tidemark keys create NAME --role read|write|admin [--expires 90d] [--rate N] [--note TEXT]
tidemark keys list [--json]
tidemark keys revoke NAME|NUMBER [--force]

Keys open the API. A secret is shown once, when it is made: only a digest of it is kept. Every
Tidemark that runs on the same registry knows of a change within five seconds.

  --role ROLE      read, write (and read), or admin (everything, keys too)
  --expires WHEN   a time such as 2027-01-31T00:00:00Z, or a length from now such as 90d
  --rate N         requests a second; 0: as many as come. Without it API_RATE counts
  --note TEXT      for people
  --force          revoke the last key that can make others, too
  --json           one line of JSON instead of text

They are kept in the registry: DATABASE_URL, or the one in DATA_DIR while no Tidemark runs there.
With one that runs there, its API does the same: POST, GET and DELETE of /keys (docs/keys.md).

Exit codes: 0 done; 64 the command line or a setting is wrong; 69 the registry is away; 1 it failed.

Examples:
  tidemark keys create ops --role admin
  tidemark keys create grafana --role read --expires 90d
  tidemark keys revoke grafana`,
  options: {
    role: { type: 'string' },
    expires: { type: 'string' },
    rate: { type: 'string' },
    note: { type: 'string' },
    force: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  positionalsMax: 2,
  async run(context) {
    const act = ACTS.get(context.positionals[0] ?? '');
    if (act === undefined) {
      throw new TidemarkError('invalid', 'keys: expected create, list or revoke');
    }
    // A wrong command line is told before anything is opened.
    const work = act(context);
    const registry = await open(context.config);
    try {
      return await work(registry);
    } finally {
      await registry.close();
    }
  },
};

type Act = (context: CommandContext) => (registry: Database) => Promise<number>;

const ACTS: ReadonlyMap<string, Act> = new Map([
  ['create', create],
  ['list', list],
  ['revoke', revoke],
]);

/** PGlite takes one process at a time: while a Tidemark runs there, it alone can do this. */
async function open({ databaseUrl, dataDir, host, port }: Config): Promise<Database> {
  if (databaseUrl === undefined) await mkdir(dataDir, { recursive: true });
  try {
    const { openRegistry } = await import('../../registry/open.ts');
    return await openRegistry({ databaseUrl, dataDir, log: createLog('warn') });
  } catch (error) {
    if (databaseUrl !== undefined || !isCode(error, 'conflict')) throw error;
    throw new TidemarkError(
      'conflict',
      `a Tidemark runs on ${dataDir}: ask its API (http://${host}:${port}/keys), or stop it first. ` +
        'With DATABASE_URL both can work at once',
      { cause: error },
    );
  }
}

function create(context: CommandContext): ReturnType<Act> {
  const { wanted, secret } = readKeyWish(wishOf(context), {
    by: operator(),
    nowMs: systemClock.nowMs(),
  });
  const taken = [ANYBODY, ...context.config.apiKeys].some(({ name }) => name === wanted.name);
  if (taken) throw new TidemarkError('conflict', `there is a key ${wanted.name} already`);
  return (registry) => add(context, registry, { wanted, secret });
}

async function add(
  { config, options, print }: CommandContext,
  registry: Database,
  { wanted, secret }: ReturnType<typeof readKeyWish>,
): Promise<number> {
  const { key, first } = await addKey(registry, wanted);
  await note(registry, 'addKey', `keys create ${key.name} --role ${key.role}`);
  if (options.json === true) {
    print(JSON.stringify({ ...shownKey(key), secret }));
    return 0;
  }
  print(`Key ${key.name} (number ${key.id}, role ${key.role}). Its secret is shown this once:`);
  print(`\n  ${secret}\n`);
  print(`Use it as "Authorization: Bearer ${key.prefix}_...".`);
  if (first && config.apiKeys.length === 0) {
    print('It is the first key: the API takes nothing without one from now on.');
  }
  return 0;
}

/** @throws TidemarkError `invalid` naming the option */
function wishOf({ positionals: [, name = ''], options }: CommandContext) {
  const { role, expires, rate, note: text } = options;
  const wish = {
    ...{ name, role },
    ...(expires !== undefined && { expires }),
    ...(rate !== undefined && { ratePerSecond: rate === '' ? Number.NaN : Number(rate) }),
    ...(text !== undefined && { note: text }),
  };
  const parsed = keyWish.safeParse(wish);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = String(issue?.path[0] ?? '');
  const option = { name: 'NAME', ratePerSecond: '--rate' }[field] ?? `--${field}`;
  throw new TidemarkError('invalid', `keys create: ${option}: ${issue?.message}`);
}

const PAGE = 500;

function list(context: CommandContext): ReturnType<Act> {
  const [, extra] = context.positionals;
  if (extra === undefined) return (registry) => show(context, registry);
  throw new TidemarkError('invalid', `keys list: did not expect "${extra}"`);
}

async function show({ config, options, print }: CommandContext, registry: Database) {
  const found: Key[] = [];
  for (let more = true; more; ) {
    const after = found.at(-1)?.id ?? 0;
    const some = await listKeys(registry, { after, limit: PAGE });
    found.push(...some);
    more = some.length === PAGE;
  }
  const settings = config.apiKeys.map(({ name, role }) => ({ name, role }));
  if (options.json === true) {
    print(JSON.stringify({ items: found.map(shownKey), settings }));
    return 0;
  }
  for (const key of found) print(line(key));
  for (const { name, role } of settings) print(`-    ${name}: ${role}, of the setting API_KEYS`);
  if (found.length + settings.length === 0) print('There are no keys: tidemark keys create');
  return 0;
}

/** `3    grafana: read, live, tdm_1a2b3c4d, expires 2027-01-31, last used 2026-11-21T21:00:00Z` */
function line(key: Key): string {
  const { id, name, role, state, prefix, expires, lastUsed, ratePerSecond } = shownKey(key);
  const parts = [
    ...[role, state, `${prefix}_...`],
    ...(ratePerSecond === null ? [] : [`${ratePerSecond} requests a second`]),
    ...(expires === null ? [] : [`expires ${expires}`]),
    lastUsed === null ? 'not used yet' : `last used ${lastUsed}`,
  ];
  return `${String(id).padEnd(4)} ${name}: ${parts.join(', ')}`;
}

function revoke(context: CommandContext): ReturnType<Act> {
  const [, wanted] = context.positionals;
  if (wanted === undefined) throw new TidemarkError('invalid', 'keys revoke: NAME or NUMBER?');
  return (registry) => end(context, registry, wanted);
}

async function end(
  { options, print, config }: CommandContext,
  registry: Database,
  wanted: string,
): Promise<number> {
  const byNumber = /^[1-9]\d{0,14}$/.test(wanted) ? await findKey(registry, Number(wanted)) : null;
  const key = (await findKeyNamed(registry, wanted)) ?? byNumber;
  if (!key) throw new TidemarkError('not-found', `no key ${wanted}: tidemark keys list`);
  const admins = config.apiKeys.filter(({ role }) => role === 'admin').length;
  const force = options.force === true;
  const done = await revokeKey(registry, key.id, {
    by: operator(),
    others: { keys: config.apiKeys.length, admins },
    may: { last: force, lastAdmin: force },
  });
  if (done?.outcome !== 'revoked') {
    const why = done?.outcome === 'last' ? 'the last key' : 'the last key that can make others';
    throw new TidemarkError('conflict', `${key.name} is ${why}: --force revokes it all the same`);
  }
  await note(registry, 'revokeKey', `keys revoke ${key.name}`);
  if (options.json === true) print(JSON.stringify(shownKey(done.key)));
  else print(`Key ${key.name} (number ${key.id}) is revoked.`);
  if (done.keysLeft === 0 && options.json !== true) {
    print('No key is left: on loopback the API is open, beyond it nothing is taken any more.');
  }
  return 0;
}

/** For the audit; a container need not know its user. */
function operator(): string {
  try {
    return `tidemark keys (${userInfo().username})`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return 'tidemark keys';
  }
}

async function note(registry: Database, route: string, path: string): Promise<void> {
  const who = { key: operator(), role: 'admin', address: null, request: null };
  const what = { method: 'COMMAND', route, path: `tidemark ${path}`, status: null, tookMs: null };
  await addAudit(registry, [{ atMs: systemClock.nowMs(), ...who, ...what }]);
}
