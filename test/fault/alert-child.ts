/**
 * An evaluator of alerts, a dispatcher of messages, or both, until it is killed or told to end.
 * Says when it is up, and something at every step of its work.
 */
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog as log } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import type { Database } from '../../registry/database.ts';
import { DELIVERIES_CHANNEL } from '../../registry/deliveries.ts';
import { returnDeliveries } from '../../registry/delivery-upkeep.ts';
import { followChannel } from '../../registry/follow.ts';
import { openRegistry } from '../../registry/open.ts';
import { createAlertMetrics } from '../../tasks/alerts/metrics.ts';
import { startAlerts } from '../../tasks/alerts/service.ts';
import { createDeliveryMetrics } from '../../tasks/notify/delivery-metrics.ts';
import { startDispatcher } from '../../tasks/notify/dispatch.ts';
import { guardedHttp } from '../tasks/notify/sending.ts';
import { fastClock, type Pace } from './fast-clock.ts';

export interface AlertChildOptions {
  readonly role: 'evaluator' | 'dispatcher' | 'both';
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly store: {
    readonly url: string;
    readonly token: string;
    readonly org: string;
    readonly bucket: string;
  };
  readonly everyMs: number;
  /** Of the evaluator; messages are sent by the real clock. */
  readonly pace: Pace;
  /** Of the receiver. */
  readonly place: string;
  readonly leaseMs: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as AlertChildOptions;
const { role, databaseUrl, dataDir } = options;
let up = false;
const registry = told(await openRegistry({ databaseUrl, dataDir, log }));
const metrics = createMetrics();
const closes = [
  ...(role === 'dispatcher' ? [] : [startEvaluator()]),
  ...(role === 'evaluator' ? [] : [await startSending()]),
];
process.once('SIGTERM', async () => {
  for (const close of closes) await close();
  await registry.close();
  process.exit(0);
});
up = true;
say('up');

/** Not before it is up: whoever hears something may end it. */
function say(word: string): void {
  if (up) process.stdout.write(`${word}\n`);
}

/** Each transaction is a moment to be killed at: before it, within, and after. */
function told(database: Database): Database {
  return {
    kind: database.kind,
    where: database.where,
    query: (text, values) => database.query(text, values),
    listen: (channel, listener) => database.listen(channel, listener),
    close: () => database.close(),
    async transaction(work) {
      const result = await database.transaction(async (transaction) => {
        const value = await work(transaction);
        say('a transaction is to be kept');
        return value;
      });
      say('it is kept');
      return result;
    },
  };
}

function startEvaluator(): () => Promise<void> {
  const store = createInflux({ ...options.store, timeoutMs: 20_000, clock: systemClock });
  const collect: Influx['collect'] = async (...query) => {
    const rows = await store.collect(...query);
    say('the store has answered');
    return rows;
  };
  const service = startAlerts({
    ...{ influx: { bucket: store.bucket, collect }, registry, log, sources: [] },
    ...{ clock: fastClock(options.pace), metrics: createAlertMetrics(metrics) },
    ...{ everyMs: options.everyMs, publicUrl: 'http://127.0.0.1:8001', ttlMs: 86_400_000 },
  });
  return async () => {
    await service.close();
    await store.close();
  };
}

async function startSending(): Promise<() => Promise<void>> {
  const http = guardedHttp([options.place]);
  const clock = systemClock;
  await returnDeliveries(registry);
  const dispatcher = startDispatcher({
    ...{ database: registry, http, clock, log, random: Math.random },
    ...{ smtp: undefined, pagerdutyUrl: undefined, metrics: createDeliveryMetrics(metrics) },
    ...{ publicUrl: 'http://127.0.0.1:8001', worker: `${role} ${process.pid}` },
    limits: { leaseMs: options.leaseMs },
  });
  const following = followChannel({
    ...{ database: registry, channel: DELIVERIES_CHANNEL, clock, everyMs: 1_000 },
    round: () => dispatcher.wake(),
    failed: () => dispatcher.wake(),
  });
  return async () => {
    await following.close();
    await dispatcher.close();
    await http.close();
  };
}
