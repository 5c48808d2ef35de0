import type { Backoff } from './backoff.ts';

/** All sizes in bytes, all times in milliseconds. */
export interface WriterLimits {
  /** Most that may wait on disk; beyond it the oldest goes. */
  readonly spoolBytesMax: number;
  readonly segmentBytesMax: number;
  readonly batchLinesMax: number;
  readonly batchBytesMax: number;
  /** Requests at once; a series always takes the same one. */
  readonly connections: number;
  readonly backoff: Backoff;
  /** About how often to try again when only a person can help. */
  readonly fixWaitMs: number;
  /** How often an internal error is tried again before the lines are suspected. */
  readonly triesBeforeTrial: number;
  readonly deadFileBytesMax: number;
  readonly deadFilesMax: number;
  /** Points are late when they are older than this once they are stored. */
  readonly lateMs: number;
}

export const defaultLimits: WriterLimits = {
  spoolBytesMax: 4 * 1024 ** 3,
  segmentBytesMax: 16 * 1024 ** 2,
  // Measured: InfluxDB stores two requests of 15,000 lines a fifth faster than six of 5,000.
  batchLinesMax: 30_000,
  batchBytesMax: 8 * 1024 ** 2,
  connections: 2,
  backoff: { baseMs: 250, maxMs: 15_000 },
  fixWaitMs: 15_000,
  triesBeforeTrial: 5,
  deadFileBytesMax: 8 * 1024 ** 2,
  deadFilesMax: 8,
  lateMs: 120_000,
};
