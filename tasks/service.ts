import type { AlertRule } from '../core/alert-rules.ts';
import type { Clock } from '../core/clock.ts';
import { isCode, messageOf } from '../core/errors.ts';
import type { Influx } from '../core/influx/influx.ts';
import type { Log } from '../core/log.ts';
import { noTrace, type Trace } from '../core/trace.ts';
import type { Queries } from '../registry/database.ts';
import { ensureBuckets } from './buckets.ts';
import { type BoundTask, boundTasks, desiredTasks, type Sampling } from './desired.ts';
import { type TaskHealth, taskHealth } from './health.ts';
import { mendOnce } from './mend.ts';
import { markMissedSteps, requestRanks } from './missed.ts';
import type { Retentions } from './steps.ts';
import { type SyncedTask, syncTasks } from './sync.ts';

export interface TaskServiceOptions {
  readonly influx: Pick<Influx, 'tasks' | 'collect' | 'bucket' | 'buckets' | 'write'>;
  readonly registry: Queries;
  readonly retentions: Retentions;
  /** How the prices come now; asked at every round. */
  readonly sampling: () => Promise<Sampling>;
  /** What somebody wants to be told of now; asked at every round. Nothing by default. */
  readonly alertRules?: () => Promise<readonly AlertRule[]>;
  /** How often they are evaluated, milliseconds; a minute by default. */
  readonly alertEveryMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** How often drift is looked for. Default 10 minutes. */
  readonly intervalMs?: number;
  /** First wait after a failure, doubled up to `intervalMs`. Default 1 s. */
  readonly retryMs?: number;
  /** How often dirty ranges are looked for. Default 5 s. */
  readonly mendMs?: number;
  readonly trace?: Trace;
}

export interface TaskService {
  /** Resolves when the tasks stood right for the first time. */
  readonly synced: Promise<void>;
  /**
   * Each task, after an entry `sync` while the tasks cannot be made right. Throws when InfluxDB
   * cannot be asked.
   */
  health(): Promise<readonly TaskHealth[]>;
  /** Looks at once instead of at the end of the interval: sampling or rules have changed. */
  refresh(): void;
  close(): Promise<void>;
}

/** Between two rounds only the steps of the last day can have been missed unnoticed. */
const LOOKBACK_MS = 86_400_000;

/**
 * Keeps InfluxDB's tasks right: at start, after an outage, and when somebody changed them; and what
 * they wrote, where prices came late.
 */
export function startTasks(given: TaskServiceOptions): TaskService {
  const { clock, log, intervalMs = 600_000, retryMs = 1_000, mendMs = 5_000 } = given;
  const { trace = noTrace } = given;
  const ending = new AbortController();
  // A script on its way ends with the service: what it had not written is made good by the next.
  const influx: typeof given.influx = {
    ...given.influx,
    collect: (flux, shape, how) =>
      given.influx.collect(flux, shape, { ...how, signal: ending.signal }),
  };
  const options = { ...given, influx };
  let waking = new AbortController();
  const state: State = { known: [], bound: [], trouble: 'has not been done yet' };
  let announce = (): void => {};
  const synced = new Promise<void>((resolve) => {
    announce = resolve;
  });

  async function sleep(ms: number, signal: AbortSignal): Promise<void> {
    await clock.sleep(ms, signal).catch(unlessCancelled);
  }

  async function loop(): Promise<void> {
    for (let failures = 0; !ending.signal.aborted; ) {
      waking = new AbortController();
      try {
        await trace.span('task sync', {}, () => round(options, state));
        announce();
        failures = 0;
      } catch (error) {
        if (ending.signal.aborted) return;
        // One line an outage; the readiness probe tells how long it lasts.
        state.trouble = messageOf(error);
        if (failures === 0) log.warn({ error: state.trouble }, 'tasks could not be synced');
        failures++;
      }
      const waitMs = failures === 0 ? intervalMs : retryMs * 2 ** Math.min(failures - 1, 20);
      const signal = AbortSignal.any([ending.signal, waking.signal]);
      await sleep(Math.min(waitMs, intervalMs), signal);
    }
  }

  async function mending(): Promise<void> {
    await Promise.race([synced, aborted(ending.signal)]);
    for (let told = false; !ending.signal.aborted; ) {
      let done = 0;
      try {
        done = await mendOnce({ ...options, tasks: state.bound });
        told = false;
      } catch (error) {
        if (ending.signal.aborted) return;
        // The lease ends and they are taken up again.
        if (!told) log.warn({ error: messageOf(error) }, 'roll-ups could not be made good');
        told = true;
      }
      if (done === 0) await sleep(mendMs, ending.signal);
    }
  }

  const running = Promise.all([loop(), mending()]);
  return {
    synced,
    async health() {
      const { trouble, known } = state;
      const sync = { name: 'sync', ok: false, reason: trouble, ageMs: undefined };
      const tasks = await taskHealth({ tasks: influx.tasks, synced: known, clock });
      return trouble === undefined ? tasks : [sync, ...tasks];
    },
    refresh: () => waking.abort(),
    async close() {
      ending.abort();
      await running;
    },
  };
}

interface State {
  known: readonly SyncedTask[];
  bound: readonly BoundTask[];
  /** Why the tasks are not right; undefined when they are. */
  trouble: string | undefined;
}

async function round(options: TaskServiceOptions, state: State): Promise<void> {
  const { influx, registry, retentions, clock, log } = options;
  const { bucket } = influx;
  const sampling = await options.sampling();
  const { alertEveryMs } = options;
  const wanted = {
    ...{ bucket, sampling, keptMs: retentions.priceMs },
    alertRules: (await options.alertRules?.()) ?? [],
    ...(alertEveryMs !== undefined && { alertEveryMs }),
  };
  state.bound = boundTasks(wanted);
  await ensureBuckets(influx, state.bound, retentions);
  const desired = desiredTasks(wanted);
  state.known = (await syncTasks({ tasks: influx.tasks, desired, bucket, log })).tasks;
  const afresh = state.trouble !== undefined;
  if (afresh) await requestRanks({ tasks: influx.tasks, synced: state.known, clock });
  const lookback = afresh ? {} : { lookbackMs: LOOKBACK_MS };
  await markMissedSteps({
    ...{ influx, registry, retentions, clock, log, tasks: state.bound },
    ...lookback,
  });
  state.trouble = undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function unlessCancelled(error: unknown): void {
  if (!isCode(error, 'cancelled')) throw error;
}
