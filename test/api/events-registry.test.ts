import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { tellEvents } from '../../registry/events.ts';
import { startApi } from '../helpers/api.ts';
import { eventLogOf, hubOver, readStream } from '../helpers/events.ts';
import { eventually } from '../helpers/eventually.ts';
import { forEachDatabase, startPostgres, whyNoPostgres } from '../helpers/registry.ts';

const WRITERS = 3;
const EVENTS_EACH = 150;
const TOTAL = WRITERS * EVENTS_EACH;

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);

forEachDatabase((fixture) => {
  describe('events over the registry', () => {
    async function stage(limits = {}) {
      const database = await fixture.fresh();
      const hub = hubOver(eventLogOf(database), limits);
      const api = await startApi({ hub });
      const close = async () => {
        await hub.close();
        await api.close();
      };
      return { database, hub, url: `${api.url}/events`, close };
    }

    async function write(database: Database, transactions: number): Promise<void> {
      for (let n = 0; n < transactions; n += 1) {
        await database.transaction(async (transaction) => {
          await tellEvents(transaction, n % 2 === 0 ? 'scan' : 'article', [{ n }]);
        });
      }
    }

    it('come once each and in order, over reconnects, while several tell them', async () => {
      const { database, url, close } = await stage();
      const pools = await Promise.all(
        Array.from({ length: WRITERS }, () => fixture.another(database)),
      );
      const steady = await readStream(`${url}?after=0`);
      const scans = await readStream(`${url}?after=0&kinds=scan`);
      const writing = Promise.all(pools.map((pool) => write(pool, EVENTS_EACH)));
      const seen: number[] = [];
      let lastId = '0';
      // Comes and goes, each time from the last number that it has seen.
      for (let visit = 0; seen.length < TOTAL; visit += 1) {
        const reader = await readStream(url, { headers: { 'last-event-id': lastId } });
        await eventually(() => {
          assert.ok(reader.ids.length >= Math.min(visit % 40, TOTAL - seen.length));
        });
        reader.close();
        seen.push(...reader.ids);
        lastId = String(seen.at(-1) ?? 0);
      }
      await writing;
      assert.deepEqual(seen, numbers(1, TOTAL));
      await eventually(() => assert.deepEqual(steady.ids, numbers(1, TOTAL)));
      await eventually(() => assert.equal(scans.ids.length, TOTAL / 2));
      assert.ok(scans.blocks.every(({ event }) => event === undefined || event === 'scan'));
      await close();
      await eventually(() => assert.equal(steady.ended, 'end'));
    });

    it('come to those who connect in the middle of it, from then on and without a hole', async () => {
      const { database, url, close } = await stage();
      const pool = await fixture.another(database);
      const writing = write(pool, EVENTS_EACH);
      const readers = [];
      for (let n = 0; n < 10; n += 1) readers.push(await readStream(url));
      await writing;
      for (const reader of readers) {
        const first = Number(reader.blocks[0]?.id);
        await eventually(() => assert.deepEqual(reader.ids, numbers(first + 1, EVENTS_EACH)));
      }
      await close();
    });
  });
});

describe('events of another process', { skip: whyNoPostgres() ?? false }, () => {
  const closers: (() => Promise<void>)[] = [];
  after(async () => {
    for (const close of closers.toReversed()) await close();
  });

  it('come over PostgreSQL as they happen', async () => {
    const server = await startPostgres();
    closers.push(() => server.stop());
    const url = await server.createDatabase();
    const { openPostgres } = await import('../../registry/postgres.ts');
    const { migrate } = await import('../../registry/migrate.ts');
    const { silentLog } = await import('../../core/log.ts');
    const database = await openPostgres({ url, log: silentLog });
    closers.push(() => database.close());
    await migrate(database);
    const hub = hubOver(eventLogOf(database));
    const api = await startApi({ hub });
    closers.push(async () => {
      await hub.close();
      await api.close();
    });
    const reader = await readStream(`${api.url}/events`);
    const child = fork(new URL('../helpers/event-teller.js', import.meta.url), [url, '700']);
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    await eventually(() => assert.deepEqual(reader.ids, numbers(1, 700)));
    reader.close();
  });
});
