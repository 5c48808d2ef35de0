import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { PointSink } from '../../core/point.ts';
import { noTrace, type Trace } from '../../core/trace.ts';
import type { ScanClaim } from '../../registry/scans.ts';
import { Alarms } from './alarms.ts';
import { DatabaseClock } from './database-clock.ts';
import { GuardedProber } from './guarded.ts';
import { Holdings } from './holdings.ts';
import type { Ledger } from './ledger.ts';
import { OfflineGate } from './offline.ts';
import { Pool } from './pool.ts';
import type { Prober } from './probe.ts';
import { Recorder } from './recorder.ts';
import { Rounds } from './rounds.ts';
import { Saver, type Saving } from './saver.ts';
import type { Release, WorkerLevels, WorkerMetrics } from './worker-metrics.ts';

export interface WorkerLimits {
  /** Most scans under way at once, and of one host. */
  readonly concurrency: number;
  readonly hostConcurrency: number;
  readonly leaseMs: number;
  /** About how often claims are asked for while there are some, and while there are none. */
  readonly pollMs: number;
  readonly idleMs: number;
  /** How long before its slot a monitor is claimed. */
  readonly aheadMs: number;
  /** Most time for what is under way when the worker is to end. */
  readonly drainMs: number;
}

export const workerDefaults: WorkerLimits = {
  concurrency: 512,
  hostConcurrency: 8,
  leaseMs: 10_000,
  pollMs: 500,
  idleMs: 1_000,
  aheadMs: 1_500,
  drainMs: 8_000,
};

export interface WorkerOptions {
  readonly ledger: Ledger;
  readonly prober: Pick<Prober, 'scan'>;
  readonly sink: PointSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly trace?: Trace;
  readonly metrics: WorkerMetrics;
  readonly limits?: Partial<WorkerLimits>;
  /** Whether any place that the operator named can be reached. */
  readonly checkConnectivity?: (() => Promise<boolean>) | undefined;
}

export interface WorkerState extends WorkerLevels {
  /** Why the registry could not be asked, while it cannot. */
  readonly registryError: string | undefined;
  /** Why results cannot be put into the spool, while they cannot. */
  readonly spoolError: string | undefined;
  /** How late the scan is that waits longest for a place, while all places are taken. */
  readonly behindMs: number;
}

export interface ScanWorkers {
  /** Something may be due. */
  wake(): void;
  state(): WorkerState;
  /** Begins nothing more, lets what is under way end, and saves it. Twice is allowed. */
  close(): Promise<void>;
}

/** So many are held, soon due or waiting, for each that may be under way. */
const HELD_FACTOR = 8;
const CLAIMS_MAX = 1_000;
/** For what is not saved when nothing is under way any more. */
const FLUSH_MS = 2_000;

/** Claims what is due, scans each at its slot, and records what came of it. */
export function startWorker(options: WorkerOptions): ScanWorkers {
  return new Worker(options, { ...workerDefaults, ...options.limits });
}

class Worker implements ScanWorkers {
  readonly #options: WorkerOptions;
  readonly #limits: WorkerLimits;
  readonly #time: DatabaseClock;
  readonly #offline: OfflineGate;
  readonly #recorder: Recorder;
  readonly #saver: Saver;
  readonly #holdings: Holdings;
  readonly #pool: Pool<ScanClaim>;
  readonly #rounds: Rounds;
  readonly #alarms: Alarms;
  /** How to take back the alarm of a claim whose slot is still to come. */
  readonly #early = new Map<ScanClaim, () => void>();
  readonly #scans = new Set<Promise<void>>();
  readonly #prober: GuardedProber;
  #giveBack: ScanClaim[] = [];
  /** Their results cannot be recorded: they go back with their slot, not to be scanned at once. */
  #spoilt: ScanClaim[] = [];
  #adopting: Promise<void> | undefined;
  #more = false;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions, limits: WorkerLimits) {
    const { clock, log } = options;
    const { concurrency, hostConcurrency } = limits;
    this.#options = options;
    this.#limits = limits;
    this.#time = new DatabaseClock(clock);
    this.#alarms = new Alarms(clock);
    this.#prober = new GuardedProber({ prober: options.prober, clock, alarms: this.#alarms });
    this.#offline = new OfflineGate({
      monotonicMs: () => clock.monotonicMs(),
      check: options.checkConnectivity,
      onChange: (offline) =>
        offline
          ? log.warn({}, 'nothing can be reached: scans say nothing of their targets')
          : log.info({}, 'targets can be reached again'),
    });
    this.#recorder = new Recorder({ time: this.#time, offline: this.#offline });
    this.#saver = new Saver(options);
    this.#holdings = new Holdings({
      max: HELD_FACTOR * concurrency,
      hostMax: HELD_FACTOR * hostConcurrency,
    });
    this.#pool = new Pool({
      max: concurrency,
      hostMax: hostConcurrency,
      start: (claim) => this.#start(claim),
    });
    this.#rounds = new Rounds({
      ...options,
      limits,
      time: this.#time,
      room: () => this.#room(),
      onClaims: (claims) => this.#take(claims),
      toRelease: () => this.#toRelease(),
      held: () => this.#holdings.list(),
      onLapse: () => {
        options.metrics.lapsed();
        this.#releaseUnbegun('lapsed');
      },
      onLease: (unknown) => this.#onLease(unknown),
    });
  }

  wake(): void {
    this.#rounds.wake();
  }

  state(): WorkerState {
    const nowMs = this.#time.nowMs();
    let behindMs = 0;
    if (this.#pool.full) {
      for (const { slotMs } of this.#pool.next()) behindMs = Math.max(behindMs, nowMs - slotMs);
    }
    return {
      running: this.#pool.running,
      waiting: this.#pool.waiting,
      unsaved: this.#saver.unsaved,
      unspooled: this.#saver.unspooled,
      offline: this.#offline.offline,
      sinceAnswerMs: this.#rounds.lease.sinceAnswerMs,
      registryError: this.#rounds.error,
      spoolError: this.#saver.spoolError,
      behindMs,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#releaseUnbegun('stopped');
    this.#rounds.wake();
    const scans = Promise.all(this.#scans);
    await this.#within(this.#limits.drainMs, () => scans);
    this.#prober.cut();
    await scans;
    await this.#within(FLUSH_MS, (signal) => this.#saver.flush(signal));
    this.#rounds.wake();
    await this.#rounds.close();
    this.#alarms.close();
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const { ledger, log } = this.#options;
    try {
      const released = this.#toRelease();
      if (released.length > 0) await ledger.release(released);
      await ledger.leave();
    } catch (error) {
      // Then everything is free when the lease ends.
      log.warn({ error: messageOf(error) }, 'the worker left without a word');
    }
  }

  /** Ends when the work does, or after `ms`, with the signal that it should. */
  async #within(ms: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const enough = childAbort(undefined);
    const wait = childAbort(undefined);
    const late = this.#options.clock.sleep(ms, wait.signal).then(
      () => enough.release(),
      () => undefined,
    );
    await Promise.race([late, work(enough.signal)]);
    wait.release();
    await late;
  }

  #room(): { limit: number; exceptHosts: string[] } {
    const { concurrency } = this.#limits;
    const full = this.#pool.full && this.#pool.waiting >= concurrency;
    const stuck = this.#saver.unspooled > 2 * concurrency;
    const limit = this.#closing || full || stuck ? 0 : this.#holdings.room;
    this.#more = full;
    return {
      limit: Math.min(CLAIMS_MAX, limit),
      exceptHosts: limit === 0 ? [] : this.#holdings.crowdedHosts(),
    };
  }

  #take(claims: readonly ScanClaim[]): void {
    const { metrics } = this.#options;
    for (const claim of claims) {
      this.#holdings.add(claim);
      if (claim.missed > 0) metrics.missed(claim.missed);
      if (claim.reprobe) metrics.reprobed();
      const waitMs = claim.slotMs - this.#time.nowMs();
      if (this.#closing) this.#release(claim, 'stopped');
      else if (waitMs <= 0) this.#pool.offer(claim);
      else
        this.#early.set(
          claim,
          this.#alarms.set(waitMs, () => this.#ring(claim)),
        );
    }
  }

  #ring(claim: ScanClaim): void {
    this.#early.delete(claim);
    this.#pool.offer(claim);
  }

  /** Once a round: what waits for its host too long goes back, and is counted as missed. */
  #toRelease(): readonly ScanClaim[] {
    const isOver = (claim: ScanClaim): boolean => this.#isOver(claim);
    const spoilt = this.#spoilt.filter(isOver);
    this.#spoilt = this.#spoilt.filter((claim) => !isOver(claim));
    for (const claim of [...spoilt, ...this.#pool.take(isOver)]) this.#release(claim, 'over');
    const claims = this.#giveBack;
    this.#giveBack = [];
    return claims;
  }

  #releaseUnbegun(why: Release): void {
    for (const [claim, takeBack] of this.#early) {
      takeBack();
      this.#release(claim, why);
    }
    this.#early.clear();
    for (const claim of this.#pool.take(() => true)) this.#release(claim, why);
  }

  #isOver({ slotMs, intervalMs }: ScanClaim): boolean {
    return this.#time.nowMs() >= slotMs + intervalMs;
  }

  #release(claim: ScanClaim, why: Release): void {
    this.#options.metrics.released(why, 1);
    this.#giveBack.push(claim);
    this.#drop(claim);
  }

  #drop(claim: ScanClaim): void {
    if (this.#holdings.remove(claim)) this.#rounds.wake();
  }

  #onLease(unknown: number): void {
    const { metrics, log } = this.#options;
    if (unknown > 0) metrics.released('unknown', unknown);
    this.#adopting ??= this.#saver
      .adopt()
      .then(
        (results) => metrics.adopted(results),
        // Tried again with the next lease.
        (error: unknown) => log.debug({ error: messageOf(error) }, 'no results were adopted'),
      )
      .finally(() => {
        this.#adopting = undefined;
      });
  }

  /** False: it is not begun, and goes back. */
  #start(claim: ScanClaim): boolean {
    const why = this.#closing ? 'stopped' : this.#rounds.lease.over ? 'lapsed' : undefined;
    if (why !== undefined || this.#isOver(claim)) {
      this.#release(claim, why ?? 'over');
      return false;
    }
    const scan = this.#scan(claim).finally(() => this.#scans.delete(scan));
    this.#scans.add(scan);
    return true;
  }

  async #scan(claim: ScanClaim): Promise<void> {
    const { clock, metrics, log } = this.#options;
    const beganMs = clock.monotonicMs();
    const lateMs = Math.max(0, this.#time.nowMs() - claim.slotMs);
    metrics.late(lateMs / 1000);
    const { trace = noTrace } = this.#options;
    const result = await trace.span('scan', { 'tidemark.monitor': claim.monitor }, async (span) => {
      const found = await this.#prober.scan(claim);
      span.set({ 'tidemark.reason': found.reason, 'tidemark.ok': found.ok });
      return found;
    });
    this.#pool.leaveHost(claim.host);
    if (result.reason === 'cancelled') {
      this.#release(claim, 'stopped');
      this.#leavePlace();
      return;
    }
    try {
      const ended = await this.#recorder.record(claim, { result, lateMs, beganMs });
      const { reason } = ended.scan;
      this.#saver.add({ ...ended, done: (saving) => this.#saved(claim, saving, reason) });
    } catch (error) {
      log.error({ monitor: claim.monitor, error: messageOf(error) }, 'a bug: a scan was lost');
      this.#spoilt.push(claim);
      this.#leavePlace();
    }
  }

  #saved(claim: ScanClaim, saving: Saving, reason: string): void {
    const { metrics, log } = this.#options;
    const { monitor, slotMs } = claim;
    if (saving === 'saved') metrics.saved(reason);
    else if (saving === 'stale') metrics.stale();
    else metrics.broken();
    if (saving === 'stale') log.debug({ monitor, slotMs, reason }, 'a scan came too late');
    if (saving === 'broken') this.#spoilt.push(claim);
    else this.#drop(claim);
    this.#leavePlace();
  }

  #leavePlace(): void {
    this.#pool.leavePlace();
    // There was more than could be held: now there is room for some of it.
    if (!this.#more || this.#pool.waiting > this.#limits.concurrency / 2) return;
    this.#more = false;
    this.#rounds.wake();
  }
}
