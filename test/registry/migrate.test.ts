import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import {
  type Migration,
  type MigrationStep,
  migrate,
  readMigrations,
} from '../../registry/migrate.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const one: Migration = {
  version: 1,
  name: '0001-a',
  sql: 'create table a (x int); insert into a values (1)',
};
const two: Migration = { version: 2, name: '0002-b', sql: 'alter table a add y int' };

describe('migrate', () => {
  forEachDatabase(({ fresh, another }) => {
    it('applies what is missing, in order, once', async () => {
      const database = await fresh({ migrated: false });
      assert.deepEqual((await migrate(database, [one])).applied, ['0001-a']);
      assert.deepEqual((await migrate(database, [one, two])).applied, ['0002-b']);
      assert.deepEqual(await migrate(database, [one, two]), { applied: [], version: 2 });
      assert.deepEqual(await database.query('select x, y from a'), [{ x: 1, y: null }]);
    });

    it('tells which it is at, of how many, and nothing where nothing is to be done', async () => {
      const database = await fresh({ migrated: false });
      const told: string[] = [];
      const tell = ({ done, of, name }: MigrationStep) => void told.push(`${done}/${of} ${name}`);
      await migrate(database, [one], tell);
      await migrate(database, [one, two], tell);
      await migrate(database, [one, two], tell);
      assert.deepEqual(told, ['0/1 0001-a', '0/1 0002-b']);
    });

    it('applies all or nothing', async () => {
      const database = await fresh({ migrated: false });
      const broken: Migration = {
        version: 2,
        name: '0002-b',
        sql: 'create table b (x int); select oops',
      };
      await assert.rejects(migrate(database, [one, broken]), /migration 0002-b: .*oops/);
      assert.deepEqual((await migrate(database, [one, two])).applied, ['0001-a', '0002-b']);
    });

    it('refuses an old migration that was changed, renamed or taken away', async () => {
      const database = await fresh({ migrated: false });
      await migrate(database, [one, two]);
      const changed = { ...one, sql: `${one.sql} ` };
      const refused = (list: Migration[], wording: RegExp) =>
        assert.rejects(migrate(database, list), (error: unknown) => {
          assert.ok(isCode(error, 'conflict'));
          assert.match(error.message, wording);
          return true;
        });
      await refused([changed, two], /migration 0001-a was changed after it was applied/);
      await refused([{ ...one, name: '0001-z' }, two], /0001-a was changed.*file now: 0001-z/);
      await refused([one], /is at 0002-b, newer than this program knows \(0001-a\)/);
    });

    it('does not mind other line ends', async () => {
      const database = await fresh({ migrated: false });
      await migrate(database, [{ ...one, sql: 'select 1;\nselect 2' }]);
      const again = await migrate(database, [{ ...one, sql: 'select 1;\r\nselect 2' }]);
      assert.deepEqual(again.applied, []);
    });

    it('is applied once by many at the same time', async () => {
      const database = await fresh({ migrated: false });
      const others = await Promise.all(Array.from({ length: 4 }, () => another(database)));
      const results = await Promise.all(others.map((other) => migrate(other, [one, two])));
      const applied = results.flatMap((result) => result.applied);
      assert.deepEqual(applied.sort(), ['0001-a', '0002-b']);
    });

    it('makes the tables of this program', async () => {
      const database = await fresh();
      assert.deepEqual((await migrate(database)).applied, []);
      assert.deepEqual(await database.query('select * from markets'), []);
    });
  });

  it('wants the files numbered without gaps', async (test) => {
    const dir = mkdtempSync(join(tmpdir(), 'tidemark-migrations-'));
    test.after(() => rm(dir, { recursive: true }));
    writeFileSync(join(dir, '0001-a.sql'), 'select 1');
    writeFileSync(join(dir, '0003-c.sql'), 'select 1');
    assert.throws(() => readMigrations(dir), /0003-c.sql: expected the name 0002-name.sql/);
  });
});
