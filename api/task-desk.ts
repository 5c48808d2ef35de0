/** One of Tidemark's tasks in InfluxDB, by its newest runs. Times in milliseconds. */
export interface ShownTask {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly everyMs: number | null;
  readonly ok: boolean;
  readonly reason: string | null;
  readonly lastRunMs: number | null;
  readonly lastRunStatus: string | null;
  readonly lastError: string | null;
  readonly runs: number;
  readonly failed: number;
  readonly skipped: number;
  readonly lagMs: number | null;
}

/** Who knows how the tasks do. */
export interface TaskDesk {
  /** By name. Throws when InfluxDB cannot be asked. */
  list(signal: AbortSignal): Promise<readonly ShownTask[]>;
}
