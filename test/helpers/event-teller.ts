/** A process of its own that tells events: the URL of its database, and how many. */
import { silentLog } from '../../core/log.ts';
import { tellEvents } from '../../registry/events.ts';
import { openPostgres } from '../../registry/postgres.ts';

const [url = '', count = '0'] = process.argv.slice(2);
const database = await openPostgres({ url, log: silentLog, connectionsMax: 2 });
for (let n = 0; n < Number(count); n += 1) await tellEvents(database, 'scan', [{ n }]);
await database.close();
