import { Cron } from 'croner';
import { messageOf } from '../../core/errors.ts';
import { FluxError } from '../flux/error.ts';
import type { TaskScript } from './script.ts';

/** Seconds from the year 1 to 1970: Go, and so InfluxDB, counts multiples of `every` from there. */
const YEAR_ONE_SECONDS = 62_135_596_800;

export interface Slot {
  /** What `now()` is in the run. */
  readonly scheduledForMs: number;
  /** When the run starts: `offset` later. */
  readonly dueMs: number;
}

/** The first slot of the task after `afterMs` (compared to the slot, not to its start). */
export function nextSlot(script: TaskScript, afterMs: number): Slot {
  const scheduledForMs =
    script.everySeconds === undefined
      ? nextCron(script.cron ?? '', afterMs)
      : nextMultiple(script.everySeconds, afterMs);
  return { scheduledForMs, dueMs: scheduledForMs + script.offsetSeconds * 1000 };
}

/** Throws FluxError for what is no cron expression. */
export function checkCron(cron: string): void {
  nextCron(cron, 0);
}

function nextMultiple(everySeconds: number, afterMs: number): number {
  const seconds = Math.floor(afterMs / 1000) + YEAR_ONE_SECONDS;
  const next = (Math.floor(seconds / everySeconds) + 1) * everySeconds;
  return (next - YEAR_ONE_SECONDS) * 1000;
}

function nextCron(cron: string, afterMs: number): number {
  let next: Date | null;
  try {
    next = new Cron(cron, { timezone: 'UTC' }).nextRun(new Date(afterMs));
  } catch (cause) {
    throw new FluxError(`invalid options: cron invalid: ${messageOf(cause)}`);
  }
  if (!next) throw new FluxError(`invalid options: cron ${cron} never comes`);
  return next.getTime();
}
