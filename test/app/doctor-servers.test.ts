import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkDatabase } from '../../app/doctor/database.ts';
import type { Finding, Patient } from '../../app/doctor/finding.ts';
import { checkInflux } from '../../app/doctor/influx.ts';
import { systemClock } from '../../core/clock.ts';
import { readSettings } from '../../core/config.ts';
import { silentLog } from '../../core/log.ts';
import { startEngine } from '../../embedded/engine.ts';
import type { DatabaseReport, Session } from '../../registry/inspect.ts';
import { inspectDatabase, poolerOf } from '../../registry/inspect.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { type Influxd, influxdPath, startInfluxd } from '../helpers/influxd.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';

const none = { api: undefined, engine: undefined };

function patientOf(settings: Record<string, string>): Patient {
  const { signal } = new AbortController();
  return { ...readSettings(settings), strangers: [], offline: true, clock: systemClock, signal };
}

const of = (findings: readonly Finding[], what: string): Finding[] =>
  findings.filter((one) => one.what === what);

const noInfluxd = influxdPath() === undefined ? 'no influxd here: `make influxd` builds it' : false;

describe('doctor: InfluxDB', { skip: noInfluxd }, () => {
  let influxd: Influxd;
  before(async () => {
    influxd = await startInfluxd();
  });
  after(() => influxd?.stop());

  const look = async (INFLUX_TOKEN: string, settings: Record<string, string> = {}) => {
    const patient = patientOf({ INFLUX_URL: influxd.url, INFLUX_TOKEN, ...settings });
    return (await checkInflux(patient, none)).findings;
  };

  /** A token that may do no more than that. */
  async function crippled(...rights: readonly (readonly [action: string, type: string])[]) {
    const { orgId: orgID } = influxd;
    const permissions = rights.map(([action, type]) => ({
      action,
      resource: type === 'orgs' ? { type, id: orgID } : { type, orgID },
    }));
    const answer = await fetch(`${influxd.url}/api/v2/authorizations`, {
      method: 'POST',
      headers: { authorization: `Token ${influxd.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ orgID, permissions, description: 'of a test' }),
    });
    return ((await answer.json()) as { token: string }).token;
  }

  it('is well with a token that may do all, and writes nothing', async () => {
    const findings = await look(influxd.token, { RETENTION: '30d' });
    assert.match(findings[0]!.found, /InfluxDB 2\.7/);
    assert.deepEqual(of(findings, 'token')[0]?.level, 'ok');
    // Made by its own set-up, for ever.
    assert.equal(of(findings, 'bucket')[0]?.level, 'warn');
    assert.match(of(findings, 'bucket')[0]!.found, /for ever/);
    const headers = { authorization: `Token ${influxd.token}` };
    const list = await fetch(`${influxd.url}/api/v2/buckets`, { headers });
    const { buckets } = (await list.json()) as { buckets: { name: string }[] };
    assert.deepEqual(buckets.map(({ name }) => name).sort(), ['_monitoring', '_tasks', 'tidemark']);
    const tasks = await (await fetch(`${influxd.url}/api/v2/tasks`, { headers })).json();
    assert.deepEqual((tasks as { tasks: unknown[] }).tasks, []);
  });

  it('names the rights that a token lacks', async () => {
    const reads = await crippled(['read', 'orgs'], ['read', 'buckets'], ['read', 'tasks']);
    const [token] = of(await look(reads), 'token');
    assert.equal(token?.level, 'fail');
    assert.match(token!.found, /write:buckets, write:tasks, write:buckets \(tidemark\)$/);
    assert.match(token!.fix!, /influx auth create/);
    const noTasks = await crippled(['read', 'orgs'], ['read', 'buckets'], ['write', 'buckets']);
    assert.match(of(await look(noTasks), 'token')[0]!.found, /: write:tasks$/);
    const noOrg = await crippled(['read', 'buckets'], ['write', 'buckets']);
    assert.match(of(await look(noOrg), 'token')[0]!.found, /read:orgs/);
  });

  it('tells a token that nobody knows, another organization and another address', async () => {
    assert.match(of(await look('nonsense'), 'token')[0]!.found, /does not know INFLUX_TOKEN/);
    const other = await look(influxd.token, { INFLUX_ORG: 'acme' });
    assert.match(of(other, 'token')[0]!.found, /no organization acme/);
    const away = await look(influxd.token, { INFLUX_URL: 'http://127.0.0.1:1' });
    assert.deepEqual(
      away.map(({ what }) => what),
      ['influxdb', 'tasks'],
    );
    assert.equal(away[0]!.level, 'fail');
    assert.match(away[0]!.found, /nothing answers/);
  });

  it('tells its clock', async () => {
    const patient = patientOf({ INFLUX_URL: influxd.url, INFLUX_TOKEN: influxd.token });
    const { aheadMs } = await checkInflux(patient, none);
    assert.ok(Math.abs(aheadMs!) < 5_000, String(aheadMs));
  });
});

describe('doctor: the embedded engine', () => {
  it('is looked at while it runs, by its own token, and another one is told', async () => {
    const DATA_DIR = await mkdtemp(join(tmpdir(), 'tidemark-doctor-'));
    const engine = await startEngine({
      ...{ dir: join(DATA_DIR, 'influx'), host: '127.0.0.1', port: 0, log: silentLog },
      ...{ org: 'tidemark', bucket: 'tidemark', retentionSeconds: 30 * 86_400 },
      memoryBytesMax: 64e6,
    });
    try {
      const running = { api: undefined, engine: engine.url };
      const { findings } = await checkInflux(patientOf({ DATA_DIR }), running);
      assert.deepEqual(
        findings.filter(({ level }) => level !== 'ok'),
        [],
      );
      assert.match(of(findings, 'bucket')[0]!.found, /for 30d/);
      const other = await checkInflux(patientOf({ DATA_DIR: join(DATA_DIR, 'other') }), running);
      assert.match(other.findings[0]!.found, /another DATA_DIR/);
    } finally {
      await engine.close();
      await rm(DATA_DIR, { recursive: true, force: true });
    }
  });
});

describe('doctor: PostgreSQL', { skip: whyNoPostgres() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.stop());

  const look = (DATABASE_URL: string) => checkDatabase(patientOf({ DATABASE_URL }), none);

  async function withDatabase(url: string, script: string): Promise<void> {
    const database = await openPostgres({ url, log: silentLog, connectionsMax: 1 });
    try {
      if (script === '') await migrate(database);
      else await database.transaction((transaction) => transaction.script(script));
    } finally {
      await database.close();
    }
  }

  it('tells migrations that are to be done, does none, and is well after them', async () => {
    const url = await server.createDatabase();
    const fresh = await look(url);
    assert.match(fresh[0]!.found, /^PostgreSQL \d+/);
    assert.match(fresh[1]!.found, /migrations are to be done, from 0001-markets/);
    assert.deepEqual(await look(url), fresh);
    await withDatabase(url, '');
    assert.deepEqual(
      (await look(url)).map(({ level }) => level),
      ['ok', 'ok'],
    );
  });

  it('tells rights that the role lacks', async () => {
    const url = await server.createDatabase();
    await withDatabase(url, '');
    const role = 'tidemark_reader';
    await withDatabase(
      url,
      `drop role if exists ${role}; create role ${role} login password 'x';
       grant select on all tables in schema public to ${role}`,
    );
    const reader = new URL(url);
    reader.username = role;
    reader.password = 'x';
    const [bad] = (await look(reader.href)).filter(({ level }) => level === 'fail');
    assert.match(bad!.found, /may not create in schema public, nor read and write /);
    await withDatabase(url, `drop owned by ${role}; drop role ${role}`);
  });

  it('tells a database that a newer Tidemark has used, and one that is not there', async () => {
    const url = await server.createDatabase();
    await withDatabase(url, '');
    const newer = `insert into schema_migrations values (9999, '9999-later', 'x')`;
    await withDatabase(url, newer);
    assert.match((await look(url))[1]!.found, /9999-later/);
    const gone = new URL(url);
    gone.pathname = '/not_there';
    const [found] = await look(gone.href);
    assert.equal(found!.level, 'fail');
    assert.match(found!.fix!, /createdb/);
  });

  it('tells what no worker takes up', async () => {
    const url = await server.createDatabase();
    await withDatabase(url, '');
    const report = await inspectDatabase(url);
    assert.deepEqual(report.stuck, []);
    assert.equal(report.pooler, 'none');
    const stuck = [{ what: 'scans that are due', count: 7 }];
    const given = async (): Promise<DatabaseReport> => ({ ...report, stuck });
    const [lease] = of(
      await checkDatabase(patientOf({ DATABASE_URL: url }), none, given),
      'leases',
    );
    assert.match(lease!.found, /7 scans that are due/);
    assert.match(lease!.fix!, /started Tidemark/);
  });
});

describe('doctor: a pooler', () => {
  /** Sessions that share servers: `lends` gives the server of a session's next statement. */
  const sessionOf = (processId: number, lends: (text: string) => number): Session => ({
    processId,
    query: async (text) => [{ pid: lends(text) }],
  });

  it('is told by its mode', async () => {
    const direct = [sessionOf(11, () => 11), sessionOf(12, () => 12)] as const;
    assert.equal(await poolerOf(...direct), 'none');
    const session = [sessionOf(91, () => 11), sessionOf(92, () => 12)] as const;
    assert.equal(await poolerOf(...session), 'session');
    let inTransaction = false;
    const first = sessionOf(91, () => (inTransaction ? 12 : 11));
    const second = sessionOf(92, (text) => {
      inTransaction = text !== 'rollback';
      return 11;
    });
    assert.equal(await poolerOf(first, second), 'transaction');
  });

  it('in transaction mode wants a way past it for notifications', async () => {
    const report: DatabaseReport = {
      ...{ version: '15.6', major: 15, pending: [], unknown: undefined, missing: [], stuck: [] },
      pooler: 'transaction',
    };
    const DATABASE_URL = 'postgres://u:p@pooler:6432/tidemark';
    const look = async (settings: Record<string, string>) => {
      const patient = patientOf({ DATABASE_URL, ...settings });
      return (await checkDatabase(patient, none, async () => report)).at(-1)!;
    };
    const lost = await look({});
    assert.equal(lost.level, 'warn');
    assert.match(lost.found, /transaction mode/);
    assert.match(lost.fix!, /DATABASE_LISTEN_URL/);
    const past = await look({ DATABASE_LISTEN_URL: 'postgres://u:p@server/tidemark' });
    assert.equal(past.level, 'ok');
  });

  it('and a server that is too old are told apart', async () => {
    const report: DatabaseReport = {
      ...{ version: '12.4', major: 12, pending: [], unknown: undefined, missing: [], stuck: [] },
      pooler: 'none',
    };
    const DATABASE_URL = 'postgres://u:p@old/tidemark';
    const found = await checkDatabase(patientOf({ DATABASE_URL }), none, async () => report);
    assert.match(found[0]!.fix!, /13 or newer/);
  });
});
