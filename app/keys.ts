import type { Dependencies } from '../api/app.ts';
import { startAuditTrail, startForgetting } from '../api/keys/audit.ts';
import { assertSafeHost, isLoopback } from '../api/keys/auth.ts';
import type { AuditDesk, KeyDesk } from '../api/keys/desk.ts';
import { type Keyring, type KeySource, openKeyring } from '../api/keys/keyring.ts';
import { addressRanges } from '../core/address-ranges.ts';
import { systemClock } from '../core/clock.ts';
import type { Config } from '../core/config.ts';
import { addAudit, forgetAudit, listAudit } from '../registry/audit.ts';
import type { Database } from '../registry/database.ts';
import { followChannel } from '../registry/follow.ts';
import { inTime } from '../registry/in-time.ts';
import {
  addKey,
  findKey,
  heldKeys,
  KEYS_CHANNEL,
  listKeys,
  noteUses,
  type OtherKeys,
  revokeKey,
} from '../registry/keys.ts';
import type { Base } from './start.ts';

/** A reading that takes longer is given up, so that one that hangs hides no revocation. */
const READ_MS_MAX = 4_000;
/** The first one may wait: a start that is slow is better than none. */
const FIRST_READ_MS_MAX = 60_000;
// Keys expire by real time, whatever the clock of the polls.
const clock = systemClock;

/** Whether it depends on the registry's keys if a process may listen at all. */
export function needsRegistryKeys({ host, apiKeys }: Config): boolean {
  return apiKeys.length === 0 && !isLoopback(host);
}

/** @throws TidemarkError `invalid` where nobody has a key */
export async function demandRegistryKeys(config: Config, registry: Database): Promise<void> {
  const keys = await heldKeys(registry);
  assertSafeHost(
    config.host,
    keys.some(({ expired }) => !expired),
  );
}

type Serving = Pick<
  Dependencies,
  | ('keyring' | 'keyDesk' | 'auditDesk' | 'auditTrail')
  | ('apiRate' | 'corsOrigins' | 'proxies' | 'secure')
>;

/** What the API needs to know of those who ask, and to write down what they changed. */
export async function openServing(base: Omit<Base, 'clock'>): Promise<Serving> {
  const { config, registry, log, metrics, parts, probes } = base;
  const { host, apiKeys: settings, apiRate, corsOrigins, trustProxy, auditKeptMs: keptMs } = config;
  const keyring = await openKeyring({ settings, host, clock, log }, keySource(registry));
  parts.add('keys', () => keyring.close());
  probes.push(keyring.probe);
  const store = { add: (entries: Parameters<typeof addAudit>[1]) => addAudit(registry, entries) };
  const auditTrail = startAuditTrail({ store, clock, log, metrics });
  parts.add('audit', auditTrail.close);
  const forget = (ms: number, limit: number) => forgetAudit(registry, ms, limit);
  const forgetting = startForgetting({ forget, keptMs, clock, log });
  parts.add('audit retention', forgetting.close);
  return {
    ...{ keyring, auditTrail, apiRate, corsOrigins },
    keyDesk: keyDesk(registry, keyring),
    auditDesk: auditDesk(registry),
    proxies: addressRanges(trustProxy),
    secure: config.publicUrl?.startsWith('https:') ?? false,
  };
}

function keySource(registry: Database): KeySource {
  let timeoutMs = FIRST_READ_MS_MAX;
  return {
    async held() {
      const keys = await inTime(heldKeys(registry), { database: registry, clock, timeoutMs });
      timeoutMs = READ_MS_MAX;
      return keys;
    },
    noteUses: (used) => noteUses(registry, used),
    follow: (options) =>
      followChannel({ ...options, database: registry, channel: KEYS_CHANNEL, clock }),
  };
}

/** Of the settings of this process; all that serve the same registry should have the same. */
function othersOf({ settings }: Keyring): OtherKeys {
  const admins = settings.filter(({ role }) => role === 'admin').length;
  return { keys: settings.length, admins };
}

function keyDesk(registry: Database, keyring: Keyring): KeyDesk {
  const others = othersOf(keyring);
  return {
    add: (wanted) => addKey(registry, wanted, others),
    find: (id) => findKey(registry, id),
    list: (filter) => listKeys(registry, filter),
    revoke: (id, { by, last }) =>
      revokeKey(registry, id, { by, others, may: { last, lastAdmin: false } }),
  };
}

function auditDesk(registry: Database): AuditDesk {
  return { list: (filter) => listAudit(registry, filter) };
}
