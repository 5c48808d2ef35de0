import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../registry/database.ts';
import { trimEvents } from '../../registry/events.ts';
import { inTime } from '../../registry/in-time.ts';
import {
  adoptResults,
  type ClaimOptions,
  type Claims,
  claimScans,
  forgetResults,
  ownResults,
  reclaimRoom,
  releaseScans,
  releaseUnknown,
  type SavedScan,
  type ScanClaim,
  type ScanWorker,
  saveScans,
  type WaitingResult,
} from '../../registry/scans.ts';
import { beat, forgetWorkers, leave } from '../../registry/workers.ts';

export type ClaimKey = Pick<ScanClaim, 'monitor' | 'token'>;
export type ResultKey = Pick<WaitingResult, 'monitor' | 'slotMs'>;

/** What a worker asks of the registry; the rows are the registry's (`registry/scans.ts`). */
export interface Ledger {
  /** The database's time. The worker's lease begins anew. */
  beat(): Promise<number>;
  claim(options: ClaimOptions): Promise<Claims>;
  /** Monitors whose results were saved; the others are refused. */
  save(scans: readonly SavedScan[]): Promise<ReadonlySet<number>>;
  release(claims: readonly ClaimKey[]): Promise<void>;
  /** Gives back everything but `known`. How many that were. */
  releaseUnknown(known: readonly ClaimKey[]): Promise<number>;
  /** Results of workers that are gone, now this one's to store. */
  adopt(limit: number): Promise<readonly WaitingResult[]>;
  /** Results of this worker that are not stored so far. */
  own(limit: number): Promise<readonly WaitingResult[]>;
  forget(results: readonly ResultKey[]): Promise<void>;
  /** What is old and of no use any more goes. */
  tidy(): Promise<void>;
  /** Makes room in a database that does not do so itself. */
  reclaimRoom(): Promise<void>;
  leave(): Promise<void>;
}

export interface LedgerOptions {
  readonly database: Database;
  readonly worker: ScanWorker;
  readonly clock: Clock;
  /** What takes longer is given up: it may have been carried out or not. */
  readonly timeoutMs: number;
  /** By default a week. */
  readonly eventsKeptMs?: number;
}

/** The registry, as one worker sees it. A connection on which nothing moves holds nothing up. */
export function openLedger(options: LedgerOptions): Ledger {
  const { database, worker, eventsKeptMs } = options;
  const { id } = worker;
  const timely = <T>(work: Promise<T>): Promise<T> => inTime(work, options);
  return {
    beat: () => timely(beat(database, 'scans', worker)),
    claim: (options) => timely(claimScans(database, worker, options)),
    save: (scans) => timely(saveScans(database, id, scans)),
    release: (claims) => timely(releaseScans(database, id, claims)),
    releaseUnknown: (known) => timely(releaseUnknown(database, id, known)),
    adopt: (limit) => timely(adoptResults(database, id, limit)),
    own: (limit) => timely(ownResults(database, id, limit)),
    forget: (results) => timely(forgetResults(database, results)),
    async tidy() {
      await timely(forgetWorkers(database));
      await timely(trimEvents(database, eventsKeptMs));
    },
    reclaimRoom: () => timely(reclaimRoom(database)),
    leave: () => timely(leave(database, id)),
  };
}
