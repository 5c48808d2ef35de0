/** Claims and results of messages on a database, as two workers would make them. */
import type { ChannelKind } from '../../registry/channel-address.ts';
import type { Database } from '../../registry/database.ts';
import { listDeliveries } from '../../registry/deliveries.ts';
import {
  type ChannelPace,
  type Claimed,
  claimDeliveries,
  type DeliveryClaim,
} from '../../registry/delivery-claims.ts';
import {
  type DeliveryResult,
  type Settled,
  settleDelivery,
} from '../../registry/delivery-results.ts';
import { DAY_MS } from '../helpers/deliveries.ts';

const one = { id: 'one', leaseMs: 60_000 };
export const two = { id: 'two', leaseMs: 60_000 };
const pace: ChannelPace = { concurrency: 4, spacingMs: 0 };
const paces: Record<ChannelKind, ChannelPace> = {
  ...{ webhook: pace, slack: { concurrency: 1, spacingMs: 1_000 }, pagerduty: pace },
  ...{ email: pace, canary: pace },
};
const options = { disableAfterMs: 5 * DAY_MS, ttlMs: DAY_MS };

export const result = (more: Partial<DeliveryResult>): DeliveryResult => ({
  ...{ tookMs: 5, status: 200, answer: 'ok', end: 'delivered', reason: null },
  ...{ againMs: 0, openMs: 0, disable: false },
  ...more,
});
export const failed = (more: Partial<DeliveryResult> = {}) =>
  result({ end: 'failed', status: 503, reason: 'HTTP 503', ...more });

export class DeliveryStage {
  readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  claim(limit = 100, worker = one): Promise<Claimed> {
    return claimDeliveries(this.database, worker, { limit, paces });
  }

  settle(claim: DeliveryClaim, how: DeliveryResult, worker = one): Promise<Settled> {
    return settleDelivery(this.database, worker, { claim, result: how }, options);
  }

  async states(): Promise<string[]> {
    return (await listDeliveries(this.database, { limit: 100 })).map(({ state }) => state);
  }

  /** Everything that is put off is due. */
  async passTime(): Promise<void> {
    const { database } = this;
    await database.query("update deliveries set due_ms = 0 where state in ('failed', 'leased')");
    await database.query('update channels set open_ms = 0, due_ms = 0 where due_ms is not null');
  }
}
