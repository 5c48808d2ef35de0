import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { ExchangeState } from '../../registry/exchanges.ts';
import type { Refusal } from './refusal.ts';

/** Base URL -> until when (ms) its host wants to be left alone. */
export type Pauses = Map<string, number>;

/** What of a slot was kept. */
export interface Stored {
  readonly rows: number;
  readonly dropped: Record<string, number>;
  /** Whether a stream told it, wholly or in part. */
  readonly streaming: boolean;
}

export interface LaneStateOptions {
  readonly exchange: { readonly adapter: { readonly id: string }; readonly baseUrl: string };
  /** Shared by all exchanges: two of them may have one host. */
  readonly pauses: Pauses;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after every change; saving is the caller's. */
  readonly onState: (state: ExchangeState, urgent: boolean) => void;
}

/** How one exchange does: live, told to who saves it, and logged when it changes. */
export interface LaneState {
  readonly state: Readonly<ExchangeState>;
  /** Whether its host wants to be left alone now; then the state says so. */
  paused(): boolean;
  begin(): void;
  succeed(slotMs: number, stored: Stored): void;
  fail(refusal: Refusal): void;
}

export function createLaneState(options: LaneStateOptions): LaneState {
  const { exchange, clock, log, pauses, onState } = options;
  const { id } = exchange.adapter;
  const state: ExchangeState = {
    exchange: id,
    state: 'starting',
    lastAttemptMs: null,
    lastSuccessMs: null,
    pausedUntilMs: null,
    latenessMs: null,
    rows: 0,
    dropped: {},
    streaming: false,
    consecutiveFailures: 0,
    lastError: null,
  };
  let lastReason: string | undefined;
  const pausedUntil = (): number => pauses.get(exchange.baseUrl) ?? 0;
  return {
    state,
    paused() {
      if (clock.nowMs() >= pausedUntil()) return false;
      Object.assign(state, { state: 'paused', pausedUntilMs: pausedUntil() });
      onState(state, false);
      return true;
    },
    begin() {
      state.lastAttemptMs = clock.nowMs();
      state.pausedUntilMs = null;
    },
    succeed(slotMs, { rows, dropped, streaming }) {
      const recovered = state.consecutiveFailures;
      const nowMs = clock.nowMs();
      Object.assign(state, {
        state: 'ok',
        lastSuccessMs: nowMs,
        pausedUntilMs: null,
        latenessMs: nowMs - slotMs,
        rows,
        dropped,
        streaming,
        consecutiveFailures: 0,
        lastError: null,
      } satisfies Partial<ExchangeState>);
      lastReason = undefined;
      if (recovered > 0) log.info({ exchange: id, after: recovered }, 'prices are back');
      onState(state, recovered > 0);
    },
    fail(refusal) {
      const news = lastReason !== refusal.reason;
      lastReason = refusal.reason;
      state.consecutiveFailures += 1;
      state.lastError = `${refusal.reason}: ${refusal.message}`;
      state.state = 'failing';
      if (refusal.pauseMs !== undefined) {
        const untilMs = Math.max(clock.nowMs() + refusal.pauseMs, pausedUntil());
        pauses.set(exchange.baseUrl, untilMs);
        Object.assign(state, { state: 'paused', pausedUntilMs: untilMs });
      }
      if (news || isPowerOfTwo(state.consecutiveFailures)) report(log, state, refusal);
      onState(state, news);
    },
  };
}

/** One line when the reason is new, then ever more rarely: a day of outage is a dozen lines. */
function report(log: Log, state: ExchangeState, refusal: Refusal): void {
  const ids = {
    exchange: state.exchange,
    reason: refusal.reason,
    error: refusal.message,
    failures: state.consecutiveFailures,
    ...(refusal.pauseMs !== undefined && { pauseMs: Math.round(refusal.pauseMs) }),
  };
  if (refusal.reason === 'internal') {
    const stack = refusal.cause instanceof Error ? refusal.cause.stack : undefined;
    log.error({ ...ids, stack }, 'a poll failed by a mistake of ours');
  } else {
    log.warn(ids, 'a poll was refused: nothing of it is written');
  }
}

/** Of counts from 1: which of them to tell, ever more rarely. */
export function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
