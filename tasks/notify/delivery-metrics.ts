import type { Metrics } from '../../core/metrics.ts';
import type { ChannelKind } from '../../registry/channel-address.ts';
import type { DeliveryResult } from '../../registry/delivery-results.ts';

/** What dispatchers count. */
export interface DeliveryMetrics {
  /** An attempt ended; `lost`: so late that it was somebody else's by then. */
  attempted(kind: ChannelKind, result: DeliveryResult['end'] | 'lost', seconds: number): void;
  /** From the point that an alert is about to its delivery. */
  delivered(kind: ChannelKind, seconds: number): void;
  /** The same of the canary, whose rule fires at every step. */
  canary(seconds: number): void;
  /** Messages that went to a fallback as well. */
  moved(messages: number): void;
}

/** Read when metrics are. */
export interface DeliveryLevels {
  readonly running: number;
  /** Since the registry last answered; undefined: it never did. */
  readonly sinceAnswerMs: number | undefined;
}

const ATTEMPT_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30];
const FIRED_SECONDS = [1, 5, 15, 30, 60, 75, 90, 120, 300, 1_800, 7_200, 86_400];

export function createDeliveryMetrics(metrics: Metrics): DeliveryMetrics {
  const attempts = metrics.count({
    name: 'delivery_attempts_total',
    help: 'Attempts to deliver alerts by kind of channel and how they ended',
    labels: ['kind', 'result'],
  });
  const took = metrics.spread({
    name: 'delivery_attempt_seconds',
    help: 'From the begin of an attempt to its end',
    labels: ['kind'],
    buckets: ATTEMPT_SECONDS,
  });
  const since = metrics.spread({
    name: 'alert_delivery_seconds',
    help: 'From the point that an alert is about to its delivery',
    labels: ['kind'],
    buckets: FIRED_SECONDS,
  });
  const canary = metrics.spread({
    name: 'alert_canary_seconds',
    help: 'From the points of the canary to their delivery',
    buckets: FIRED_SECONDS,
  });
  const moved = metrics.count({
    name: 'deliveries_moved_total',
    help: 'Messages that went to a fallback as well',
  });
  return {
    attempted(kind, result, seconds) {
      attempts.add({ kind, result });
      took.observe(seconds, { kind });
    },
    delivered: (kind, seconds) => since.observe(seconds, { kind }),
    canary: (seconds) => canary.observe(seconds),
    moved: (messages) => moved.add({}, messages),
  };
}

/** Levels of a dispatcher, and the messages of the whole registry by state. */
export function showDeliveries(
  metrics: Metrics,
  levels: () => DeliveryLevels,
  counts: () => Promise<Readonly<Record<string, number>>>,
): void {
  const running = metrics.level({
    name: 'deliveries_in_flight',
    help: 'Messages under way, until they are saved',
  });
  const age = metrics.level({
    name: 'deliveries_registry_seconds',
    help: 'Since the registry last answered',
  });
  const queue = metrics.level({
    name: 'deliveries',
    help: 'Messages of the registry that are not delivered, by state',
    labels: ['state'],
  });
  metrics.onRead(async () => {
    const now = levels();
    running.set(now.running);
    if (now.sinceAnswerMs !== undefined) age.set(now.sinceAnswerMs / 1_000);
    // A reading of metrics must not fail because the registry is away: the probe says so.
    const found = (await counts().catch(() => undefined)) ?? {};
    for (const [state, many] of Object.entries(found)) queue.set(many, { state });
  });
}
