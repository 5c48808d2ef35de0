import type { z } from 'zod';
import { TidemarkError } from '../../core/errors.ts';
import type {
  Monitor,
  MonitorChange,
  MonitorSettings,
  NewMonitor,
} from '../../registry/monitors.ts';
import {
  basicOf,
  demandInterval,
  demandReachable,
  named,
  wrongField,
} from '../http/field-errors.ts';
import type { MonitorDesk } from './desk.ts';
import type { monitorPatch, monitorWish } from './schemas.ts';

type Wish = z.output<typeof monitorWish>;
type Patch = z.output<typeof monitorPatch>;
type Given = Omit<Wish, 'url' | 'regexp'>;
type StatusWish = NonNullable<Wish['expectStatus']>;

const INTERVAL_MS = 60_000;
const INTERVAL_MS_MAX = 30 * 86_400_000;
const TIMEOUT_MS = 10_000;

/** What a setting is that nobody gave. */
const DEFAULTS = {
  method: 'GET',
  headers: {},
  expectStatus: null,
  timeoutMs: TIMEOUT_MS,
  followRedirects: true,
  bodyBytesMax: 1_048_576,
  keepAlive: false,
  failuresBeforeDown: 2,
  successesBeforeUp: 1,
} as const satisfies MonitorSettings;

/** A monitor with everything at its default: what `tidemark generate-monitors` makes. */
export function plainMonitor(wanted: {
  readonly url: string;
  readonly host: string;
  readonly regexp: string | null;
  readonly intervalMs: number;
}): NewMonitor {
  const timeoutMs = Math.min(TIMEOUT_MS, wanted.intervalMs);
  return { ...wanted, name: null, tags: {}, settings: { ...DEFAULTS, timeoutMs } };
}

/**
 * What is wanted, whole, for a monitor that is new, and what of it was given, for one of the same
 * url and pattern, to which it has to fit.
 * @throws TidemarkError `invalid` naming the field, HttpProblem 422 for a place out of reach
 */
export async function readWish(
  desk: MonitorDesk,
  wish: Wish,
): Promise<{ readonly wanted: NewMonitor; readonly given: MonitorChange }> {
  const { url, host, authorization } = named(() => desk.addressOf(wish.url));
  const regexp = wish.regexp ?? null;
  if (regexp !== null) demandPattern(desk, regexp);
  const given = changeOf(desk, wish);
  const settings = authorization === undefined ? {} : { authorization };
  if (authorization !== undefined && typeof wish.credentials === 'string') {
    throw wrongField('credentials', 'those in the URL or these, not both');
  }
  const all = { ...given.settings, ...settings };
  const intervalMs = given.intervalMs ?? INTERVAL_MS;
  const plain = plainMonitor({ url, host, regexp, intervalMs });
  const wanted: NewMonitor = {
    ...plain,
    name: given.name ?? null,
    tags: given.tags ?? {},
    settings: checked(desk, url, { ...plain.settings, ...all }),
  };
  demandReachable(await desk.refusalOf(url));
  const change = Object.keys(all).length > 0 ? { ...given, settings: all } : given;
  const same = await desk.findSame(wanted);
  if (same) checkChange(desk, same, change);
  return { wanted, given: change };
}

/**
 * What of a monitor is to be changed; it fits to what stays.
 * @throws TidemarkError `invalid` naming the field
 */
export function readPatch(desk: MonitorDesk, monitor: Monitor, patch: Patch): MonitorChange {
  const change = changeOf(desk, patch);
  checkChange(desk, monitor, change);
  return { ...change, ...(patch.active !== undefined && { active: patch.active }) };
}

function checkChange(desk: MonitorDesk, { url, settings }: Monitor, change: MonitorChange): void {
  const { body, authorization, ...rest } = settings;
  const { without = [] } = change;
  checked(desk, url, {
    ...rest,
    ...(body !== undefined && !without.includes('body') && { body }),
    ...(authorization !== undefined && !without.includes('authorization') && { authorization }),
    ...change.settings,
  });
}

type Kept = Partial<{ -readonly [Name in keyof MonitorSettings]: MonitorSettings[Name] }>;

/** What was given, null as the default. */
function changeOf(desk: MonitorDesk, given: Given): MonitorChange {
  const { interval, name, tags, credentials, body, expectStatus, ...plain } = given;
  const bounds = { leastMs: desk.intervalMsMin, mostMs: INTERVAL_MS_MAX };
  if (interval != null) demandInterval(interval, bounds);
  const settings: Kept = {};
  for (const [option, value] of Object.entries(plain)) {
    if (!(option in DEFAULTS) || value === undefined) continue;
    Object.assign(settings, { [option]: value ?? DEFAULTS[option as keyof typeof DEFAULTS] });
  }
  if (expectStatus !== undefined) {
    settings.expectStatus = expectStatus === null ? null : rangesOf(expectStatus);
  }
  if (typeof body === 'string') settings.body = body;
  if (typeof credentials === 'string') {
    settings.authorization = basicOf(credentials);
  }
  const without = [
    ...(body === null ? (['body'] as const) : []),
    ...(credentials === null ? (['authorization'] as const) : []),
  ];
  return {
    ...(name !== undefined && { name }),
    ...(tags !== undefined && { tags: tags ?? {} }),
    ...(interval !== undefined && { intervalMs: interval ?? INTERVAL_MS }),
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(without.length > 0 && { without }),
  };
}

function demandPattern(desk: MonitorDesk, regexp: string): void {
  if (regexp === '')
    throw wrongField('regexp', 'a pattern; leave it out to have none', 'an empty one');
  // PostgreSQL holds neither; a pattern can write both in letters.
  const unfit = regexp.search(/\0|\p{Cs}/u);
  const found = desk.compile(regexp);
  if (unfit < 0 && found.ok) return;
  const { at, message } = found.ok
    ? { at: unfit, message: 'a character that cannot be kept: write it as \\x{...}' }
    : found;
  const where = at === undefined ? '' : `, at ${at}`;
  throw new TidemarkError('invalid', `field regexp: ${message}${where}`, {
    details: { field: 'regexp', ...(at !== undefined && { at }), expected: 'RE2 syntax' },
  });
}

/** Whether a scan can be made of it. Two kinds of credentials would leave open which is sent. */
function checked(desk: MonitorDesk, url: string, settings: MonitorSettings): MonitorSettings {
  const names = Object.keys(settings.headers).map((name) => name.toLowerCase());
  if (settings.authorization !== undefined && names.includes('authorization')) {
    throw wrongField('headers', 'no authorization beside credentials');
  }
  named(() => desk.check(url, settings));
  return settings;
}

function rangesOf(wish: StatusWish): [number, number][] {
  return (Array.isArray(wish) ? wish : [wish]).map((one) => {
    if (typeof one === 'number') return [one, one];
    const hundred = /^([1-5])xx$/i.exec(one);
    if (hundred) return [Number(hundred[1]) * 100, Number(hundred[1]) * 100 + 99];
    const [from = '', to = from] = one.split('-');
    return [Number(from), Number(to)];
  });
}
