/** Metrics of a whole process, and those that are read of its parts: what they are called here. */
import type { Probe } from '../api/contract.ts';
import type { Clock } from '../core/clock.ts';
import type { RequestTold } from '../core/influx/watch.ts';
import type { Metrics } from '../core/metrics.ts';
import { ALERT_MARK } from '../flux/alert-queries.ts';
import type { WriterStats } from '../ingest/writer/writer.ts';
import type { TimedOptions } from '../registry/timed.ts';
import type { WorkerRole } from '../registry/workers.ts';
import type { CanaryState } from '../tasks/alerts/canary.ts';
import type { AlertServiceState } from '../tasks/alerts/service.ts';
import { TASK_PREFIX } from '../tasks/desired.ts';
import type { TaskHealth } from '../tasks/health.ts';

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const STATEMENT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15];
const PROBE_MS_MAX = 1_500;

/** What runs here. */
export function showBuild(metrics: Metrics, version: string, node: string): void {
  const level = metrics.level({
    name: 'build_info',
    help: 'Always 1: the version of Tidemark and of Node.js',
    labels: ['version', 'node'],
  });
  level.set(1, { version, node });
}

/** Times of requests to InfluxDB. */
export function timeRequests(metrics: Metrics): RequestTold {
  const spread = metrics.spread({
    name: 'influx_request_seconds',
    help: 'From a request to InfluxDB to the begin of its answer; away: there was none',
    labels: ['kind', 'outcome'],
    buckets: REQUEST_SECONDS,
  });
  return (kind, outcome, seconds) => spread.observe(seconds, { kind, outcome });
}

/** Times of the registry. */
export function timeStatements(metrics: Metrics): TimedOptions['told'] {
  const spread = metrics.spread({
    name: 'registry_seconds',
    help: 'Queries and whole transactions of the registry; away: its database does not answer',
    labels: ['kind', 'outcome'],
    buckets: STATEMENT_SECONDS,
  });
  return (kind, outcome, seconds) => spread.observe(seconds, { kind, outcome });
}

/** What readiness says, probe by probe. */
export function showProbes(
  metrics: Metrics,
  probes: readonly Probe[],
  clock: Pick<Clock, 'sleep'>,
): void {
  const level = metrics.level({
    name: 'probe_ok',
    help: 'The checks of /readyz: 1, or 0 for what is wrong',
    labels: ['probe'],
  });
  const well = async ({ check }: Probe): Promise<boolean> => {
    const done = new AbortController();
    const late = clock.sleep(PROBE_MS_MAX, done.signal).then(
      () => false,
      () => false,
    );
    try {
      return await Promise.race([check(done.signal).then(({ ok }) => ok), late]);
    } catch {
      return false; // Why is said by /readyz.
    } finally {
      done.abort();
    }
  };
  metrics.onRead(async () => {
    const found = probes.map(async (probe) => {
      level.set((await well(probe)) ? 1 : 0, { probe: probe.name });
    });
    await Promise.all(found);
  });
}

/** Who shares the work, in the whole registry. */
export function showWorkers(metrics: Metrics, role: WorkerRole, count: () => Promise<number>) {
  const level = metrics.level({
    name: `${role}_workers`,
    help: 'Workers of the whole registry that were heard of within their lease',
  });
  metrics.onRead(async () => level.set(await count()));
}

/** What waits on disk. */
export function showSpool(
  metrics: Metrics,
  prefix: string,
  stats: () => Pick<WriterStats, 'spoolBytes' | 'oldestAgeMs'>,
): void {
  const bytes = metrics.level({
    name: `${prefix}spool_bytes`,
    help: 'Waiting on disk for InfluxDB',
  });
  const age = metrics.level({
    name: `${prefix}spool_oldest_seconds`,
    help: 'Age of the oldest points that wait',
  });
  metrics.onRead(() => {
    const { spoolBytes, oldestAgeMs } = stats();
    bytes.set(spoolBytes);
    age.set(oldestAgeMs / 1_000);
  });
}

/** How the Flux tasks do. Rules of alerts come and go, so they share a row: the oldest. */
export function showTasks(
  metrics: Metrics,
  health: () => Promise<readonly TaskHealth[]>,
  dirty: () => Promise<number>,
): void {
  const age = metrics.level({
    name: 'task_age_seconds',
    help: 'Since the newest completed slot of a Flux task; of rules of alerts the longest',
    labels: ['task'],
  });
  const wrong = metrics.level({
    name: 'tasks_wrong',
    help: 'Flux tasks that fail, do not run, or are not as they should be',
  });
  const ranges = metrics.level({
    name: 'dirty_ranges',
    help: 'Five minutes of prices each, whose roll-ups are to be computed again',
  });
  metrics.onRead(async () => {
    const tasks = await health();
    wrong.set(tasks.filter(({ ok }) => !ok).length);
    for (const [task, ageMs] of taskAges(tasks)) age.set(ageMs / 1_000, { task });
  });
  metrics.onRead(async () => ranges.set(await dirty()));
}

const ALERT_RULES = 'alert rules';

function taskAges(tasks: readonly TaskHealth[]): ReadonlyMap<string, number> {
  const ages = new Map<string, number>();
  for (const { name, ageMs } of tasks) {
    if (ageMs === undefined) continue;
    const plain = name.replace(TASK_PREFIX, '').trim();
    const isRule = plain.startsWith(ALERT_MARK) && plain !== `${ALERT_MARK}canary`;
    const task = isRule ? ALERT_RULES : plain;
    ages.set(task, Math.max(ageMs, ages.get(task) ?? 0));
  }
  return ages;
}

/** How far the evaluation of alerts is. */
export function showEvaluation(
  metrics: Metrics,
  state: () => Pick<AlertServiceState, 'behindMs' | 'troubles'>,
): void {
  const behind = metrics.level({
    name: 'alert_behind_seconds',
    help: 'Since the end of the oldest step of a rule that is not evaluated and should be',
  });
  const able = metrics.level({
    name: 'alert_rules_evaluable',
    help: '0 while something of alerts cannot be evaluated, else 1',
  });
  metrics.onRead(() => {
    const { behindMs, troubles } = state();
    behind.set(behindMs / 1_000);
    able.set(troubles.length === 0 ? 1 : 0);
  });
}

export function showCanary(metrics: Metrics, state: () => CanaryState): void {
  const age = metrics.level({
    name: 'alert_canary_age_seconds',
    help: 'Since the newest message of the canary was delivered',
  });
  metrics.onRead(() => {
    const { ageMs } = state();
    if (ageMs !== undefined) age.set(ageMs / 1_000);
  });
}

/** Events that nobody could be told. */
export function countUntold(metrics: Metrics) {
  return metrics.count({
    name: 'price_events_failed_total',
    help: 'Events of stored prices that could not be told; the prices are stored all the same',
  });
}
