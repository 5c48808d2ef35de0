import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { listEvents } from '../../registry/events.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const WRITERS = 4;
const EVENTS_EACH = 40;

/** Reads what is after the last that it has, as often as it is asked: what a live client gets. */
class Reader {
  readonly seen: number[] = [];
  #after = 0;

  async read(database: Database): Promise<void> {
    const events = await listEvents(database, { after: this.#after, limit: 1_000 });
    this.seen.push(...events.map(({ id }) => id));
    this.#after = events.at(-1)?.id ?? this.#after;
  }
}

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const insert = "insert into events (kind, data) values ('test', '{}')";

  describe('events', () => {
    it('are missed by nobody who reads on, however many tell at once', async () => {
      const pools = await Promise.all(
        Array.from({ length: WRITERS }, () => fixture.another(database)),
      );
      const reader = new Reader();
      let writing = true;
      const read = async () => {
        while (writing) await reader.read(database);
      };
      const write = async (pool: Database, n: number) => {
        for (let i = 0; i < EVENTS_EACH; i += 1) {
          await pool.transaction(async (transaction) => {
            await transaction.query(insert);
            // Some take longer to commit than others that began later.
            for (let w = 0; w < (i * 7 + n) % 5; w += 1) await transaction.query('select 1');
          });
        }
      };
      const reading = read();
      await Promise.all(pools.map(write));
      writing = false;
      await reading;
      await reader.read(database);
      assert.equal(reader.seen.length, WRITERS * EVENTS_EACH);
      assert.deepEqual(
        reader.seen,
        reader.seen.toSorted((a, b) => a - b),
      );
    });

    // PGlite has one connection: nothing overlaps there.
    if (fixture.kind !== 'pglite') {
      it('have no number below one that could be read before them', async () => {
        assert.deepEqual(await overlap(), [1, 2]);
      });

      it('would be missed if they were numbered as they are inserted', async () => {
        await database.query('alter table events disable trigger events_in_order');
        await database.query("alter table events alter id set default nextval('event_numbers')");
        assert.deepEqual(await overlap(), [2]);
      });
    }

    it('of a transaction that fails take a number that nobody waits for', async () => {
      await assert.rejects(
        database.transaction(async (transaction) => {
          await transaction.query(insert);
          throw new Error('no');
        }),
      );
      await database.query(insert);
      const reader = new Reader();
      await reader.read(database);
      assert.equal(reader.seen.length, 1);
    });
  });

  /**
   * One transaction has inserted an event and is held up before its commit, another inserts one
   * and commits as soon as it can. What a reader has seen of both in the end.
   */
  async function overlap(): Promise<readonly number[]> {
    const pool = await fixture.another(database);
    const reader = new Reader();
    const inserted = gate();
    const held = gate();
    const first = database.transaction(async (transaction) => {
      await transaction.query(insert);
      inserted.open();
      await held.opened;
    });
    await inserted.opened;
    let done = false;
    const second = pool.query(insert).then(() => {
      done = true;
    });
    // Either it is there, or it waits for the first one.
    while (!done && !(await somebodyWaits(pool))) await reader.read(pool);
    await reader.read(pool);
    held.open();
    await Promise.all([first, second]);
    await reader.read(pool);
    return reader.seen;
  }
});

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

async function somebodyWaits(database: Database): Promise<boolean> {
  const rows = await database.query(
    `select from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'`,
  );
  return rows.length > 0;
}
