/**
 * Every setting, in one table: the only reader of the environment. The table is validated whole at
 * start (all mistakes at once) and `docs/configuration.md` is generated from it.
 */
import { z } from 'zod';
import { type AlertConfig, alertSettings } from './alert-settings.ts';
import {
  bytes,
  duration,
  httpUrl,
  idList,
  keeping,
  places,
  port,
  postgresUrl,
  privateTargets,
  slotLength,
  spacing,
  streamUrl,
  text,
  wholeNumber,
} from './config-values.ts';
import { fixedMs } from './duration.ts';
import { TidemarkError } from './errors.ts';
import type { LogLevel } from './log.ts';
import { type ServeConfig, serveSettings } from './serve-settings.ts';
import { type Setting, setting, tableOf } from './setting.ts';
import { type TraceConfig, traceSettings } from './trace-settings.ts';

export type { Setting } from './setting.ts';

export type Role = 'write' | 'read' | 'admin';

export interface ApiKey {
  readonly name: string;
  readonly role: Role;
  readonly secret: string;
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Config extends AlertConfig, ServeConfig, TraceConfig {
  readonly host: string;
  readonly port: number;
  readonly influxPort: number;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  /** Undefined: the embedded engine. */
  readonly influxUrl: string | undefined;
  readonly influxToken: string | undefined;
  readonly influxOrg: string;
  readonly influxBucket: string;
  readonly influxDashboards: boolean;
  readonly retentionMs: number;
  /** Of the buckets of roll-ups; 0: for ever. */
  readonly retention1mMs: number;
  readonly retention5mMs: number;
  readonly retention1hMs: number;
  readonly retention1dMs: number;
  readonly engineMemoryBytesMax: number;
  /** Undefined: PGlite in the data directory. */
  readonly databaseUrl: string | undefined;
  /** Past a pooler, for notifications alone. */
  readonly databaseListenUrl: string | undefined;
  /** Undefined: all of the well-tried ones. */
  readonly exchanges: readonly string[] | undefined;
  /** Exchange id in lower case -> base URL (scheme, host, port). */
  readonly exchangeUrls: Readonly<Record<string, string>>;
  /** The same of their streams: `ws://host:port`. */
  readonly streamUrls: Readonly<Record<string, string>>;
  readonly priceIntervalMs: number;
  /** How prices come where an exchange has a stream. */
  readonly priceMode: 'poll' | 'stream';
  readonly priceEvents: boolean;
  /** How far back gaps are looked for; 0: not at all. */
  readonly backfillMs: number;
  readonly spoolBytesMax: number;
  /** Ranges and places that scans reach although they are private. */
  readonly allowPrivateTargets: readonly string[];
  readonly scanConcurrency: number;
  readonly scanHostConcurrency: number;
  readonly scanConnectivity: readonly Place[];
  readonly scanIntervalMinMs: number;
  /** From the end of a request to the begin of the next one to the same host; 0: none. */
  readonly articleHostSpacingMs: number;
  readonly articleConcurrency: number;
  readonly feedIntervalMinMs: number;
  readonly feedIntervalMaxMs: number;
  readonly articlesStore: 'full' | 'excerpt';
  readonly articlesStdout: boolean;
  /** Of articles that their feed has no more; 0: for ever. */
  readonly articlesKeptMs: number;
  readonly jobsKeptMs: number;
  readonly deadJobsKeptMs: number;
  readonly eventsKeptMs: number;
}

const kept = (name: string, value: string, about: string): Setting =>
  setting(name, duration(36e5), { default: value, expected: 'a length of time, from 1h', about });

const rollupRetention = (level: string, min: string, value: string): Setting =>
  setting(`RETENTION_${level.toUpperCase()}`, keeping(fixedMs(min)), {
    default: value,
    expected: `a length of time of at least ${min}, or 0 for ever`,
    about: `How long the roll-ups of ${level} are kept, in a bucket that Tidemark makes.`,
  });

export const settings = {
  host: setting('HOST', text, {
    default: '127.0.0.1',
    expected: 'an address to listen on',
    about:
      'Address of the API. Anything but loopback needs a key: `API_KEYS`, `tidemark keys create`.',
  }),
  port: setting('PORT', port, {
    default: '8001',
    expected: 'a port, 0 to 65535',
    about: 'Port of the API.',
  }),
  influxPort: setting('INFLUX_PORT', port, {
    default: '8086',
    expected: 'a port, 0 to 65535',
    about: 'Port of the embedded engine (always on loopback). Unused with `INFLUX_URL`.',
  }),
  dataDir: setting('DATA_DIR', text, {
    default: './data',
    expected: 'a directory',
    about: 'Where the spool, the embedded engine and the embedded PostgreSQL keep their files.',
  }),
  logLevel: setting('LOG_LEVEL', z.enum(['debug', 'info', 'warn', 'error', 'silent']), {
    default: 'info',
    expected: 'debug, info, warn, error or silent',
    about: 'Least severe log line that is written.',
  }),
  influxUrl: setting('INFLUX_URL', httpUrl, {
    expected: 'an http or https URL',
    about: 'A real InfluxDB 2. Unset: the embedded engine.',
  }),
  influxToken: setting('INFLUX_TOKEN', text, {
    expected: 'a token',
    about:
      'Token that may read, write and make buckets, and manage tasks. Needed with `INFLUX_URL`.',
    secret: true,
  }),
  influxOrg: setting('INFLUX_ORG', text, {
    default: 'tidemark',
    expected: 'a name',
    about: 'Organisation in InfluxDB.',
  }),
  influxBucket: setting('INFLUX_BUCKET', text, {
    default: 'tidemark',
    expected: 'a name',
    about: 'Bucket in InfluxDB; made when it is absent.',
  }),
  influxDashboards: setting(
    'INFLUX_DASHBOARDS',
    z.enum(['0', '1']).transform((on) => on === '1'),
    {
      default: '1',
      expected: '0 or 1',
      about:
        'Whether the UI of a real InfluxDB gets dashboards and variables; made by the role `tasks`.',
    },
  ),
  retentionMs: setting('RETENTION', duration(36e5), {
    default: '30d',
    expected: 'a length of time such as 30d or 12h, at least 1h',
    about: 'How long points are kept in a bucket that Tidemark makes; the longest `duration`.',
  }),
  retention1mMs: rollupRetention('1m', '2d', '90d'),
  retention5mMs: rollupRetention('5m', '2d', '365d'),
  retention1hMs: rollupRetention('1h', '8d', '1825d'),
  retention1dMs: rollupRetention('1d', '30d', '0'),
  engineMemoryBytesMax: setting('ENGINE_MEMORY_MAX', bytes, {
    default: '256MB',
    expected: 'bytes: a whole number, or one with kB, MB, GB',
    about:
      "The embedded engine's memory for storage; beyond it, work goes to disk. Queries get as much again.",
  }),
  databaseUrl: setting('DATABASE_URL', postgresUrl, {
    expected: 'a postgres:// URL',
    about: 'PostgreSQL for the registry. Unset: PGlite in the data directory.',
    secret: true,
  }),
  databaseListenUrl: setting('DATABASE_LISTEN_URL', postgresUrl, {
    expected: 'a postgres:// URL',
    about:
      'The same database past a pooler in transaction mode, which loses notifications: for those ' +
      'alone, two to six connections a process. Unset: `DATABASE_URL`.',
    secret: true,
  }),
  exchanges: setting('EXCHANGES', idList, {
    expected: 'exchange ids with commas between',
    about:
      'Which exchanges are polled. Unset: all of the well-tried ones. ' +
      '`ccxt:<id>` is one that only ccxt knows, after `npm install ccxt@4`. ' +
      'What is chosen by the API counts before this, and before the two below.',
  }),
  priceIntervalMs: setting('PRICE_INTERVAL', slotLength, {
    default: '1m',
    expected: 'whole seconds that divide an hour, such as 1m or 10s, from 1s to 1h',
    about: 'How often every exchange is polled, on exact slots.',
  }),
  priceMode: setting('PRICE_MODE', z.enum(['poll', 'stream']), {
    default: 'poll',
    expected: 'poll or stream',
    about:
      'Whether prices are asked for at each slot or come by websocket, from the exchanges that have ' +
      'one; those are polled while it is down.',
  }),
  priceEvents: setting(
    'PRICE_EVENTS',
    z.enum(['0', '1']).transform((on) => on === '1'),
    {
      default: '1',
      expected: '0 or 1',
      about: 'Whether an event tells when the prices of an exchange are stored; kept for an hour.',
    },
  ),
  backfillMs: setting('BACKFILL', z.union([z.literal('off').transform(() => 0), duration(6e4)]), {
    default: '24h',
    expected: 'a length of time such as 24h, at least 1m, or off',
    about:
      "How far back minutes without a price are looked for, at start and after outages, and filled from the exchange's candles.",
  }),
  spoolBytesMax: setting('SPOOL_BYTES_MAX', bytes, {
    default: '4GB',
    expected: 'bytes: a whole number, or one with kB, MB, GB, TB',
    about:
      'Most that may wait on disk for InfluxDB; beyond it the oldest points are lost, counted (`quota`) and logged. ' +
      'Prices, scans and articles have a spool each.',
  }),
  allowPrivateTargets: setting('ALLOW_PRIVATE_TARGETS', privateTargets, {
    default: '',
    expected: 'ranges such as 10.0.0.0/8 and places such as 10.0.0.7:9000, with commas between',
    about:
      'What scans, feeds, articles and alerts may reach although it is private. None: the public ' +
      'internet alone.',
  }),
  scanConcurrency: setting('SCAN_CONCURRENCY', wholeNumber(1, 10_000), {
    default: '512',
    expected: 'a whole number from 1 to 10000',
    about: 'Most scans of one process that are under way at once.',
  }),
  scanHostConcurrency: setting('SCAN_HOST_CONCURRENCY', wholeNumber(1, 10_000), {
    default: '8',
    expected: 'a whole number from 1 to 10000',
    about: 'The same of one host and port, so that a slow one keeps no other waiting.',
  }),
  scanConnectivity: setting('SCAN_CONNECTIVITY', places, {
    default: '',
    expected: 'places such as 1.1.1.1:53 with commas between',
    about:
      'Connected to when no host is reached any more: if one of them is, the hosts are down, if none ' +
      'is, this machine is offline and says nothing of them. None: the latter is taken for granted.',
  }),
  scanIntervalMinMs: setting('SCAN_INTERVAL_MIN', duration(1000), {
    default: '10s',
    expected: 'a length of time such as 10s, at least 1s',
    about: 'Shortest interval that a monitor may be given.',
  }),
  articleHostSpacingMs: setting('ARTICLE_HOST_SPACING', spacing, {
    default: '5s',
    expected: 'a length of time such as 5s, or 0 for none',
    about:
      'How long a host is left alone after each request for a feed or an article, by all processes ' +
      'together. Never two at once, whatever this is.',
  }),
  articleConcurrency: setting('ARTICLE_CONCURRENCY', wholeNumber(1, 1_000), {
    default: '32',
    expected: 'a whole number from 1 to 1000',
    about: 'Most feeds and articles of one process that are under way at once.',
  }),
  feedIntervalMinMs: setting('FEED_INTERVAL_MIN', duration(10_000), {
    default: '60s',
    expected: 'a length of time such as 60s, at least 10s',
    about: 'Shortest interval of feeds whose interval adapts.',
  }),
  feedIntervalMaxMs: setting('FEED_INTERVAL_MAX', duration(60_000), {
    default: '1h',
    expected: 'a length of time such as 1h, at least 1m',
    about: 'Longest interval of feeds whose interval adapts, unless the server asks for more.',
  }),
  articlesStore: setting('ARTICLES_STORE', z.enum(['full', 'excerpt']), {
    default: 'full',
    expected: 'full or excerpt',
    about:
      'What new feeds keep of their articles where nothing else is asked for: all, or no more than ' +
      'link, title, the first 300 characters and a hash.',
  }),
  ...alertSettings,
  ...serveSettings,
  ...traceSettings,
  articlesStdout: setting(
    'ARTICLES_STDOUT',
    z.enum(['0', '1']).transform((on) => on === '1'),
    {
      default: '0',
      expected: '0 or 1',
      about: 'Whether each article that a rule matches is written to standard output, as JSON.',
    },
  ),
  articlesKeptMs: setting('ARTICLES_RETENTION', keeping(864e5), {
    default: '90d',
    expected: 'a length of time of at least 1d, or 0 for ever',
    about:
      'How long articles are kept since they were first seen, and beyond that for as long as their ' +
      'feed has them.',
  }),
  jobsKeptMs: kept('JOBS_RETENTION', '7d', 'How long pages that were read stand in the queue.'),
  deadJobsKeptMs: kept('DEAD_JOBS_RETENTION', '30d', 'The same of those that are given up.'),
  eventsKeptMs: kept('EVENTS_RETENTION', '7d', 'How far back events are told; of prices, 1h.'),
} as const satisfies Record<Exclude<keyof Config, 'exchangeUrls' | 'streamUrls'>, Setting>;

/** `EXCHANGE_<ID>_URL`: an exchange's base URL, for proxies, mirrors and tests. */
export const EXCHANGE_URL = /^EXCHANGE_([A-Z0-9]+)_URL$/;
/** `EXCHANGE_<ID>_STREAM_URL`: the same of its websocket. */
export const STREAM_URL = /^EXCHANGE_([A-Z0-9]+)_STREAM_URL$/;

/**
 * Reads and checks all settings. Throws `invalid` with every mistake in `details`; a secret's value
 * is never part of a message.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { config, mistakes } = readSettings(env);
  if (mistakes.length === 0) return config;
  throw new TidemarkError('invalid', `settings: ${mistakes.join('; ')}`, { details: mistakes });
}

/** The same with the mistakes beside it; a setting that is one is as if it were not set. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): {
  readonly config: Config;
  readonly mistakes: readonly string[];
} {
  const mistakes: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(settings) as [string, Setting][]) {
    values[key] = readSetting(entry, env, mistakes);
  }
  values.exchangeUrls = readUrls(env, { name: EXCHANGE_URL, schema: httpUrl }, mistakes);
  values.streamUrls = readUrls(env, { name: STREAM_URL, schema: streamUrl }, mistakes);
  if (values.influxUrl !== undefined && values.influxToken === undefined) {
    mistakes.push('INFLUX_TOKEN: needed because INFLUX_URL is set');
  }
  if (values.smtpUrl !== undefined && values.smtpFrom === undefined) {
    mistakes.push('SMTP_FROM: needed because SMTP_URL is set');
  }
  return { config: values as unknown as Config, mistakes };
}

/** What is set and none of ours. What Kubernetes tells of services (`tcp://...`) is left out. */
export function otherNames(env: NodeJS.ProcessEnv = process.env): string[] {
  const own = new Set(Object.values(settings).map(({ name }) => name as string));
  return Object.entries(env).flatMap(([name, value = '']) =>
    own.has(name) || EXCHANGE_URL.test(name) || STREAM_URL.test(name) || /^tcp:/.test(value)
      ? []
      : [name],
  );
}

/** https://no-color.org */
export const wantsColour = (env: NodeJS.ProcessEnv = process.env): boolean => !env.NO_COLOR;

function readSetting(entry: Setting, env: NodeJS.ProcessEnv, mistakes: string[]): unknown {
  const raw = env[entry.name]?.trim() || entry.default;
  if (raw === undefined) return undefined;
  if (raw === '') return [];
  const parsed = entry.schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const got = entry.secret ? 'something else' : `"${raw}"`;
  mistakes.push(`${entry.name}: expected ${entry.expected}, got ${got}`);
  return readSetting(entry, {}, []);
}

/** The settings whose name holds an exchange's id, by that id in lower case. */
function readUrls(
  env: NodeJS.ProcessEnv,
  { name, schema }: { name: RegExp; schema: z.ZodType<string, string> },
  mistakes: string[],
): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) {
    const id = name.exec(key)?.[1];
    if (id === undefined || !value) continue;
    const parsed = schema.safeParse(value);
    const expected =
      schema === httpUrl ? 'an http or https URL' : 'ws:// or wss:// with host and port';
    if (parsed.success) urls[id.toLowerCase()] = parsed.data;
    else mistakes.push(`${key}: expected ${expected}, got "${value}"`);
  }
  return urls;
}

/** The table of docs/configuration.md. */
export const settingsTable = (): string => tableOf(Object.values(settings));
