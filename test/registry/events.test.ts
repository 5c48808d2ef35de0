import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import {
  EVENTS_CHANNEL,
  forgetEvents,
  listEvents,
  newestEvent,
  readEvents,
  tellEvents,
} from '../../registry/events.ts';
import { eventually } from '../helpers/eventually.ts';
import { forEachDatabase } from '../helpers/registry.ts';

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const told = (kind: string, ageText: string) =>
    database.query(
      `insert into events (kind, at, data) values ($1, now() - $2::interval, '{"n":1.5}')`,
      [kind, ageText],
    );
  const ids = async (asked: object = {}) => {
    const { events } = await readEvents(database, { after: 0, limit: 10, ...asked });
    return events.map(({ id }) => id);
  };

  describe('events', () => {
    it('are told in the order in which they are given, and everybody hears of each', async () => {
      const heard: string[] = [];
      const listening = await database.listen(EVENTS_CHANNEL, {
        heard: (payload) => void heard.push(payload),
        lost: () => assert.fail('the connection is there'),
      });
      await tellEvents(database, 'price', [{ n: 1 }, { n: 2, text: 'ä\u0000"' }]);
      await tellEvents(database, 'price', []);
      const all = await listEvents(database, { after: 0, limit: 10 });
      assert.deepEqual(
        all.map(({ id, data }) => [id, data.n]),
        [
          [1, 1],
          [2, 2],
        ],
      );
      await eventually(() => assert.deepEqual(heard, ['1', '2']));
      await listening.close();
    });

    it('are read between two numbers, of some kinds, as the list gives them', async () => {
      for (const kind of ['scan', 'price', 'scan', 'article']) await told(kind, '0');
      assert.deepEqual(await ids(), [1, 2, 3, 4]);
      assert.deepEqual(await ids({ after: 1, upTo: 3 }), [2, 3]);
      assert.deepEqual(await ids({ kinds: ['scan', 'article'], limit: 2 }), [1, 3]);
      const { events, forgotten, oldest } = await readEvents(database, { after: 0, limit: 10 });
      assert.deepEqual(events, await listEvents(database, { after: 0, limit: 10 }));
      assert.deepEqual({ forgotten, oldest }, { forgotten: 0, oldest: null });
    });

    it('of prices are kept for an hour, others for a week, and it is known what is gone', async () => {
      await told('scan', '8 days');
      await told('scan', '6 days');
      await told('price', '61 minutes');
      await told('price', '59 minutes');
      await forgetEvents(database);
      assert.deepEqual(await ids(), [2, 4]);
      const about = async (after: number, kinds?: string[]) => {
        const asked = { after, limit: 10, ...(kinds && { kinds }) };
        const { forgotten, oldest } = await readEvents(database, asked);
        return { forgotten, oldest };
      };
      assert.deepEqual(await about(0), { forgotten: 3, oldest: 2 });
      assert.deepEqual(await about(1, ['scan']), { forgotten: 1, oldest: null });
      assert.deepEqual(await about(0, ['scan']), { forgotten: 1, oldest: 2 });
      assert.deepEqual(await about(0, ['article']), { forgotten: 0, oldest: null });
      await forgetEvents(database);
      assert.deepEqual(await about(0), { forgotten: 3, oldest: 2 });
    });

    it('have a newest number, also when all of them are gone', async () => {
      assert.equal(await newestEvent(database), 0);
      await told('price', '2 hours');
      assert.equal(await newestEvent(database), 1);
      await forgetEvents(database);
      assert.deepEqual(await ids(), []);
      assert.equal(await newestEvent(database), 1);
    });
  });
});
