/** What `tidemark doctor` says of the Flux tasks, on both engines. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Finding, Patient } from '../../app/doctor/finding.ts';
import { checkInflux } from '../../app/doctor/influx.ts';
import { checkTasks } from '../../app/doctor/tasks.ts';
import { retentionsOf, wantedTasks } from '../../app/wanted-tasks.ts';
import { systemClock } from '../../core/clock.ts';
import { readConfig, readSettings } from '../../core/config.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { version } from '../../core/paths.ts';
import { savePriceDefaults } from '../../registry/exchange-choices.ts';
import { lockDirectory } from '../../registry/lock.ts';
import { openRegistry } from '../../registry/open.ts';
import { ensureBuckets } from '../../tasks/buckets.ts';
import { boundTasks, desiredTasks } from '../../tasks/desired.ts';
import { syncTasks } from '../../tasks/sync.ts';
import { call, type Engine, forEachEngine, startEmbedded } from '../helpers/engines.ts';
import { startPostgres, whyNoPostgres } from '../helpers/registry.ts';

const none = { api: undefined, engine: undefined };

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-doctor-tasks-'));
});
after(() => rm(dir, { recursive: true, force: true }));

function patientOf(settings: Record<string, string> = {}): Patient {
  const { signal } = new AbortController();
  const read = readSettings({ DATA_DIR: join(dir, 'absent'), ...settings });
  return { ...read, strangers: [], offline: true, clock: systemClock, signal };
}

function assertTold(findings: readonly Finding[], level: string, found: RegExp, fix = /^$/) {
  const [one, ...others] = findings;
  assert.deepEqual(others, []);
  assert.deepEqual([one?.what, one?.level], ['tasks', level], JSON.stringify(one));
  assert.match(one!.found, found);
  assert.match(one!.fix ?? '', fix);
}

/** As a start does it: with the buckets, for a run that comes while a test is on must not fail. */
async function sync({ url, token, org, bucket }: Engine): Promise<void> {
  const how = { timeoutMs: 20_000, clock: systemClock };
  const influx = createInflux({ url, token, org, bucket, ...how });
  try {
    const config = readConfig({});
    const wanted = await wantedTasks(config, undefined);
    await ensureBuckets(influx, boundTasks(wanted), retentionsOf(config));
    const desired = desiredTasks(wanted);
    await syncTasks({ tasks: influx.tasks, desired, bucket, log: silentLog });
  } finally {
    await influx.close();
  }
}

async function taskIds(engine: Engine): Promise<ReadonlyMap<string, string>> {
  const { json } = await call(engine, 'GET /api/v2/tasks?limit=100');
  const { tasks } = json as { tasks: readonly { id: string; name: string }[] };
  return new Map(tasks.map(({ id, name }) => [name, id]));
}

forEachEngine((name, start) => {
  describe(`doctor: the tasks, on ${name}`, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });
    after(() => engine?.stop());

    const look = (settings: Record<string, string> = {}, running: object = {}) =>
      checkTasks(patientOf(settings), engine, { ...none, ...running });

    it('are none before the first start, and those of this version after it', async () => {
      assertTold(await look(), 'ok', /^none yet: they are made at start$/);
      await sync(engine);
      assertTold(await look(), 'ok', new RegExp(`those of Tidemark ${version}$`));
    });

    it('are compared by the settings and by what the registry has chosen', async () => {
      const slow = await look({ PRICE_INTERVAL: '1h' });
      assertTold(slow, 'warn', /tasks differ.*no longer wanted.*script differs/, /tasks plan/);
      const away = { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/x' };
      assertTold(await look(away), 'warn', /not compared.*registry cannot be read/, /tasks plan/);
    });

    it('are left to the Tidemark that has the registry, when it is of this version', async () => {
      const DATA_DIR = join(dir, `held-${name}`);
      const registry = join(DATA_DIR, 'registry');
      await mkdir(join(registry, 'base'), { recursive: true });
      await writeFile(join(registry, 'PG_VERSION'), '17\n');
      const release = await lockDirectory(registry);
      try {
        const running = { api: 'http://127.0.0.1:1', version };
        assertTold(await look({ DATA_DIR }, running), 'ok', /that runs keeps them right$/);
        const older = await look({ DATA_DIR }, { ...running, version: '0.0.9' });
        assertTold(older, 'warn', /which is 0\.0\.9 and not/, /start it anew/);
      } finally {
        await release();
      }
    });

    it('that differ are counted by reason, with what mends them, and none is changed', async () => {
      const ids = await taskIds(engine);
      const idOf = (task: string) => ids.get(`tidemark: ${task}`)!;
      await call(engine, `DELETE /api/v2/tasks/${idOf('rollup-5m')}`);
      const flux =
        'option task = {name: "tidemark: rank-7d", every: 1m}\n' +
        'bucket = "tidemark"\nfrom(bucket: bucket) |> range(start: -1m) |> yield()';
      await call(engine, `PATCH /api/v2/tasks/${idOf('rank-7d')}`, { flux });
      const old = flux.replace('rank-7d', 'rank-of-old');
      await call(engine, 'POST /api/v2/tasks', { org: engine.org, flux: old });
      const differ = /^3 tasks differ from .*: 1 absent, 1 no longer wanted, 1 script differs$/;
      assertTold(await look(), 'warn', differ, /tasks sync mends them; a start does it$/);
      const running = { api: 'http://127.0.0.1:1' };
      assertTold(await look({}, running), 'warn', differ, /running one does it within ten minutes/);
      assert.equal((await taskIds(engine)).size, ids.size);
      await call(engine, `PATCH /api/v2/tasks/${idOf('rank-24h')}`, { status: 'inactive' });
      const [trouble, differing] = await look();
      assert.match(trouble!.found, /^tidemark: rank-24h: .*inactive/);
      assert.match(differing!.found, /^4 tasks differ.*1 inactive/);
    });

    it('are said not to be looked at when InfluxDB is away, or refuses', async () => {
      const nobody = { url: 'http://127.0.0.1:1', token: 'x' };
      const away = await checkTasks(patientOf(), nobody, none);
      assertTold(away, 'warn', /^not looked at: /, /then: tidemark tasks plan/);
      const INFLUX_URL = 'http://127.0.0.1:1';
      const { findings } = await checkInflux(patientOf({ INFLUX_URL, INFLUX_TOKEN: 'x' }), none);
      assert.deepEqual(findings[0]!.what, 'influxdb');
      assertTold(findings.slice(1), 'warn', /^not looked at: InfluxDB is away$/, /tasks plan/);
      const unknown = { INFLUX_URL: engine.url, INFLUX_TOKEN: 'nonsense' };
      const refused = await checkInflux(patientOf(unknown), none);
      assertTold(refused.findings.slice(2), 'warn', /^not looked at: the token/, /tasks plan/);
    });
  });
});

describe('doctor: the registry behind the tasks', () => {
  let engine: Engine;
  before(async () => {
    engine = await startEmbedded();
    await sync(engine);
  });
  after(() => engine?.stop());

  const hourly = { exchanges: ['kraken'], intervalMs: 3_600_000, mode: 'poll' as const };

  it('is read of a copy where it is embedded and nobody runs it, and stays as it is', async () => {
    const DATA_DIR = join(dir, 'lite');
    const options = { databaseUrl: undefined, dataDir: DATA_DIR, log: silentLog };
    const registry = await openRegistry(options);
    await savePriceDefaults(registry, hourly);
    await registry.close();
    const state = async () => {
      const names = (await readdir(DATA_DIR, { recursive: true })).sort();
      return Promise.all(
        names.map(async (one) => [one, (await stat(join(DATA_DIR, one))).mtimeMs]),
      );
    };
    const before = await state();
    const found = await checkTasks(patientOf({ DATA_DIR }), engine, none);
    assertTold(found, 'warn', /tasks differ.*no longer wanted/, /./);
    assert.deepEqual(await state(), before);
  });

  it('is read where it is PostgreSQL, which is not migrated by it', {
    skip: whyNoPostgres() ?? false,
  }, async () => {
    const server = await startPostgres();
    try {
      const DATABASE_URL = await server.createDatabase();
      const look = () => checkTasks(patientOf({ DATABASE_URL }), engine, none);
      assertTold(await look(), 'warn', /^not compared.*price_defaults/, /./);
      assertTold(await look(), 'warn', /^not compared.*price_defaults/, /./);
      const options = { databaseUrl: DATABASE_URL, dataDir: dir, log: silentLog };
      const registry = await openRegistry(options);
      assertTold(await look(), 'ok', /those of Tidemark/);
      await savePriceDefaults(registry, hourly);
      await registry.close();
      assertTold(await look(), 'warn', /tasks differ.*no longer wanted/, /./);
    } finally {
      await server.stop();
    }
  });
});
