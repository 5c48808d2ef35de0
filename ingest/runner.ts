import PQueue from 'p-queue';
import { type Clock, slotAt } from '../core/clock.ts';
import { phaseOf, type SlotTimer } from './slots.ts';

/** Why a slot of a job has no run. */
export type SkipReason =
  | 'overlap' // the run before is still on its way
  | 'missed'; // the process was asleep: a slot that is over is not run late

export interface Slot {
  /** `k x interval`: the time that the run's points carry. */
  readonly slotMs: number;
  /** When the run was to begin: the slot plus the job's phase. */
  readonly dueMs: number;
}

/** Something that runs on every slot. */
export interface Job {
  readonly id: string;
  readonly intervalMs: number;
  /** Must not throw: what goes wrong is the job's own to report. */
  run(slot: Slot, signal: AbortSignal): Promise<void>;
  /** `slots` of them in a row were skipped. */
  skipped(reason: SkipReason, slots: number): void;
}

export interface RunnerOptions {
  readonly clock: Clock;
  readonly timer: SlotTimer;
  /** Most runs at a time over all jobs. */
  readonly concurrency: number;
}

export interface Runner {
  /** Runs the current slot at once, then every slot; `stop` ends it after a run on its way. */
  add(job: Job): { stop(): Promise<void> };
  /** Stops all jobs, cancels what is on its way and waits for its end. */
  close(): Promise<void>;
}

/** Runs jobs on exact slots, none of them twice at once. */
export function createRunner(options: RunnerOptions): Runner {
  const queue = new PQueue({ concurrency: options.concurrency });
  const lanes = new Set<{ stop(): Promise<void> }>();
  return {
    add(job) {
      const lane = startLane(job, options, queue);
      lanes.add(lane);
      return {
        stop: () => {
          lanes.delete(lane);
          return lane.stop();
        },
      };
    },
    async close() {
      await Promise.all([...lanes].map((lane) => lane.stop()));
      lanes.clear();
    },
  };
}

function startLane(job: Job, { clock, timer }: RunnerOptions, queue: PQueue) {
  const { intervalMs } = job;
  const phaseMs = phaseOf(job.id, intervalMs);
  const leave = new AbortController();
  let running: Promise<void> | undefined;
  let scheduled: { stop(): void } | undefined;

  const run = (slot: Slot): void => {
    if (running) {
      job.skipped('overlap', 1);
      return;
    }
    running = queue
      .add(async () => {
        if (!leave.signal.aborted) await job.run(slot, leave.signal);
      })
      .finally(() => {
        running = undefined;
      });
  };
  const schedule = (slotMs: number): void => {
    const dueMs = slotMs + phaseMs;
    scheduled = timer.at(dueMs, () => {
      if (leave.signal.aborted) return;
      // After a sleep of the machine several slots may be over: only the newest is still true.
      const newestMs = Math.max(slotMs, slotAt(clock.nowMs() - phaseMs, intervalMs));
      if (newestMs > slotMs) job.skipped('missed', (newestMs - slotMs) / intervalMs);
      schedule(newestMs + intervalMs);
      run({ slotMs: newestMs, dueMs: newestMs + phaseMs });
    });
  };
  const nowMs = clock.nowMs();
  const currentMs = slotAt(nowMs, intervalMs);
  schedule(currentMs + intervalMs);
  run({ slotMs: currentMs, dueMs: nowMs });
  return {
    async stop() {
      leave.abort();
      scheduled?.stop();
      await running;
    },
  };
}
