import { setMaxListeners } from 'node:events';
import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import type { Log } from '../../core/log.ts';
import type { Trace } from '../../core/trace.ts';
import { Turns } from '../../core/turns.ts';
import type { ChannelKind } from '../../registry/channel-address.ts';
import type { Database } from '../../registry/database.ts';
import {
  type ChannelPace,
  type Claimed,
  claimDeliveries,
  nextDeliveryMs,
} from '../../registry/delivery-claims.ts';
import { settleDelivery } from '../../registry/delivery-results.ts';
import { endOverdue, moveToFallbacks, trimDeliveries } from '../../registry/delivery-upkeep.ts';
import { inTime } from '../../registry/in-time.ts';
import { createCanarySender } from './canary.ts';
import { type CourierOptions, carry } from './courier.ts';
import type { DeliveryLevels, DeliveryMetrics } from './delivery-metrics.ts';
import { createEmailSender, type SmtpServer } from './email.ts';
import { createPagerDutySender } from './pagerduty.ts';
import type { Senders } from './sender.ts';
import { createSlackSender } from './slack.ts';
import { createWebhookSender } from './webhook.ts';

export interface DispatchLimits {
  /** Most messages of this process under way at once. */
  readonly concurrency: number;
  /** Most of one channel, by all processes together. */
  readonly channelConcurrency: number;
  readonly leaseMs: number;
  /** After so long a copy at a fallback, or a notice, is not sent any more. */
  readonly ttlMs: number;
  /** A channel that has only failed for so long is switched off. */
  readonly disableAfterMs: number;
  /** How long what is over is kept. */
  readonly keptMs: number;
  /** Most time for what is under way when the dispatcher is to end. */
  readonly drainMs: number;
}

const DAY_MS = 86_400_000;

export const dispatchDefaults: DispatchLimits = {
  concurrency: 64,
  channelConcurrency: 4,
  leaseMs: 90_000,
  ttlMs: DAY_MS,
  disableAfterMs: 5 * DAY_MS,
  keptMs: 30 * DAY_MS,
  drainMs: 8_000,
};

export interface DispatcherOptions {
  readonly database: Database;
  /** With the gate that users' addresses go through. */
  readonly http: HttpClient;
  /** Undefined: e-mails wait until there is one. */
  readonly smtp: SmtpServer | undefined;
  /** Instead of PagerDuty's own. */
  readonly pagerdutyUrl: string | undefined;
  /** Where the API is, as readers of messages reach it. */
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  /** Of this process: two never share one. */
  readonly worker: string;
  readonly limits?: Partial<DispatchLimits>;
  /** Instead of those that really send. */
  readonly senders?: Partial<Senders>;
  readonly trace?: Trace;
}

export interface DispatcherState extends DeliveryLevels {
  /** Why the registry could not be asked, while it cannot. */
  readonly registryError: string | undefined;
}

export interface Dispatcher {
  /** Something may be due. */
  wake(): void;
  state(): DispatcherState;
  /** Begins nothing more, lets what is under way end or gives it back. Twice is allowed. */
  close(): Promise<void>;
}

/** Between two turns, however often something wakes; and while nothing is known to be due. */
const GAP_MS = 25;
const IDLE_MS = 5_000;
const RETRY_MS = 1_000;
const CLAIMS_MAX = 64;
/** A query that takes longer may have been carried out or not; much shorter than a lease. */
const REGISTRY_MS_MAX = 15_000;
const UPKEEP_MS = 5_000;
const TRIM_MS = 3_600_000;
const SLACK: ChannelPace = { concurrency: 1, spacingMs: 1_000 };

/** Claims messages that are due, takes each to its receiver, and records what came of it. */
export function startDispatcher(options: DispatcherOptions): Dispatcher {
  return new Worker(options, { ...dispatchDefaults, ...options.limits });
}

class Worker implements Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #limits: DispatchLimits;
  readonly #courier: CourierOptions;
  readonly #cut = childAbort(undefined);
  readonly #running = new Set<Promise<void>>();
  readonly #turns: Turns;
  #answeredMs: number | undefined;
  #keptMs = Number.NEGATIVE_INFINITY;
  #trimmedMs = Number.NEGATIVE_INFINITY;
  #upkeep: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: DispatcherOptions, limits: DispatchLimits) {
    const { clock, log, database } = options;
    this.#options = options;
    this.#limits = limits;
    const worker = this.#worker;
    // Each message that is under way listens: as many as there may be are no leak.
    setMaxListeners(0, this.#cut.signal);
    this.#courier = {
      ...{ ...options, leaseMs: limits.leaseMs, signal: this.#cut.signal },
      senders: { ...createSenders(options), ...options.senders },
      ...(options.trace && { trace: options.trace }),
      settle: (claim, result) =>
        this.#timely(settleDelivery(database, worker, { claim, result }, limits)),
    };
    this.#turns = new Turns({
      ...{ clock, log, turn: () => this.#talk(), gapMs: GAP_MS, retryMs: RETRY_MS },
      failing: 'no messages are sent',
    });
  }

  get #worker() {
    return { id: this.#options.worker, leaseMs: this.#limits.leaseMs };
  }

  wake(): void {
    this.#turns.wake();
  }

  state(): DispatcherState {
    const answeredMs = this.#answeredMs;
    const { clock } = this.#options;
    return {
      running: this.#running.size,
      sinceAnswerMs: answeredMs === undefined ? undefined : clock.monotonicMs() - answeredMs,
      registryError: this.#turns.error,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#turns.close();
    const wait = childAbort(undefined);
    const late = this.#options.clock.sleep(this.#limits.drainMs, wait.signal).then(
      () => this.#cut.release(),
      () => 'all ended in time',
    );
    await Promise.all(this.#running);
    wait.release();
    await late;
    await this.#upkeep;
  }

  async #talk(): Promise<number> {
    const { clock, database } = this.#options;
    this.#keepUp();
    const limit = Math.min(CLAIMS_MAX, this.#limits.concurrency - this.#running.size);
    const sinceMs = clock.monotonicMs();
    const { nowMs, claims, more } = await this.#claim(limit);
    this.#answeredMs = clock.monotonicMs();
    for (const claim of claims) this.#begin({ claim, nowMs, sinceMs });
    if (limit > 0 && more) return 0;
    if (limit <= 0) return IDLE_MS;
    const dueMs = await this.#timely(nextDeliveryMs(database));
    return dueMs === null ? IDLE_MS : Math.min(IDLE_MS, dueMs - nowMs);
  }

  async #claim(limit: number): Promise<Claimed> {
    const { database } = this.#options;
    if (limit <= 0) {
      // All hands are full: whoever is done wakes this. That the registry answers is of interest.
      await this.#timely(nextDeliveryMs(database));
      return { nowMs: 0, claims: [], more: false };
    }
    const pace = { concurrency: this.#limits.channelConcurrency, spacingMs: 0 };
    const paces: Record<ChannelKind, ChannelPace> = {
      ...{ webhook: pace, slack: SLACK, pagerduty: pace, email: pace, canary: pace },
    };
    return this.#timely(claimDeliveries(database, this.#worker, { limit, paces }));
  }

  #begin(errand: Parameters<typeof carry>[0]): void {
    const carried = carry(errand, this.#courier).finally(() => {
      this.#running.delete(carried);
      // Its channel has something else for somebody, maybe, and there is room.
      this.wake();
    });
    this.#running.add(carried);
  }

  /** Beside the turns: however much there is to end or to move, what is due goes on. */
  #keepUp(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#upkeep !== undefined || nowMs - this.#keptMs < UPKEEP_MS) return;
    this.#keptMs = nowMs;
    this.#upkeep = this.#keep(nowMs).finally(() => {
      this.#upkeep = undefined;
    });
  }

  async #keep(nowMs: number): Promise<void> {
    const { database, metrics, log } = this.#options;
    const { ttlMs, keptMs } = this.#limits;
    try {
      await endOverdue(database);
      const moved = await moveToFallbacks(database, { ttlMs });
      if (moved > 0) metrics.moved(moved);
      if (nowMs - this.#trimmedMs < TRIM_MS) return;
      await trimDeliveries(database, { olderThanMs: keptMs });
      this.#trimmedMs = nowMs;
    } catch (error) {
      // The turns fail too when the registry is away, and say so.
      log.debug({ error: messageOf(error) }, 'messages that are over were not looked after');
    }
  }

  #timely<T>(work: Promise<T>): Promise<T> {
    const { database, clock } = this.#options;
    return inTime(work, { database, clock, timeoutMs: REGISTRY_MS_MAX });
  }
}

/** One for each kind of channel. */
function createSenders(options: DispatcherOptions): Senders {
  const { http, clock, smtp, publicUrl, pagerdutyUrl: url } = options;
  return {
    webhook: createWebhookSender({ http, clock }),
    slack: createSlackSender({ http, clock }),
    pagerduty: createPagerDutySender({ http, clock, url }),
    email: createEmailSender({ smtp, clock, publicUrl }),
    canary: createCanarySender(),
  };
}
