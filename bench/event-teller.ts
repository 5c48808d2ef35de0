/** Tells events at a pace: URL of the database, events a second, seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../core/log.ts';
import { tellEvents } from '../registry/events.ts';
import { openPostgres } from '../registry/postgres.ts';

const [url = '', rate = '0', seconds = '0'] = process.argv.slice(2);
process.once('disconnect', () => process.exit(1));
const EACH = 5;
const database = await openPostgres({ url, log: silentLog, connectionsMax: 2 });
const total = Number(rate) * Number(seconds);
const startMs = performance.now();
const about = {
  feed: 1,
  title: 'A title of some forty characters, as usual',
  url: 'https://a.test/1',
};
for (let told = 0; told < total; told += EACH) {
  const waitMs = startMs + (told * 1_000) / Number(rate) - performance.now();
  if (waitMs > 1) await sleep(waitMs);
  const news = Array.from({ length: EACH }, (_, n) => ({
    event: 'new',
    article: told + n,
    ...about,
  }));
  await tellEvents(database, 'article', news);
}
process.send?.({ tookMs: Math.round(performance.now() - startMs) });
await database.close();
process.exit(0);
