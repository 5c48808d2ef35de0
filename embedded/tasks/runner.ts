import { messageOf, TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Run, RunLog, Task } from '../resources/model.ts';
import type { Resources } from '../resources/resources.ts';
import { Gate } from '../storage/gate.ts';

/** Runs of all tasks at the same time. */
const RUNS_AT_ONCE = 4;
/** Runs of one task that wait; further ones are refused. */
const WAITING_MAX = 100;
/** Finished runs kept per task. */
export const RUNS_KEPT = 100;

/** Runs one script to its end; rejects with what went wrong. */
export type RunScript = (task: Task, scheduledForMs: number, signal: AbortSignal) => Promise<void>;

export interface RunnerOptions {
  readonly resources: Resources;
  readonly runScript: RunScript;
  readonly nowMs: () => number;
  readonly log: Log;
}

interface LiveRun {
  run: Run;
  readonly scheduledForMs: number;
  readonly abort: AbortController;
}

/**
 * Executes runs: one of a task at a time, in order, and a few tasks at once. Runs that wait or run
 * live in memory; what is finished is kept, a bounded number per task.
 */
export class TaskRunner {
  readonly #options: RunnerOptions;
  readonly #gate = new Gate(RUNS_AT_ONCE);
  readonly #live = new Map<string, LiveRun[]>();
  readonly #working = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Whether a run of the task waits or runs. */
  isBusy(taskID: string): boolean {
    return (this.#live.get(taskID)?.length ?? 0) > 0;
  }

  /** Puts a run at the end of the task's queue. */
  request(task: Task, scheduledForMs: number): Run {
    const { resources } = this.#options;
    const queue = this.#live.get(task.id) ?? [];
    if (this.#closed) throw new TidemarkError('unavailable', 'the engine is stopping');
    if (queue.length >= WAITING_MAX) {
      throw new TidemarkError('invalid', `${WAITING_MAX} runs of the task wait already`);
    }
    const run: Run = {
      id: resources.newId(),
      taskID: task.id,
      status: 'scheduled',
      scheduledFor: secondsTime(scheduledForMs),
      requestedAt: resources.now(),
      log: [],
    };
    queue.push({ run, scheduledForMs, abort: new AbortController() });
    this.#live.set(task.id, queue);
    if (queue.length === 1) this.#work(task.id);
    return run;
  }

  /** Newest first; those that wait or run are the newest. */
  runs(taskID: string): Run[] {
    const live = (this.#live.get(taskID) ?? []).map((one) => one.run);
    const { runs } = this.#options.resources;
    return [...runs.filter((run) => run.taskID === taskID), ...live].reverse();
  }

  /** False when the run does not wait and does not run. */
  cancel(taskID: string, runID: string): boolean {
    const found = this.#live.get(taskID)?.find((one) => one.run.id === runID);
    found?.abort.abort();
    return found !== undefined;
  }

  /** Ends all runs of the task; resolves when none is left. */
  async cancelAll(taskID: string): Promise<void> {
    for (const one of this.#live.get(taskID) ?? []) one.abort.abort();
    await this.#working.get(taskID);
  }

  /** Stops what runs and waits for it. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#live.keys()].map((taskID) => this.cancelAll(taskID)));
  }

  #work(taskID: string): void {
    const working: Promise<void> = this.#drain(taskID)
      .catch((error: unknown) => {
        this.#live.delete(taskID);
        this.#options.log.error({ err: error, task: taskID }, 'a task run could not be recorded');
      })
      .finally(() => {
        // A newcomer may have begun the next round in the meantime.
        if (this.#working.get(taskID) === working) this.#working.delete(taskID);
      });
    this.#working.set(taskID, working);
  }

  async #drain(taskID: string): Promise<void> {
    for (;;) {
      const next = this.#live.get(taskID)?.[0];
      if (!next) {
        // In the same turn as the look: a newcomer must find no queue and start a new round.
        this.#live.delete(taskID);
        return;
      }
      await this.#gate.run(() => this.#execute(taskID, next));
      this.#live.get(taskID)?.shift();
    }
  }

  async #execute(taskID: string, live: LiveRun): Promise<void> {
    const { resources, runScript } = this.#options;
    const task = resources.tasks.get(taskID);
    if (!task) return;
    const startedAt = resources.now();
    const log: RunLog[] = [];
    const note = (message: string) =>
      log.push({ runID: live.run.id, time: resources.now(), message });
    note(`Started task from script: ${JSON.stringify(task.flux)}`);
    live.run = { ...live.run, status: 'started', startedAt, log };
    const failure = await attempt(() => {
      live.abort.signal.throwIfAborted();
      return runScript(task, live.scheduledForMs, live.abort.signal);
    });
    const status = live.abort.signal.aborted
      ? 'canceled'
      : failure === undefined
        ? 'success'
        : 'failed';
    note(`Completed(${status})`);
    const reason =
      failure === undefined ? undefined : `error exhausting result iterator: ${messageOf(failure)}`;
    if (reason !== undefined) note(reason);
    await this.#finish({ ...live.run, status, finishedAt: resources.now(), log }, reason);
  }

  async #finish(run: Run, reason: string | undefined): Promise<void> {
    const { resources, log } = this.#options;
    const { taskID, status, scheduledFor } = run;
    // The task may have been changed or deleted while it ran: what counts is what it is now.
    const task = await resources.tasks.update(taskID, ({ lastRunError: _, ...current }) => ({
      ...current,
      latestCompleted: later(current.latestCompleted, scheduledFor),
      lastRunStatus: status,
      ...(status === 'success' && { latestSuccess: scheduledFor }),
      ...(status === 'failed' && { latestFailure: scheduledFor }),
      ...(reason !== undefined && { lastRunError: reason }),
    }));
    if (!task) return;
    if (status === 'failed') {
      log.warn({ task: taskID, name: task.name, run: run.id, reason }, 'task run failed');
    }
    await resources.runs.put(run);
    const old = resources.runs.filter((one) => one.taskID === taskID).slice(0, -RUNS_KEPT);
    await resources.runs.remove(old.map((one) => one.id));
  }
}

async function attempt(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new Error('unknown');
  }
}

function later(left: string, right: string): string {
  return Date.parse(left) > Date.parse(right) ? left : right;
}

/** RFC 3339 without a fraction, as InfluxDB writes slots. */
export function secondsTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
