import type { Clock } from '../../core/clock.ts';
import { isCode } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Task } from '../resources/model.ts';
import type { Resources } from '../resources/resources.ts';
import type { TaskRunner } from './runner.ts';
import { nextSlot, type Slot } from './schedule.ts';
import { readTaskScript } from './script.ts';

/** Timers of Node hold 2^31 ms at most; a long sleep is taken in pieces. */
const SLEEP_MS_MAX = 3_600_000;

export interface SchedulerOptions {
  readonly resources: Resources;
  readonly runner: TaskRunner;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Starts active tasks at their slots. As in InfluxDB, what was missed while the engine was away is
 * not made up for, and a slot that comes while the task still runs is left out.
 */
export class TaskScheduler {
  readonly #options: SchedulerOptions;
  readonly #slots = new Map<string, Slot>();
  #wake = new AbortController();
  #stopped = false;
  #loop: Promise<void> | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  start(): void {
    for (const task of this.#options.resources.tasks.all()) this.#plan(task);
    this.#loop = this.#run();
  }

  /** After a task was made or changed. */
  taskChanged(task: Task): void {
    this.#slots.delete(task.id);
    this.#plan(task);
    this.#wake.abort();
  }

  taskDeleted(taskID: string): void {
    this.#slots.delete(taskID);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.abort();
    await this.#loop;
  }

  #plan(task: Task): void {
    if (task.status !== 'active') return;
    this.#guard(task.id, () => {
      const slot = nextSlot(readTaskScript(task.flux), this.#options.clock.nowMs());
      this.#slots.set(task.id, slot);
    });
  }

  /** A task that cannot be scheduled (any more) costs itself only, and is in the log. */
  #guard(taskID: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#slots.delete(taskID);
      this.#options.log.error({ err: error, task: taskID }, 'a task cannot be scheduled');
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped) {
      const now = clock.nowMs();
      for (const [taskID, slot] of [...this.#slots]) {
        if (slot.dueMs <= now) this.#guard(taskID, () => this.#fire(taskID, slot));
      }
      let sleepMs = SLEEP_MS_MAX;
      for (const { dueMs } of this.#slots.values()) sleepMs = Math.min(sleepMs, dueMs - now);
      await this.#sleep(Math.max(sleepMs, 1));
    }
  }

  async #sleep(ms: number): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, this.#wake.signal);
    } catch (error) {
      if (!isCode(error, 'cancelled')) throw error;
      this.#wake = new AbortController();
    }
  }

  #fire(taskID: string, { scheduledForMs }: Slot): void {
    const { resources, runner, clock, log } = this.#options;
    const task = resources.tasks.get(taskID);
    if (!task) {
      this.#slots.delete(taskID);
      return;
    }
    // After a long pause of the machine only the newest slot is run.
    const script = readTaskScript(task.flux);
    const offsetMs = script.offsetSeconds * 1000;
    this.#slots.set(taskID, nextSlot(script, Math.max(scheduledForMs, clock.nowMs() - offsetMs)));
    if (runner.isBusy(taskID)) {
      log.warn({ task: taskID, name: task.name }, 'task slot left out: its last run still runs');
      return;
    }
    runner.request(task, scheduledForMs);
  }
}
