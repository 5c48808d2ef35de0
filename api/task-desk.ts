import type { TaskStatus } from '../core/task-status.ts';

/** Who knows how the tasks do. */
export interface TaskDesk {
  /** By name. Throws when InfluxDB cannot be asked. */
  list(signal: AbortSignal): Promise<readonly TaskStatus[]>;
}
