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

/** A job that runs. */
export interface Running {
  /** Other slots from now on. A run on its way goes on; a slot that has begun gets its run. */
  every(intervalMs: number): void;
  /** No more runs; one on its way is cancelled, and waited for. */
  stop(): Promise<void>;
}

export interface Runner {
  /** Runs the current slot at once, then every slot. */
  add(job: Job): Running;
  /** Stops all jobs. */
  close(): Promise<void>;
}

/** Runs jobs on exact slots, none of them twice at once. */
export function createRunner(options: RunnerOptions): Runner {
  const queue = new PQueue({ concurrency: options.concurrency });
  const lanes = new Set<Running>();
  return {
    add(job) {
      const lane = startLane(job, options, queue);
      lanes.add(lane);
      return {
        every: lane.every,
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

function startLane(job: Job, { clock, timer }: RunnerOptions, queue: PQueue): Running {
  let { intervalMs } = job;
  let phaseMs = phaseOf(job.id, intervalMs);
  const leave = new AbortController();
  let running: Promise<void> | undefined;
  let next: { readonly slotMs: number; readonly timer: { stop(): void } } | undefined;

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
  const due = (slotMs: number): void => {
    if (leave.signal.aborted) return;
    // After a sleep of the machine several slots may be over: only the newest is still true.
    const newestMs = Math.max(slotMs, slotAt(clock.nowMs() - phaseMs, intervalMs));
    if (newestMs > slotMs) job.skipped('missed', (newestMs - slotMs) / intervalMs);
    schedule(newestMs + intervalMs);
    run({ slotMs: newestMs, dueMs: newestMs + phaseMs });
  };
  const schedule = (slotMs: number): void => {
    next = { slotMs, timer: timer.at(slotMs + phaseMs, () => due(slotMs)) };
  };
  const nowMs = clock.nowMs();
  const currentMs = slotAt(nowMs, intervalMs);
  schedule(currentMs + intervalMs);
  run({ slotMs: currentMs, dueMs: nowMs });
  return {
    every(changedMs) {
      if (leave.signal.aborted || changedMs === intervalMs) return;
      const atMs = clock.nowMs();
      const waiting = next?.slotMs;
      next?.timer.stop();
      intervalMs = changedMs;
      phaseMs = phaseOf(job.id, intervalMs);
      schedule(slotAt(atMs - phaseMs, intervalMs) + intervalMs);
      // Begun, but not yet due: under the new phase its time may be over already.
      const begun = waiting !== undefined && waiting <= atMs && waiting !== next?.slotMs;
      if (begun) run({ slotMs: waiting, dueMs: atMs });
    },
    async stop() {
      leave.abort();
      next?.timer.stop();
      await running;
    },
  };
}
