/**
 * The roles of docker-compose.yml without Docker: migrate, then prices, scans, articles, tasks,
 * alerts and api, each a process with a data directory of its own, over one InfluxDB and one
 * PostgreSQL.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { EXCHANGES, NumberedExchanges } from '../fault/numbered-exchanges.ts';
import { eventually } from '../helpers/eventually.ts';
import { type Influxd, influxdPath, startInfluxd } from '../helpers/influxd.ts';
import { type Exit, runToEnd, startTidemark, type Tidemark } from '../helpers/process.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const ROLES = ['prices', 'scans', 'articles', 'tasks', 'alerts', 'api'] as const;
const READER = 'a-secret-of-32-letters-or-more-00';
const WRITER = 'a-secret-of-32-letters-or-more-01';
const skip = influxdPath() === undefined ? 'no influxd: `make influxd` builds it' : whyNoPostgres();

describe('prices, scans, articles, tasks, alerts and api as processes of their own', {
  skip: skip ?? false,
}, () => {
  const processes = new Map<string, Tidemark>();
  let dir: string;
  let exchanges: NumberedExchanges;
  let page: Upstream;
  let influxd: Influxd;
  let postgres: PostgresServer;
  let migrated: Exit;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-roles-'));
    exchanges = await NumberedExchanges.start();
    page = await startUpstream();
    page.set('/status', { body: 'all well: 42' });
    [influxd, postgres] = await Promise.all([startInfluxd(), startPostgres()]);
    const settings = {
      ...exchanges.settings,
      PRICE_INTERVAL: '1s',
      INFLUX_URL: influxd.url,
      INFLUX_TOKEN: influxd.token,
      DATABASE_URL: await postgres.createDatabase(),
      API_KEYS: `reader:read:${READER},writer:write:${WRITER}`,
      ALLOW_PRIVATE_TARGETS: new URL(page.url).host,
    };
    const inDir = (name: string) => ({ ...settings, DATA_DIR: join(dir, name) });
    migrated = await runToEnd({ settings: inDir('migrate'), args: ['migrate'] });
    await Promise.all(
      ROLES.map(async (role) => {
        const args = ['start', '--only', role];
        processes.set(role, await startTidemark({ settings: inDir(role), args }));
      }),
    );
  });

  after(async () => {
    await Promise.all([...processes.values()].map(({ kill }) => kill('SIGKILL')));
    await exchanges?.close();
    await page?.close();
    await influxd?.stop();
    await postgres?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const get = (role: string, path: string) =>
    fetch(`${processes.get(role)!.url}${path}`, { headers: { authorization: `Bearer ${READER}` } });
  const json = async (path: string) => {
    const answer = await get('api', path);
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json() as Promise<Record<string, unknown>>;
  };

  it('migrates first, and says where', () => {
    assert.deepEqual([migrated.code, migrated.stderr], [0, '']);
    assert.match(migrated.stdout, /registry is up to date: .*tidemark_test_/);
  });

  for (const role of ROLES) {
    it(`${role} answers /healthz, /readyz and /metrics`, async () => {
      assert.equal((await get(role, '/healthz')).status, 200);
      await eventually(async () => {
        const ready = await get(role, '/readyz');
        assert.equal(ready.status, 200, await ready.text());
      });
      const metrics = await get(role, '/metrics');
      assert.equal(metrics.status, 200);
      assert.match(await metrics.text(), /^(tidemark_)?process_resident_memory_bytes/m);
    });
  }

  it('serves through one process what another has recorded', async () => {
    await eventually(async () => {
      const { prices } = await json('/q00usd?duration=-1h');
      const found = new Set((prices as { exchange: string }[]).map(({ exchange }) => exchange));
      assert.deepEqual([...found].sort(), [...EXCHANGES]);
    });
    const { items } = await json('/api/v1/exchanges');
    const states = (items as { exchange: string; state: string }[]).map(
      ({ exchange, state }) => `${exchange} ${state}`,
    );
    assert.deepEqual(
      states,
      EXCHANGES.map((exchange) => `${exchange} ok`),
    );
  });

  it('serves the rank that the tasks compute', async () => {
    const influx = createInflux({ ...influxd, timeoutMs: 20_000, clock: systemClock });
    try {
      const tasks = await eventually(async () => {
        const found = await influx.tasks.list();
        assert.ok(found.length >= 2, `${found.length} tasks`);
        return found;
      });
      // Not at the next full minute but now.
      for (const { id } of tasks) await influx.tasks.startRun(id);
    } finally {
      await influx.close();
    }
    await eventually(async () => {
      assert.match(`${(await json('/q00usd')).rank}`, /^\d+\/\d+$/);
      assert.match(`${(await json('/q00usd?exchange=kraken')).rank}`, /^\d+\/\d+$/);
    });
  });

  it('scans in one process what was asked of another, at once', async () => {
    const answer = await fetch(`${processes.get('api')!.url}/monitors`, {
      method: 'POST',
      headers: { authorization: `Bearer ${WRITER}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: `${page.url}/status`, regexp: 'well: (?P<n>\\d+)' }),
    });
    const { id, warnings } = (await answer.json()) as { id: number; warnings: unknown[] };
    assert.deepEqual([answer.status, warnings], [201, []]);
    await eventually(async () => {
      const { state, reason } = await json(`/monitors/${id}`);
      assert.deepEqual([state, reason], ['up', 'ok']);
    });
    await eventually(async () => {
      const scans = (await json(`/monitors/${id}/scans`)) as unknown as Record<string, unknown>[];
      assert.deepEqual(
        scans.map(({ ok, matched, status }) => [ok, matched, status]),
        [[true, true, 200]],
      );
    });
  });

  it('checks feeds in articles that are made in api', async () => {
    const rss = `<rss version="2.0"><channel><title>News</title><item><title>Bitcoin rose</title>
<guid>1</guid></item></channel></rss>`;
    page.set('/feed', { body: rss, headers: { 'content-type': 'application/rss+xml' } });
    const answer = await fetch(`${processes.get('api')!.url}/api/v1/feeds`, {
      method: 'POST',
      headers: { authorization: `Bearer ${WRITER}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: `${page.url}/feed` }),
    });
    const { id } = (await answer.json()) as { id: number };
    assert.equal(answer.status, 201);
    await eventually(async () => {
      const { state, reason, title } = await json(`/api/v1/feeds/${id}`);
      assert.deepEqual([state, reason, title], ['ok', 'ok', 'News']);
    });
  });

  it('serves prices from api alone', async () => {
    for (const role of ['prices', 'scans', 'articles', 'tasks', 'alerts']) {
      assert.equal((await get(role, '/q00usd')).status, 404, role);
    }
  });

  it('ends each with 0 when told to', async () => {
    const exits = [...processes.values()].map(({ kill }) => kill('SIGTERM'));
    for (const { code, stderr } of await Promise.all(exits))
      assert.deepEqual([code, stderr], [0, '']);
  });
});
