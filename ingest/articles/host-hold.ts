import type { Clock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { VisitLedger } from './ledger.ts';

/** A host could not be had in time: the visit is put off, which is nobody's failure. */
export class HostBusy extends Error {
  override readonly name = 'HostBusy';
  readonly host: string;
  /** By the database's clock. */
  readonly freeMs: number;

  constructor(host: string, freeMs: number) {
    super(`${host} is left alone for now`);
    this.host = host;
    this.freeMs = freeMs;
  }
}

/** What was claimed is somebody else's by now: whatever is found out is refused. */
export class VisitLost extends Error {
  override readonly name = 'VisitLost';

  constructor() {
    super('the lease of a visit ran out');
  }
}

export interface HostHoldOptions {
  readonly ledger: VisitLedger;
  readonly clock: Clock;
  /** The database's time. */
  readonly nowMs: () => number;
  readonly spacingMs: number;
  readonly leaseMs: number;
  /** Longest wait for a host, for a hop of a redirect. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

interface Held {
  readonly host: string;
  readonly token: number;
  /** Monotonic: until then nobody else has it. */
  untilMs: number;
  asked: boolean;
  /** Monotonic: where another request may follow, not before this. */
  restsUntilMs: number | undefined;
}

/**
 * The one host that a visit may ask at a time. Each request takes it and gives it back, so that
 * hops of a redirect are paid for by the host they land on. Between two requests to the same one it
 * is kept: the second is not put behind all who wait for the host.
 */
export class HostHold {
  readonly #options: HostHoldOptions;
  #held: Held | undefined;

  /** `sinceMs`: monotonic, from before the claim was asked for. */
  constructor(options: HostHoldOptions, claim: { host: string; token: number; sinceMs: number }) {
    this.#options = options;
    const { host, token, sinceMs } = claim;
    this.#held = heldOf(host, token, sinceMs + options.leaseMs);
  }

  /** What is held now, for renewals. */
  get held(): { readonly host: string; readonly hostToken: number } | undefined {
    return this.#held && { host: this.#held.host, hostToken: this.#held.token };
  }

  /** The lease of what is held began anew, asked for at `sinceMs` (monotonic). */
  renewed(hostToken: number, sinceMs: number): void {
    if (this.#held?.token === hostToken) this.#held.untilMs = sinceMs + this.#options.leaseMs;
  }

  /**
   * Returns when `host` may be asked, for `forMs` from now on at least.
   * @throws HostBusy when it takes too long; VisitLost.
   */
  async take(host: string, forMs: number): Promise<void> {
    const { ledger, clock, leaseMs, signal } = this.#options;
    await this.#rested(host);
    if (this.#held && (this.#held.host !== host || this.#held.asked)) await this.release();
    if (!this.#held) await this.#wait(host);
    const held = this.#held as Held | undefined;
    if (!held) throw new VisitLost();
    if (held.untilMs - clock.monotonicMs() < forMs) {
      const sinceMs = clock.monotonicMs();
      if (!(await ledger.renew({ host, hostToken: held.token }))) throw new VisitLost();
      held.untilMs = sinceMs + leaseMs;
    }
    if (signal.aborted) throw cancelled();
    held.asked = true;
  }

  /** Keeps the host after a request: the next one may be to it, when its spacing is over. */
  rest(): void {
    const { clock, spacingMs } = this.#options;
    if (this.#held) this.#held.restsUntilMs = clock.monotonicMs() + spacingMs;
  }

  /** Gives the host back: after a request it is left alone for a while. */
  async release({ pauseMs, why }: { pauseMs?: number; why?: string } = {}): Promise<void> {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    const { ledger, spacingMs } = this.#options;
    await ledger.releaseHost(
      { host: held.host, hostToken: held.token },
      {
        spacingMs: held.asked ? spacingMs : 0,
        ...(pauseMs !== undefined && { pauseMs }),
        ...(why !== undefined && { why }),
      },
    );
  }

  /** Waits until a host that was kept may be asked again. */
  async #rested(host: string): Promise<void> {
    const { clock, signal } = this.#options;
    const held = this.#held;
    if (held?.restsUntilMs === undefined || held.host !== host) return;
    for (;;) {
      const leftMs = held.restsUntilMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      await clock.sleep(Math.ceil(leftMs), signal);
    }
    held.restsUntilMs = undefined;
    held.asked = false;
  }

  async #wait(host: string): Promise<void> {
    const { ledger, clock, nowMs, waitMs, leaseMs, signal } = this.#options;
    const endMs = clock.monotonicMs() + waitMs;
    for (;;) {
      if (signal.aborted) throw cancelled();
      const sinceMs = clock.monotonicMs();
      const taken = await ledger.takeHost(host, nowMs() + endMs - sinceMs);
      if (taken.ok) {
        this.#held = heldOf(host, taken.hostToken, sinceMs + leaseMs);
        return;
      }
      const leftMs = endMs - clock.monotonicMs();
      const freeInMs = taken.freeMs - taken.nowMs;
      if (leftMs <= 0 || freeInMs > leftMs) throw new HostBusy(host, taken.freeMs);
      await clock.sleep(Math.max(1, freeInMs), signal);
    }
  }
}

function heldOf(host: string, token: number, untilMs: number): Held {
  return { host, token, untilMs, asked: false, restsUntilMs: undefined };
}

function cancelled(): TidemarkError {
  return new TidemarkError('cancelled', 'the worker ends');
}
