/**
 * A process that writes until it is killed: batches of points one after the other, each reported on
 * its own line of stdout once `accept` has resolved. Arguments: directory, target as JSON, number
 * of the first point.
 */
import { systemClock } from '../../core/clock.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { createWriter } from '../../ingest/writer/writer.ts';
import { pricePoints } from '../ingest/writer/support.ts';

const BATCH = 250;
const [dir = '', target = '{}', first = '0'] = process.argv.slice(2);
const influx = createInflux({ ...JSON.parse(target), timeoutMs: 10_000, clock: systemClock });
const writer = await createWriter({
  dir,
  target: influx,
  clock: systemClock,
  random: Math.random,
  log: silentLog,
  limits: { segmentBytesMax: 100_000, backoff: { baseMs: 5, maxMs: 50 } },
});
for (let next = Number(first); ; next += BATCH) {
  await writer.accept(pricePoints(BATCH, { first: next }));
  process.stdout.write(`${next + BATCH}\n`);
  // Lets the target keep up a little, so that kills also meet requests on their way.
  while (writer.stats().spoolBytes > 300_000) await systemClock.sleep(2);
}
