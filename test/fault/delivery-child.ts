/**
 * One dispatcher, until it is killed or told to end; says when it is up. Arguments: PostgreSQL, the
 * place of the receiver, the lease in milliseconds.
 */
import { systemClock as clock } from '../../core/clock.ts';
import { silentLog as log } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import { DELIVERIES_CHANNEL } from '../../registry/deliveries.ts';
import { followChannel } from '../../registry/follow.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { createDeliveryMetrics } from '../../tasks/notify/delivery-metrics.ts';
import { startDispatcher } from '../../tasks/notify/dispatch.ts';
import { guardedHttp } from '../tasks/notify/sending.ts';

const [databaseUrl = '', place = '', lease] = process.argv.slice(2);
const database = await openPostgres({ url: databaseUrl, log });
const http = guardedHttp([place]);
const dispatcher = startDispatcher({
  ...{ database, http, clock, log, random: Math.random, smtp: undefined, pagerdutyUrl: undefined },
  metrics: createDeliveryMetrics(createMetrics()),
  publicUrl: 'http://127.0.0.1:8001',
  worker: `child ${process.pid}`,
  limits: { leaseMs: Number(lease) },
});
const following = followChannel({
  ...{ database, channel: DELIVERIES_CHANNEL, clock, everyMs: 1_000 },
  round: () => dispatcher.wake(),
  failed: () => dispatcher.wake(),
});
process.once('SIGTERM', async () => {
  await following.close();
  await dispatcher.close();
  await http.close();
  await database.close();
  process.exit(0);
});
process.stdout.write('up\n');
