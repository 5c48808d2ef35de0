import type { SavedScan, ScanClaim } from '../../registry/scans.ts';
import type { DatabaseClock } from './database-clock.ts';
import { EvidenceKeeper } from './evidence.ts';
import type { OfflineGate } from './offline.ts';
import { plainFields, scanPoint } from './points.ts';
import type { ScanResult } from './result.ts';
import type { Ended } from './saver.ts';
import { type NewStanding, standingAfter } from './standing.ts';

export interface RecorderOptions {
  readonly time: DatabaseClock;
  readonly offline: OfflineGate;
}

/** A scan that has ended. */
export interface Finished {
  readonly result: ScanResult;
  readonly lateMs: number;
  /** Monotonic. */
  readonly beganMs: number;
}

/** Turns what a scan found out into what is recorded of it. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #evidence = new EvidenceKeeper();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  async record(claim: ScanClaim, finished: Finished): Promise<Omit<Ended, 'done'>> {
    const { offline, time } = this.#options;
    const result = await offline.judge(claim.host, finished.result, finished.beganMs);
    const { monitor, token, slotMs } = claim;
    const { reason, status = null, totalMs, retryAfterMs } = result;
    const { lateMs } = finished;
    const standing = standingAfter(claim, { reason, slotMs }, claim.settings);
    const { state, stateSinceMs, successes, failures } = standing;
    const point = scanPoint({ monitor: String(monitor), slotMs, lateMs, result });
    const scan: SavedScan = {
      ...{ monitor, token, slotMs, state, stateSinceMs, successes, failures },
      ...{ reason, status, totalMs },
      fields: plainFields(point),
      notBeforeMs: retryAfterMs === undefined ? null : time.nowMs() + retryAfterMs,
      evidence: this.#evidence.take(monitor, slotMs, result) ?? null,
      event: standing.changed ? eventOf(claim, standing, result) : null,
    };
    return { scan, point };
  }
}

/** What is told of a change: `sinceMs` is since when it stood as `from` says; null: never before. */
function eventOf(
  { monitor, url, state: from, stateSinceMs: sinceMs, slotMs }: ScanClaim,
  { state: to }: NewStanding,
  { reason, text }: ScanResult,
): Readonly<Record<string, unknown>> {
  return { monitor, url, from, to, reason, text, slotMs, sinceMs };
}
