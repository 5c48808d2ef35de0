/** How one of our tasks in InfluxDB does, by its newest runs. Times in milliseconds. */
export interface TaskStatus {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  /** Null for a task that runs by a cron line: none of ours does. */
  readonly everyMs: number | null;
  readonly ok: boolean;
  /** What is wrong, when it is not ok. */
  readonly reason: string | null;
  /** The newest run that has ended: the slot it was for, and how. */
  readonly lastRunMs: number | null;
  readonly lastRunStatus: string | null;
  /** Of the newest run that failed, as long as no later one went well. */
  readonly lastError: string | null;
  /** How many of the newest runs were looked at, and how many of them failed. */
  readonly runs: number;
  readonly failed: number;
  /** Slots among them that have no run: InfluxDB was away, or the run before took too long. */
  readonly skipped: number;
  /** From the newest slot that went well to the newest that should have; null: none did. */
  readonly lagMs: number | null;
}
