/**
 * One worker of articles, until it is killed or told to end; says when it is up. Arguments:
 * PostgreSQL, directory of the spool, InfluxDB, spacing and lease in milliseconds.
 */
import { systemClock as clock } from '../../core/clock.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { silentLog as log } from '../../core/log.ts';
import { createWriter } from '../../ingest/writer/writer.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { openWorker } from '../ingest/articles/worker-stage.ts';

const [databaseUrl = '', dir = '', influxUrl = '', spacing, lease] = process.argv.slice(2);
const account = { url: influxUrl, token: 't', org: 'o', bucket: 'b' };
const influx = createInflux({ ...account, timeoutMs: 10_000, clock });
const sink = await createWriter({ dir, target: influx, clock, random: Math.random, log });
const database = await openPostgres({ url: databaseUrl, log });
const { close } = openWorker({
  ...{ database, sink, id: `child ${process.pid}` },
  limits: { spacingMs: Number(spacing), leaseMs: Number(lease), concurrency: 16 },
});
process.once('SIGTERM', async () => {
  await close();
  await sink.close();
  await database.close();
  process.exit(0);
});
process.stdout.write('up\n');
