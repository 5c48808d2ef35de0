import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApp } from '../api/app.ts';
import { readAssets } from '../api/assets.ts';
import type { Probe } from '../api/contract.ts';
import { createKept } from '../api/history/coverage.ts';
import { createRanks } from '../api/leaderboard/ranks.ts';
import { createRuns } from '../api/leaderboard/runs.ts';
import type { History } from '../api/routes/history.ts';
import { listen } from '../api/server.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Config } from '../core/config.ts';
import { TidemarkError } from '../core/errors.ts';
import { createHttp } from '../core/http.ts';
import type { Influx } from '../core/influx/influx.ts';
import type { Log } from '../core/log.ts';
import { createMetrics, type Metrics } from '../core/metrics.ts';
import { openTrace } from '../core/otel.ts';
import { version } from '../core/paths.ts';
import { type Trace, tracedLog } from '../core/trace.ts';
import type { Engine } from '../embedded/engine.ts';
import { createHistoryQueries } from '../flux/history-queries.ts';
import { createMetricQueries } from '../flux/metric-queries.ts';
import { createPriceQueries } from '../flux/price-queries.ts';
import { createRankQueries } from '../flux/rank-queries.ts';
import { createScanQueries } from '../flux/scan-queries.ts';
import type { SlotTimer } from '../ingest/slots.ts';
import { createCatalog } from '../registry/catalog.ts';
import type { Database } from '../registry/database.ts';
import { listDirty } from '../registry/dirty.ts';
import { openRegistry } from '../registry/open.ts';
import { timed } from '../registry/timed.ts';
import { startAlertWorker } from './alert-worker.ts';
import { openAlertDesk, openChannelDesk, openDeliveryDesk, openSilenceDesk } from './alerts.ts';
import { startArticleIngest } from './articles.ts';
import { openDesk } from './backfills.ts';
import { choicesOf, knownExchanges } from './choices.ts';
import { openHub } from './events.ts';
import { openArticleDesk, openFeedDesk, openJobDesk } from './feeds.ts';
import { demandRegistryKeys, needsRegistryKeys, openServing } from './keys.ts';
import { showBuild, showProbes, timeRequests, timeStatements } from './levels.ts';
import { openMonitorDesk } from './monitors.ts';
import { createParts, type Parts } from './parts.ts';
import { demandFreePorts } from './ports.ts';
import { startPriceIngest } from './prices.ts';
import type { Role } from './roles.ts';
import { openRuleDesk } from './rules.ts';
import { startScans } from './scans.ts';
import { type SideBySide, type Step, sideBySide } from './steps.ts';
import { openStore } from './store.ts';
import { openTaskDesk, startFluxTasks } from './tasks.ts';

export interface StartOptions {
  readonly roles: ReadonlySet<Role>;
  readonly clock: Clock;
  readonly log: Log;
  /** When slots come; the real clock's by default. */
  readonly timer?: SlotTimer;
  /** Hears how far the start is. */
  readonly told?: (step: Step) => void;
}

export interface App {
  readonly url: string;
  /** There are no keys: all of this machine may do everything. */
  readonly open: boolean;
  readonly influxUrl: string;
  /** For people: where the registry is. */
  readonly registry: string;
  readonly influx: Influx;
  /** Undefined with a real InfluxDB. */
  readonly engine: Engine | undefined;
  /** Those whose prices are taken here, as of the start. */
  readonly exchanges: readonly { readonly id: string; readonly intervalMs: number }[];
  readonly startedInMs: number;
  /** Stops in reverse of the start. Twice is allowed. */
  close(): Promise<void>;
}

/** What every part is built from. */
export interface Base {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly trace: Trace;
  readonly parts: Parts;
  readonly probes: Probe[];
  readonly influx: Influx;
  readonly registry: Database;
}

/** Builds and starts the parts of the roles. What was started is stopped again when one fails. */
export async function startApp(config: Config, options: StartOptions): Promise<App> {
  const { clock, log } = options;
  const startMs = clock.monotonicMs();
  const parts = createParts(log);
  const steps = stepsOf(options);
  try {
    await makeDirectory(config.dataDir);
    // Refused before anything else is started, not after.
    await demandFreePorts(config);
    const early = needsRegistryKeys(config)
      ? await openDatabase(config, { parts, log }, steps)
      : undefined;
    if (early !== undefined) await demandRegistryKeys(config, early);
    const metrics = createMetrics({ processMetrics: true, clock: systemClock });
    const trace = await openTrace({ settings: config, version, clock: systemClock, log, metrics });
    // The first: what the others do while they stop is told too.
    parts.add('trace', trace.close);
    const watch = { told: timeRequests(metrics), trace };
    const [{ influx, engine }, database] = await both(
      steps.step(storeName(config), openStore(config, parts, { clock, log, watch })),
      early ?? openDatabase(config, { parts, log }, steps),
    );
    const registry = timed(database, { clock: systemClock, told: timeStatements(metrics) });
    const probes: Probe[] = [influxProbe(influx), registryProbe(registry)];
    const told = { log: tracedLog(log, trace), metrics, trace };
    const base = { config, clock, ...told, parts, probes, influx, registry };
    const exchanges = await startRoles(base, options, steps);
    showBuild(metrics, version, process.versions.node);
    showProbes(metrics, probes, systemClock);
    const { url, open } = await steps.step('API', startApi(base, options.roles.has('api')));
    return {
      url,
      open,
      influxUrl: influx.url,
      registry: registry.where,
      influx,
      engine,
      exchanges,
      startedInMs: clock.monotonicMs() - startMs,
      close: parts.close,
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** Side by side, and when one fails the other is waited for: it may have started something. */
async function both<A, B>(left: Promise<A>, right: B | Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([left, right]);
  return [await left, await right];
}

/** The store, the registry, each role, and the API, which answers for its health in any case. */
function stepsOf({ roles, told = () => undefined }: StartOptions): SideBySide {
  const started = [...roles].filter((role) => role !== 'api').length;
  return sideBySide(started + 3, told);
}

const storeName = ({ influxUrl }: Config) => (influxUrl === undefined ? 'engine' : 'InfluxDB');

/** One after the other: each may need what those before it have written. */
async function startRoles(
  base: Base,
  { roles, timer }: StartOptions,
  { step }: SideBySide,
): Promise<App['exchanges']> {
  const exchanges = roles.has('prices') ? await step('prices', startPriceIngest(base, timer)) : [];
  if (roles.has('tasks')) await step('tasks', startFluxTasks(base));
  if (roles.has('scans')) await step('scans', startScans(base));
  if (roles.has('articles')) await step('articles', startArticleIngest(base));
  if (roles.has('alerts')) await step('alerts', startAlertWorker(base));
  return exchanges;
}

async function openDatabase(
  config: Config,
  { parts, log }: Pick<Base, 'parts' | 'log'>,
  { step, detail }: SideBySide,
): Promise<Database> {
  const { databaseUrl, databaseListenUrl, dataDir } = config;
  const told = (at: Step): void => detail('registry', at);
  const opening = openRegistry({ databaseUrl, databaseListenUrl, dataDir, log, told });
  const database = await step('registry', opening);
  parts.add('registry', () => database.close());
  return database;
}

/** Found out by writing: what may be written is not always what permissions say. */
async function makeDirectory(dir: string): Promise<void> {
  const probe = join(dir, '.writable');
  try {
    await mkdir(dir, { recursive: true });
    await writeFile(probe, '');
    await rm(probe, { force: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const text = `DATA_DIR: cannot write to ${dir} (${code}): set it to a directory of your own`;
    throw new TidemarkError('invalid', text, { cause });
  }
}

async function startApi(base: Base, whole: boolean): Promise<Pick<App, 'url' | 'open'>> {
  const { config, clock, log, metrics, trace, influx, probes } = base;
  const queries = createPriceQueries({ bucket: config.influxBucket });
  // An exchange that was never polled is asked for its markets when somebody wants it filled.
  const http = createHttp({ clock, version });
  base.parts.add('exchanges', http.close);
  const hub = openHub(base);
  const catalog = createCatalog({ database: base.registry, clock });
  const serving = await openServing(base);
  const app = createApp({
    ...serving,
    serves: whole ? 'everything' : 'health',
    influx,
    bucket: influx.bucket,
    catalog,
    queries,
    metricQueries: createMetricQueries({ bucket: config.influxBucket }),
    history: historyOf(base),
    runs: createRuns({
      influx,
      queries: createRankQueries({ bucket: config.influxBucket }),
      clock,
    }),
    choices: choicesOf(base.registry),
    backfills: openDesk(base, http),
    monitors: openMonitorDesk(base),
    scanQueries: createScanQueries({ bucket: config.influxBucket }),
    feeds: openFeedDesk(base),
    rules: openRuleDesk(base),
    articles: openArticleDesk(base),
    jobs: openJobDesk(base),
    alerts: openAlertDesk(base, { catalog }),
    channels: openChannelDesk(base),
    deliveries: openDeliveryDesk(base),
    silences: openSilenceDesk(base),
    tasks: openTaskDesk(base),
    hub,
    assets: whole ? await readAssets() : new Map(),
    knownExchanges: knownExchanges(config.exchangeUrls),
    ranks: createRanks({ influx, flux: queries.pairRanks, clock, log }),
    probes,
    metrics,
    trace,
    clock,
    log,
    retentionMs: config.retentionMs,
    host: config.host,
    version,
    newId: randomUUID,
  });
  const { host, port } = config;
  const { keyring } = serving;
  const server = await listen({ app, host, port, keyring, clock });
  base.parts.add('api', server.close);
  // Before the server: it waits for answers to end, and streams do so when they are told.
  base.parts.add('events', hub.close);
  return { url: server.url, open: keyring.isOpen() };
}

function historyOf({ config, clock, influx, registry }: Base): History {
  const queries = createHistoryQueries({ bucket: config.influxBucket });
  const rollupRetentionMs = {
    '1m': config.retention1mMs,
    '5m': config.retention5mMs,
    '1h': config.retention1hMs,
    '1d': config.retention1dMs,
  };
  const dirty = async ({ startMs, stopMs }: { startMs: number; stopMs: number }) => {
    const found = await listDirty(registry, { fromMs: startMs, toMs: stopMs });
    return found.map(({ fromMs, toMs }) => ({ startMs: fromMs, stopMs: toMs }));
  };
  const { retentionMs } = config;
  const kept = createKept({ influx, queries, clock, retentionMs, rollupRetentionMs, dirty });
  return { queries, kept };
}

function influxProbe(influx: Influx): Probe {
  return {
    name: 'influx',
    async check() {
      const found = await influx.buckets.find(influx.bucket);
      if (found !== undefined) return { ok: true };
      const fix = 'create it, or check INFLUX_BUCKET';
      return { ok: false, reason: `there is no bucket ${influx.bucket}`, fix };
    },
  };
}

function registryProbe(registry: Database): Probe {
  return {
    name: 'registry',
    async check() {
      await registry.query('select 1');
      return { ok: true };
    },
  };
}
