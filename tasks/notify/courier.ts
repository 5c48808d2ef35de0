import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { noTrace, type Span, type Trace } from '../../core/trace.ts';
import type { DeliveryClaim } from '../../registry/delivery-claims.ts';
import type { DeliveryResult, Settled } from '../../registry/delivery-results.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { nextDelayMs } from './ladder.ts';
import { redacted } from './redact.ts';
import { type Senders, type Sent, sendBy } from './sender.ts';

export interface CourierOptions {
  readonly senders: Senders;
  readonly settle: (claim: DeliveryClaim, result: DeliveryResult) => Promise<Settled>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  readonly leaseMs: number;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  readonly trace?: Trace;
}

/** A claim, and when it was asked for: its lease began after that. */
export interface Errand {
  readonly claim: DeliveryClaim;
  /** By the database's clock, when it was claimed. */
  readonly nowMs: number;
  /** By this machine's monotonic clock. */
  readonly sinceMs: number;
}

/**
 * Of a lease: what begins later than this may outlast it, as senders give up after half a minute.
 */
const BEGIN_PART_MAX = 1 / 3;
const SETTLE_AGAIN_MS = 1_000;

/** Takes one message to its receiver, and says in the registry what came of it. Never throws. */
export function carry(errand: Errand, options: CourierOptions): Promise<void> {
  const { id, channelKind } = errand.claim;
  const about = { 'tidemark.delivery': id, 'tidemark.channel.kind': channelKind };
  return (options.trace ?? noTrace).span('delivery', about, (span) => take(errand, options, span));
}

async function take(errand: Errand, options: CourierOptions, span: Span): Promise<void> {
  const { claim, sinceMs } = errand;
  const { clock, metrics, log, random, leaseMs } = options;
  const { channelKind: kind } = claim;
  const startMs = clock.monotonicMs();
  // This process stood still: somebody else may have it by now.
  if (startMs - sinceMs > BEGIN_PART_MAX * leaseMs) return metrics.attempted(kind, 'lost', 0);
  const sent = await send(errand, options);
  const tookMs = clock.monotonicMs() - startMs;
  const again = { retryAfterMs: sent.retryAfterMs, random };
  const result: DeliveryResult = {
    ...{ tookMs, status: sent.status, end: sent.end, disable: sent.disable ?? false },
    answer: sent.answer === null ? null : redacted(sent.answer, claim.secret),
    reason: sent.reason === null ? null : redacted(sent.reason, claim.secret),
    againMs: nextDelayMs({ ...again, step: claim.step }),
    openMs: sent.end === 'stopped' ? 0 : nextDelayMs({ ...again, step: claim.failures }),
  };
  span.set({ 'tidemark.result': sent.end, 'http.response.status_code': sent.status ?? undefined });
  const settled = await settleInTime(errand, result, options);
  metrics.attempted(kind, settled.saved ? result.end : 'lost', tookMs / 1_000);
  if (settled.sinceFiredMs !== null) {
    const seconds = Math.max(0, settled.sinceFiredMs) / 1_000;
    if (kind === 'canary') metrics.canary(seconds);
    else metrics.delivered(kind, seconds);
  }
  if (!settled.saved || !(result.disable || result.end === 'dead')) return;
  const { channel, id: delivery } = claim;
  log.warn({ delivery, channel, kind, reason: result.reason }, 'a message was not taken');
}

type Ended = Omit<Sent, 'end'> & { readonly end: DeliveryResult['end'] };

async function send(errand: Errand, { senders, signal, log }: CourierOptions): Promise<Ended> {
  const { claim, nowMs } = errand;
  const { payload, secret } = claim;
  try {
    return await sendBy(senders, { claim, address: secret.address, payload, nowMs, signal });
  } catch (error) {
    const nothing = { status: null, answer: null } as const;
    if (signal.aborted || isCode(error, 'cancelled')) {
      return { ...nothing, end: 'stopped', reason: 'the dispatcher was stopped' };
    }
    const why = redacted(messageOf(error), secret);
    log.error({ delivery: claim.id, error: why }, 'a message could not be made');
    return { ...nothing, end: 'failed', reason: 'internal error' };
  }
}

/** As often as it takes, while the lease lasts: what was sent and is not said is sent again. */
async function settleInTime(
  { claim, sinceMs }: Errand,
  result: DeliveryResult,
  { settle, clock, leaseMs, log }: CourierOptions,
): Promise<Settled> {
  for (;;) {
    try {
      return await settle(claim, result);
    } catch (error) {
      if (clock.monotonicMs() - sinceMs + SETTLE_AGAIN_MS >= leaseMs) {
        const ids = { delivery: claim.id, error: messageOf(error) };
        log.warn(ids, 'what came of a message is not known to the registry: it is sent again');
        return { saved: false, sinceFiredMs: null };
      }
      await clock.sleep(SETTLE_AGAIN_MS);
    }
  }
}
