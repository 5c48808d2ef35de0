/** Backup and restore as docs/operations.md describes them: what was there is there again. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { NumberedExchanges } from '../fault/numbered-exchanges.ts';
import { eventually } from '../helpers/eventually.ts';
import { type Settings, startTidemark, type Tidemark } from '../helpers/process.ts';
import {
  type PostgresServer,
  postgresBinaries,
  startPostgres,
  whyNoPostgres,
} from '../helpers/registry.ts';

const PATHS = ['/monitors', '/feeds', '/rules'] as const;

async function make({ url }: Tidemark, name: string): Promise<void> {
  const bodies = [
    { url: `https://shop.example/${name}`, regexp: 'price: (?P<price>[0-9.]+)' },
    { url: `https://news.example/${name}` },
    { name, query: 'bitcoin OR $BTC' },
  ];
  for (const [index, path] of PATHS.entries()) {
    const body = bodies[index];
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await fetch(url + path, init);
    assert.equal(answer.status, 201, await answer.text());
  }
}

/** What a person gave, without what workers know of it since. */
async function kept({ url }: Tidemark): Promise<unknown> {
  const lists = PATHS.map(async (path) => {
    const { items } = (await (await fetch(url + path)).json()) as { items: Item[] };
    return items.map(({ id, url: place, name, query, regexp, createdAt }) => {
      return { id, place, name, query, regexp, createdAt };
    });
  });
  return Promise.all(lists);
}

type Item = Record<'id' | 'url' | 'name' | 'query' | 'regexp' | 'createdAt', unknown>;

describe('a copy of the data directory of a Tidemark that was stopped', () => {
  let dir: string;
  let exchanges: NumberedExchanges;
  const started: Tidemark[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-backup-'));
    exchanges = await NumberedExchanges.start();
  });

  after(async () => {
    await Promise.all(started.map(({ kill }) => kill('SIGKILL')));
    await exchanges?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const start = async (name: string, only: string): Promise<Tidemark> => {
    const settings = { ...exchanges.settings, PRICE_INTERVAL: '1s', DATA_DIR: join(dir, name) };
    const tidemark = await startTidemark({ settings, args: ['start', '--only', only] });
    started.push(tidemark);
    return tidemark;
  };
  const rows = async ({ url }: Tidemark): Promise<string> => {
    const headers = { accept: 'text/csv' };
    const answer = await fetch(`${url}/q00usd?duration=-1h`, { headers });
    return answer.status === 200 ? answer.text() : '';
  };

  it('has every price, and all that is watched', async () => {
    const first = await start('first', 'prices,api');
    await make(first, 'one');
    await eventually(async () => assert.ok((await rows(first)).split('\n').length > 10));
    const watched = await kept(first);
    assert.equal((await first.kill('SIGTERM')).code, 0);
    await cp(join(dir, 'first'), join(dir, 'backup'), { recursive: true });

    // As it is kept on: no more prices, what was sent of the spool included.
    const again = await start('first', 'api');
    const wanted = await rows(again);
    assert.ok(wanted.split('\n').length > 10);
    assert.equal((await again.kill('SIGTERM')).code, 0);

    // Lost, and restored under the same name.
    await rename(join(dir, 'first'), join(dir, 'lost'));
    await rename(join(dir, 'backup'), join(dir, 'first'));
    const restored = await start('first', 'api');
    assert.equal(await rows(restored), wanted);
    assert.deepEqual(await kept(restored), watched);
  });
});

describe('a dump of PostgreSQL', { skip: whyNoPostgres() ?? false }, () => {
  let dir: string;
  let server: PostgresServer;
  const started: Tidemark[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-dump-'));
    server = await startPostgres();
  });

  after(async () => {
    await Promise.all(started.map(({ kill }) => kill('SIGKILL')));
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const start = async (databaseUrl: string): Promise<Tidemark> => {
    const settings: Settings = { DATABASE_URL: databaseUrl, DATA_DIR: join(dir, 'data') };
    const tidemark = await startTidemark({ settings, args: ['start', '--only', 'api'] });
    started.push(tidemark);
    return tidemark;
  };
  const run = (program: string, ...args: string[]) =>
    promisify(execFile)(join(postgresBinaries()!, program), args);

  it('is taken while Tidemark runs, and brings back all that is watched', async () => {
    const url = await server.createDatabase();
    const first = await start(url);
    await make(first, 'one');
    const watched = await kept(first);
    const dump = join(dir, 'tidemark.dump');
    await run('pg_dump', '--format=custom', `--file=${dump}`, url);
    await first.kill('SIGTERM');

    const other = await server.createDatabase();
    await run('pg_restore', '--no-owner', '--exit-on-error', `--dbname=${other}`, dump);
    const restored = await start(other);
    assert.deepEqual(await kept(restored), watched);
    // Numbers go on where they were.
    await make(restored, 'two');
    const [monitors] = (await kept(restored)) as [{ id: number }[]];
    assert.deepEqual(monitors.map(({ id }) => id).toSorted(), [1, 2]);
  });
});
