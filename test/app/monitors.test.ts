/** Monitors from the request to the tables and back, on each database, and scans at once. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { scanTraceAnswer } from '../../api/monitors/scan-schemas.ts';
import { monitorChanged, monitorDetail, monitorsAnswer } from '../../api/monitors/schemas.ts';
import { openMonitorDesk } from '../../app/monitors.ts';
import { createParts } from '../../app/parts.ts';
import { systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { claimScans, type SavedScan, saveScans } from '../../registry/scans.ts';
import { startApi, type TestApi } from '../helpers/api.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const WORKER = { id: 'w1', host: 'here', slots: 4, leaseMs: 10_000 };
const CLAIM = { aheadMs: 0, limit: 100 };

type Json = Readonly<Record<string, unknown>>;

/** Pages on loopback; every request that comes is counted. */
async function startSite(): Promise<{ server: Server; port: number; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    if (request.url === '/moved') response.writeHead(302, { Location: '/page' }).end();
    else if (request.url === '/hangs') return;
    else response.end(`price: 42.5 for ${request.headers.authorization ?? 'nobody'}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, paths };
}

forEachDatabase((fixture) => {
  let database: Database;
  let api: TestApi;
  let site: Awaited<ReturnType<typeof startSite>>;
  const parts = createParts(silentLog);
  const influxOptions = { url: 'http://127.0.0.1:1', token: 't', org: 'o', bucket: 'b' };
  const influx = createInflux({ ...influxOptions, timeoutMs: 1_000, clock: systemClock });

  before(async () => {
    site = await startSite();
    database = await fixture.fresh();
    const config = readConfig({ ALLOW_PRIVATE_TARGETS: `127.0.0.1:${site.port}` });
    const monitors = openMonitorDesk({
      ...{ config, clock: systemClock, influx, parts },
      registry: database,
    });
    api = await startApi({ monitors });
  });
  beforeEach(async () => {
    const tables = 'monitors, workers, scan_results, events';
    await database.query(`truncate ${tables} restart identity cascade`, []);
  });
  after(async () => {
    await api?.close();
    await parts.close();
    await influx.close();
    site?.server.closeAllConnections();
    site?.server.close();
  });

  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${api.url}/monitors${path}`, {
      method,
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    return { status: answer.status, json: (await answer.json()) as Json };
  };
  const add = async (body: object) => {
    const { status, json } = await call('POST', '', body);
    assert.ok(status === 200 || status === 201, JSON.stringify(json));
    return monitorChanged.strict().parse(json);
  };
  const claim = async () => (await claimScans(database, WORKER, CLAIM)).claims;
  const page = () => `http://127.0.0.1:${site.port}/page`;

  describe('monitors', () => {
    it('are due at once, and scanned as they were asked for', async () => {
      const given = {
        headers: { 'x-a': 'b' },
        expectStatus: '2xx',
        timeoutMs: 1_500,
        tags: { a: 'ü' },
      };
      const { id, warnings } = await add({
        url: 'http://u:p@example.com/a',
        regexp: '"ü\\d',
        ...given,
      });
      assert.match(warnings.join(), /no worker/);
      const [claimed] = await claim();
      assert.deepEqual([claimed?.monitor, claimed?.url], [id, 'http://example.com/a']);
      assert.deepEqual([claimed?.regexp, claimed?.host], ['"ü\\d', 'example.com']);
      const { headers, expectStatus, timeoutMs, authorization } = claimed!.settings;
      assert.deepEqual(
        { headers, expectStatus, timeoutMs, authorization },
        {
          ...{ headers: { 'x-a': 'b' }, expectStatus: [[200, 299]], timeoutMs: 1_500 },
          authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
        },
      );
    });

    it('asked for again and again keep no scan from its end', async () => {
      const body = {
        url: 'http://example.com/',
        interval: '30s',
        timeoutMs: 900,
        tags: { a: 'b' },
      };
      await add(body);
      const [claimed] = await claim();
      await add(body);
      assert.equal((await add(body)).warnings.length, 0);
      assert.deepEqual(await save([claimed!.monitor, claimed!.token]), [1]);
      await add({ ...body, timeoutMs: 901 });
      const [anew] = await claim();
      assert.equal(anew?.settings.timeoutMs, 901, 'what is changed is scanned at once');
      await add({ ...body, timeoutMs: 902 });
      assert.deepEqual(await save([anew!.monitor, anew!.token]), [], 'and its old scan is refused');
    });

    const save = async ([monitor, token]: readonly [number, number], more = {}) => {
      const scan: SavedScan = {
        ...{ monitor, token, slotMs: 0, fields: {}, state: 'down', stateSinceMs: 1_000 },
        ...{ successes: 0, failures: 2, reason: 'status', status: 503, totalMs: 12.5 },
        ...{ notBeforeMs: null, evidence: { hops: [], reason: 'status' }, event: null, ...more },
      };
      return [...(await saveScans(database, WORKER.id, [scan]))];
    };

    it('tell what the last scan found, and that nobody scans them any more', async () => {
      await add({ url: 'http://example.com/', interval: '30s' });
      const [claimed] = await claim();
      await save([claimed!.monitor, claimed!.token]);
      const get = async () =>
        monitorDetail.strict().parse((await call('GET', '/1?evidence=true')).json);
      const down = await get();
      assert.deepEqual(
        [down.state, down.reason, down.status, down.since, down.evidence?.reason],
        ['down', 'status', 503, '1970-01-01T00:00:01.000Z', 'status'],
      );
      const list = async (query: string) =>
        monitorsAnswer.parse((await call('GET', query)).json).items.length;
      assert.deepEqual([await list('?state=down'), await list('?state=unknown')], [1, 0]);
      await database.query('update monitor_schedule set due_ms = due_ms - 200000', []);
      const stale = await get();
      assert.deepEqual([stale.state, stale.reason], ['unknown', 'stale']);
      assert.deepEqual([await list('?state=down'), await list('?state=unknown')], [0, 1]);
    });

    it('lose what is set to null, and come back with what they had', async () => {
      const url = 'http://u:p@example.com/';
      const made = await add({ url, method: 'POST', body: 'x', name: 'one' });
      assert.deepEqual([made.credentials, made.requestBodyBytes], [true, 1]);
      const bare = await call('PATCH', '/1', { credentials: null, body: null, name: null });
      const { credentials, requestBodyBytes, name, method } = monitorChanged.parse(bare.json);
      assert.deepEqual([credentials, requestBodyBytes, name, method], [false, 0, null, 'POST']);
      assert.equal((await call('DELETE', '/1/')).status, 200);
      const back = await add({ url: 'http://example.com/' });
      assert.deepEqual([back.id, back.active, back.method], [1, true, 'POST']);
    });

    it('are found by every filter together', async () => {
      for (const n of [1, 2, 3]) {
        await add({
          url: `http://example.com/${n}`,
          name: `Shop ${n}%_`,
          tags: { 'a.b': `x:${n}` },
        });
      }
      await call('DELETE', '/3');
      const ids = async (query: string) =>
        monitorsAnswer.parse((await call('GET', query)).json).items.map(({ id }) => id);
      assert.deepEqual(await ids('?text=shop+2%25_'), [2]);
      assert.deepEqual(await ids('?tag=a.b:x:1'), [1]);
      assert.deepEqual(await ids('?active=false'), [3]);
      assert.deepEqual(await ids('?active=true&state=new&text=example&limit=1'), [1]);
    });
  });

  describe('scanning at once', () => {
    const scan = async (body: object) => {
      const { id } = await add(body);
      const { status, json } = await call('POST', `/${id}/scan`);
      assert.equal(status, 200);
      return scanTraceAnswer.strict().parse(json);
    };

    it('tells everything and records nothing', async () => {
      const url = page().replace('//', '//u:p@');
      const regexp = 'price: (?P<price>[0-9.]+)';
      const trace = await scan({ url: url.replace('page', 'moved'), regexp, keepAlive: true });
      assert.deepEqual([trace.ok, trace.reason, trace.means], [true, 'ok', 'up']);
      assert.deepEqual(
        trace.hops.map(({ status }) => status),
        [302, 200],
      );
      assert.deepEqual(trace.match?.values, { price: 42.5 });
      assert.match(trace.evidence ?? '', /^price: 42\.5 for Basic/);
      assert.ok(trace.phases.connect !== undefined && trace.phases.firstByte !== undefined);
      const results = await database.query('select * from scan_results', []);
      assert.equal(results.length, 0);
      const { items } = monitorsAnswer.parse((await call('GET', '')).json);
      assert.deepEqual(
        items.map(({ state }) => state),
        ['new'],
      );
    });

    it('ends by the deadline, and says in which phase', async () => {
      const trace = await scan({ url: page().replace('page', 'hangs'), timeoutMs: 60 });
      assert.deepEqual([trace.reason, trace.failedIn], ['timeout-first-byte', 'firstByte']);
    });

    it('reaches nothing private, whatever the monitor was when it was made', async () => {
      const { id } = await add({ url: page() });
      const seen = site.paths.length;
      await database.query('update monitors set url = replace(url, $1, $2)', [
        '127.0.0.1',
        '[::1]',
      ]);
      const { json } = await call('POST', `/${id}/scan`);
      assert.deepEqual([json.reason, json.means], ['blocked', 'unknown']);
      assert.equal(site.paths.length, seen);
    });

    it('of what no scan can be made of says so', async () => {
      const { id } = await add({ url: page(), regexp: 'a' });
      await database.query("update monitors set regexp = '(?=a)'", []);
      const { json } = await call('POST', `/${id}/scan`);
      assert.deepEqual([json.reason, json.ok], ['invalid', false]);
      assert.match(String(json.text), /look-around/);
    });
  });
});
