import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { type ErrorCode, isCode } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { rowsOf } from '../../registry/database.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { forEachDatabase, startPostgres, whyNoPostgres } from '../helpers/registry.ts';

const fails = (work: Promise<unknown>, code: ErrorCode, wording: RegExp) =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(isCode(error, code), `wanted ${code}: ${error}`);
    assert.match(error.message, wording);
    return true;
  });

describe('database', () => {
  forEachDatabase(({ fresh, kind }) => {
    it('gives the same types', async () => {
      const database = await fresh();
      assert.equal(database.kind, kind);
      const [row] = await database.query(
        `select 9007199254740991::int8 as safe, 9007199254740993::int8 as big, 1::int4 as small,
           0.5::float8 as half, true as yes, 'ä' as text, null::text as none,
           '{"a":[1]}'::jsonb as json, to_timestamp(1.5) as time, array['x','y"'] as texts`,
      );
      assert.deepEqual(row, {
        safe: 9007199254740991,
        big: 9007199254740993n,
        small: 1,
        half: 0.5,
        yes: true,
        text: 'ä',
        none: null,
        json: { a: [1] },
        time: new Date(1500),
        texts: ['x', 'y"'],
      });
    });

    it('takes parameters of every type, hostile text too', async () => {
      const database = await fresh();
      const text = `'; drop table markets; -- \\ "{}" $1 \u{1F600}`;
      const [row] = await database.query(
        'select $1::text as t, $2::text[] as l, $3::int8 as n, $4::boolean as b, $5::float8 as f',
        [text, [text, 'a,b', 'NULL', ''], 9007199254740993n, false, null],
      );
      assert.deepEqual(row, {
        t: text,
        l: [text, 'a,b', 'NULL', ''],
        n: 9007199254740993n,
        b: false,
        f: null,
      });
    });

    it('rolls back what a failed transaction did, and goes on', async () => {
      const database = await fresh();
      await database.query('create table t (x int primary key)');
      const work = database.transaction(async (transaction) => {
        await transaction.query('insert into t values (1)');
        throw new Error('no');
      });
      await assert.rejects(work, /no/);
      await fails(
        database.transaction(async (transaction) => {
          await transaction.query('insert into t values (2)');
          await transaction.query('insert into t values (2)');
        }),
        'conflict',
        /same key/,
      );
      assert.deepEqual(await database.query('select * from t'), []);
    });

    it('ends a transaction whose connection breaks between statements, and goes on', async () => {
      if (kind === 'pglite') return;
      const database = await fresh();
      const work = database.transaction(async (transaction) => {
        const [row] = await transaction.query('select pg_backend_pid() as pid');
        await database.query('select pg_terminate_backend($1, 20000)', [Number(row?.pid)]);
        // The break is heard of before the next statement.
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        await transaction.query('select 1');
      });
      await fails(work, 'unavailable', /terminat/);
      assert.deepEqual(await database.query('select 1 as one'), [{ one: 1 }]);
    });

    it('runs transactions at the same time without mixing them', async () => {
      const database = await fresh();
      await database.query('create table n (x int)');
      await database.query('insert into n values (0)');
      const add = () =>
        database.transaction(async (transaction) => {
          const [row] = await transaction.query('select x from n for update');
          await transaction.query('update n set x = $1', [Number(row?.x) + 1]);
        });
      await Promise.all(Array.from({ length: 20 }, add));
      assert.deepEqual(await database.query('select x from n'), [{ x: 20 }]);
    });

    it('names the column of a row that is not as expected', async () => {
      const database = await fresh();
      const rows = await database.query("select 'a' as x");
      assert.throws(() => rowsOf(z.object({ x: z.number() }), rows), /column x: .*expected number/);
    });
  });
});

describe('PostgreSQL that cannot be used', { skip: whyNoPostgres() ?? false }, () => {
  const open = (url: string) => openPostgres({ url, log: silentLog, connectTimeoutMs: 500 });

  it('says what to fix when nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const url = `postgres://me:s3cret@127.0.0.1:${port}/x`;
    await fails(open(url), 'unavailable', /127.0.0.1:\d+\/x: the connection was refused: start it/);
    await assert.rejects(open(url), (error: Error) => !error.message.includes('s3cret'));
  });

  it('says so when the other side never answers', async (test) => {
    const server = createServer().listen(0, '127.0.0.1');
    test.after(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await fails(open(`postgres://me@127.0.0.1:${port}/x`), 'unavailable', /not answer in time/);
  });

  it('says so for an unknown host, a wrong URL, an unknown user or database', async (test) => {
    const server = await startPostgres();
    test.after(() => server.stop());
    const good = new URL(await server.createDatabase());
    await (await open(good.href)).close();
    const at = (change: (url: URL) => void) => {
      const url = new URL(good);
      change(url);
      return open(url.href);
    };
    const noDatabase = at((url) => {
      url.pathname = '/nope';
    });
    await fails(noDatabase, 'not-found', /database .*nope: the database does not exist: create it/);
    const noUser = at((url) => {
      url.username = 'nobody_here';
    });
    await fails(noUser, 'unauthorized', /correct DATABASE_URL/);
    await fails(open('postgres://h.invalid/x'), 'unavailable', /host/);
    await fails(open('not a url'), 'invalid', /expected postgres:/);
  });
});
