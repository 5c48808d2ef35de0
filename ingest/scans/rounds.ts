import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { Turns } from '../../core/turns.ts';
import type { Claims, ScanClaim } from '../../registry/scans.ts';
import type { DatabaseClock } from './database-clock.ts';
import { Lease } from './lease.ts';
import type { Ledger } from './ledger.ts';

export interface RoundsOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly time: DatabaseClock;
  readonly random: () => number;
  readonly log: Log;
  readonly limits: {
    readonly leaseMs: number;
    readonly pollMs: number;
    readonly idleMs: number;
    readonly aheadMs: number;
  };
  /** For how many there is room, and of which hosts there is none. */
  readonly room: () => { readonly limit: number; readonly exceptHosts: readonly string[] };
  readonly onClaims: (claims: readonly ScanClaim[]) => void;
  /** Claims to be given back; asked in each round. */
  readonly toRelease: () => readonly ScanClaim[];
  readonly held: () => readonly ScanClaim[];
  /** The lease had run out: what was not begun may be somebody else's by now. */
  readonly onLapse: () => void;
  /** Once a lease, while no claim is under way. `unknown`: how many were held without knowing. */
  readonly onLease: (unknown: number) => void;
}

/** Between two rounds, however often something calls. */
const GAP_MS = 50;
const RETRY_MS = 1_000;
/** After an outage everybody first saves what he has; then what others held may be claimed. */
const GRACE_MS = 2_000;
const RECLAIM_MS = 60_000;
const TIDY_MS = 3_600_000;

/** The worker's talk with the registry: claims, the lease, what is given back, one at a time. */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #turns: Turns;
  readonly lease: Lease;
  #graceUntilMs = Number.NEGATIVE_INFINITY;
  #leaseAtMs = Number.NEGATIVE_INFINITY;
  #reclaimedMs: number;
  #tidiedMs = Number.NEGATIVE_INFINITY;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.lease = new Lease(options.clock, options.limits.leaseMs);
    this.#reclaimedMs = options.clock.monotonicMs();
    const { clock, log, random } = options;
    this.#turns = new Turns({
      ...{ clock, log, turn: () => this.#talk(), gapMs: GAP_MS, retryMs: RETRY_MS },
      failing: 'no scans are claimed',
      spread: (ms) => ms * (0.8 + 0.2 * random()),
    });
  }

  /** Why the registry cannot be asked, while it cannot. */
  get error(): string | undefined {
    return this.#turns.error;
  }

  /** The next round is now. */
  wake(): void {
    this.#turns.wake();
  }

  close(): Promise<void> {
    return this.#turns.close();
  }

  async #talk(): Promise<number> {
    const { ledger, clock, toRelease, limits } = this.#options;
    if (this.lease.over) await this.#beat();
    const released = toRelease();
    if (released.length > 0) await ledger.release(released);
    const claims = clock.monotonicMs() < this.#graceUntilMs ? undefined : await this.#claim();
    if (claims === undefined && this.lease.due) await this.#beat();
    await this.#keepUp();
    return claims === undefined || claims.length > 0 ? limits.pollMs : limits.idleMs;
  }

  async #beat(): Promise<void> {
    const { ledger, clock, time } = this.#options;
    const sentMs = clock.monotonicMs();
    time.note(await ledger.beat(), sentMs);
    this.#renew(sentMs);
  }

  /** Before anything that came with the same answer is taken. */
  #renew(sentMs: number): void {
    if (this.lease.renewed(sentMs)) return;
    this.#graceUntilMs = this.#options.clock.monotonicMs() + GRACE_MS;
    this.#options.onLapse();
  }

  async #claim(): Promise<Claims['claims'] | undefined> {
    const { ledger, clock, time, room, limits, onClaims } = this.#options;
    const { limit, exceptHosts } = room();
    if (limit === 0) return undefined;
    const sentMs = clock.monotonicMs();
    const options = { aheadMs: limits.aheadMs, limit, exceptHosts };
    const { nowMs, claims } = await ledger.claim(options);
    time.note(nowMs, sentMs);
    this.#renew(sentMs);
    onClaims(claims);
    if (claims.length === limit) this.wake();
    return claims;
  }

  /** What is due once in a while. */
  async #keepUp(): Promise<void> {
    const { ledger, clock, limits, held, onLease } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#leaseAtMs >= limits.leaseMs) {
      this.#leaseAtMs = nowMs;
      onLease(await ledger.releaseUnknown(held()));
    }
    if (nowMs - this.#reclaimedMs >= RECLAIM_MS) {
      this.#reclaimedMs = nowMs;
      await ledger.reclaimRoom();
    }
    if (nowMs - this.#tidiedMs >= TIDY_MS) {
      this.#tidiedMs = nowMs;
      await ledger.tidy();
    }
  }
}
