/** Channels, alerts and messages of the registry, for tests of what sends them. */
import type { AlertMessage, FiredData } from '../../core/alert-message.ts';
import { messageId, subjectOf } from '../../core/alert-message.ts';
import { type ChannelAddress, ensureChannel } from '../../registry/channels.ts';
import type { Database, Queries } from '../../registry/database.ts';
import { enqueueDeliveries, type NewDelivery } from '../../registry/deliveries.ts';

export const DAY_MS = 86_400_000;

/** Confirmed, with nothing on its way; its number. */
export async function activeChannel(database: Database, address: ChannelAddress): Promise<number> {
  const { channel } = await database.transaction((transaction) =>
    ensureChannel(transaction, address, { ttlMs: DAY_MS }),
  );
  await database.query("update channels set state = 'active', due_ms = null where id = $1", [
    channel.id,
  ]);
  await database.query('delete from deliveries where channel = $1', [channel.id]);
  return channel.id;
}

export async function anAlert(
  queries: Queries,
  { channel, fallback = null }: { readonly channel: number; readonly fallback?: number | null },
): Promise<number> {
  const rows = await queries.query(
    `insert into alerts (name, kind, channel, fallback, spec, window_ms)
     values ('spikes', 'ratio', $1, $2, '{}', 3600000) returning id`,
    [channel, fallback],
  );
  return Number(rows[0]?.id);
}

export const AT_MS = Date.UTC(2026, 0, 1, 12);

export function firedData(more: Partial<FiredData> = {}): FiredData {
  return {
    alert: { id: 1, name: 'spikes', kind: 'ratio' },
    series: {
      ...{ key: 'price:kraken:btcusd', exchange: 'kraken', pair: 'btcusd' },
      ...{ monitor: null, metric: 'price' },
    },
    ...{ value: 70_000, average: 20_000, factor: 3, limit: null, direction: 'above', samples: 60 },
    window: { start: '2026-01-01T11:00:00.000Z', end: '2026-01-01T12:00:00.000Z' },
    ...{ time: '2026-01-01T12:00:00.000Z', late: false, rank: { rank: 3, of: 120 } },
    links: { alert: 'http://127.0.0.1:8001/alerts/1', series: null },
    reason: 'price of btcusd on kraken is 70000, 3.5 times its mean of the hour before, 20000',
    recent: [['2026-01-01T12:00:00.000Z', 70_000]],
    flux: 'from(bucket: "tidemark")',
    ...more,
  };
}

export function firedMessage(more: Partial<FiredData> = {}): AlertMessage {
  const data = firedData(more);
  return { type: 'alert.fired', timestamp: data.time, data };
}

export function resolvedMessage(): AlertMessage {
  const { recent: _recent, flux: _flux, ...data } = firedData();
  const resolved = '2026-01-01T12:10:00.000Z';
  return {
    type: 'alert.resolved',
    timestamp: resolved,
    data: { ...data, resolved, merged: false },
  };
}

export function digestMessage(count: number, reason = 'it moved'): AlertMessage {
  const { recent: _recent, flux: _flux, ...one } = firedData({ reason });
  const firings = Array.from({ length: Math.min(20, count) }, () => one);
  const series = Array.from({ length: count }, (_, n) => `price:kraken:coin${n}usd`);
  const about = { count, rule: 'ratio-price-above-3-1h', window: one.window, time: one.time };
  const data = { ...about, late: false, firings, series, more: 0 };
  return { type: 'alert.digest', timestamp: one.time, data };
}

let made = 0;

/** A firing to a channel, unlike any other. */
export function newFiring(channel: number, more: Partial<NewDelivery> = {}): NewDelivery {
  made += 1;
  return {
    ...{ channel, alert: null, kind: 'fired', message: messageId('test', made) },
    ...{ subject: subjectOf(1, `series ${made}`), payload: firedMessage() },
    ...{ firedMs: null, ttlMs: DAY_MS },
    ...more,
  };
}

export function enqueue(
  database: Database,
  deliveries: readonly NewDelivery[],
): Promise<readonly number[]> {
  return database.transaction((transaction) => enqueueDeliveries(transaction, deliveries));
}
