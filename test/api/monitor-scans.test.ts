import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { scansAnswer, scanTraceAnswer, summaryAnswer } from '../../api/monitors/scan-schemas.ts';
import { fixedMs } from '../../core/duration.ts';
import type { RowBatch } from '../../core/influx/tables.ts';
import {
  type Asked,
  column,
  errorOf,
  fakeInflux,
  gate,
  open,
  startApi,
  type TestApi,
} from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { fakeMonitors } from '../helpers/monitor-desk.ts';

const NOW_MS = Date.UTC(2022, 9, 12, 0, 0, 30);
const iso = (ms: number) => new Date(ms).toISOString();

/** Sparse, as a pivot leaves it: fields in any order, a part of them. */
const scanBatch: RowBatch = {
  columns: ['_time', 'value_price', 'total_ms', 'ok', 'reason', 'hops', 'status'].map(column),
  rows: [
    ['2022-10-11T23:58:17.345Z', '42.5', '12.25', 'true', 'ok', '0', '200'],
    ['2022-10-11T23:59:17.345Z', '', '10000', 'false', 'timeout-connect', '0', ''],
    ['2022-10-12T00:00:00Z', '', '1', 'false', 'odd, "reason"', '1', '599'],
  ],
};

const reasons: [string, string, string][] = [
  ['2022-10-11T00:00:00Z', 'ok', '700'],
  ['2022-10-11T12:00:00Z', 'ok', '710'],
  ['2022-10-11T12:00:00Z', 'status', '5'],
  ['2022-10-11T12:00:00Z', 'throttled', '3'],
  ['2022-10-12T00:00:00Z', 'of a later version', '1'],
];
const latency = [
  ...[
    ['mean', '20.5'],
    ['p50', '19'],
    ['p90', '40'],
    ['p99', '80'],
    ['max', '99.5'],
  ],
  ...[
    ['dns_ms', '1'],
    ['connect_ms', '2'],
    ['late_ms', '3'],
  ],
];
const steps = [
  ['mean', '2022-10-11T12:00:00Z', '21'],
  ['max', '2022-10-11T12:00:00Z', '99.5'],
];

async function* answers({ query, parameters }: Asked): AsyncGenerator<RowBatch, void> {
  const batch = (labels: readonly string[], rows: readonly string[][]): RowBatch => ({
    columns: labels.map(column),
    rows,
  });
  if (query === 'results') {
    const [from, to] = [parameters.start ?? '', parameters.stop ?? ''].map((time) =>
      Date.parse(time),
    );
    const inside = ([time = '']: readonly string[]) =>
      Date.parse(time) >= from! && Date.parse(time) < to!;
    yield { ...scanBatch, rows: scanBatch.rows.filter(inside) };
    return;
  }
  if (query === 'reasons') yield batch(['_time', 'reason', '_value'], reasons);
  else if (query === 'latency') yield batch(['part', '_value'], latency);
  else yield batch(['part', '_time', '_value'], steps);
}

describe('what was found out about monitors', () => {
  let api: TestApi;
  const desk = fakeMonitors();
  const influx = fakeInflux(answers);

  before(async () => {
    api = await startApi({ monitors: desk, influx, clock: new ManualClock(NOW_MS) });
    for (const regexp of ['price: (?P<price>[0-9.]+)', undefined]) {
      const answer = await fetch(`${api.url}/monitors`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: 'https://example.com/', regexp }),
      });
      assert.equal(answer.status, 201);
    }
  });
  after(() => api?.close());

  const get = (path: string, headers = {}) => fetch(`${api.url}/monitors/1${path}`, { headers });

  it('is every scan by time, without the fields that it has not', async () => {
    const answer = await get('/scans?start=-10m');
    assert.equal(answer.headers.get('content-type'), 'application/json');
    const scans = scansAnswer.parse(await answer.json());
    assert.deepEqual(scans[0], {
      ...{ slot: '2022-10-11T23:58:17.345Z', ok: true, reason: 'ok', status: 200, hops: 0 },
      ...{ totalMs: 12.25, values: { price: 42.5 } },
    });
    assert.deepEqual(scans[1], {
      ...{ slot: '2022-10-11T23:59:17.345Z', ok: false, reason: 'timeout-connect', hops: 0 },
      totalMs: 10_000,
    });
    assert.equal(scans[2]?.slot, '2022-10-12T00:00:00.000Z');
    const { parameters } = influx.asked.at(-1)!;
    assert.deepEqual([parameters.monitor, parameters.stop], ['1', '2022-10-12T00:00:30Z']);
  });

  it('comes as NDJSON and CSV, with the groups of the pattern as columns', async () => {
    const lines = (await (await get('/scans?start=-10m&format=ndjson')).text()).split('\n');
    assert.equal(lines.length, 4);
    assert.equal(JSON.parse(lines[1]!).reason, 'timeout-connect');
    const csv = await get('/scans?start=-10m', { accept: 'text/csv' });
    assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
    assert.match(csv.headers.get('vary') ?? '', /Accept,/);
    const [head, first, , third] = (await csv.text()).split('\r\n');
    assert.match(head!, /^slot,ok,reason,status,.*,certDays,values\.price$/);
    assert.match(first!, /^2022-10-11T23:58:17\.345Z,true,ok,200,/);
    assert.match(first!, /,42\.5$/);
    assert.match(third!, /,"odd, ""reason""",599,/);
    const other = await (await fetch(`${api.url}/monitors/2/scans?start=-10m&format=csv`)).text();
    assert.match(other.split('\r\n')[0]!, /,certDays$/, 'no pattern, no groups');
    assert.equal((await get('/scans', { accept: 'image/png' })).status, 406);
  });

  it('comes in pages, each with where the next begins', async () => {
    const answer = await get('/scans?start=-10m&limit=2&format=ndjson');
    assert.equal(answer.headers.get('tidemark-next'), '2022-10-12T00:00:00Z');
    assert.match(answer.headers.get('link') ?? '', /cursor=2022-10-12T00%3A00%3A00Z>; rel="next"/);
    assert.equal((await answer.text()).trim().split('\n').length, 2);
    assert.equal((await get('/scans?start=-10m&limit=3')).headers.get('tidemark-next'), null);
  });

  it('is read in parts that are bounded, and not too many', async () => {
    const before = influx.asked.length;
    await (await get('/scans?start=-30d')).text();
    const parts = influx.asked.slice(before).map(({ parameters: { start, stop } }) => {
      return Date.parse(stop!) - Date.parse(start!);
    });
    assert.ok(parts.length <= 17, `${parts.length}`);
    assert.ok(Math.max(...parts) <= 7 * 86_400_000);
    assert.equal(
      parts.reduce((sum, ms) => sum + ms, 0),
      30 * 86_400_000,
    );
  });

  it('refuses ranges and sizes that are none', async () => {
    const wrong = ['start=yesterday', 'limit=0', 'limit=10001', 'format=xml', 'cursor=x', 'a=b'];
    wrong.push('start=-1h&stop=-2h');
    for (const query of wrong) assert.equal((await get(`/scans?${query}`)).status, 400, query);
  });

  it('is summed up: uptime of what is known, reasons, latency', async () => {
    const summary = summaryAnswer.strict().parse(await (await get('/summary')).json());
    assert.deepEqual(
      [summary.window, summary.start, summary.stop],
      ['24h', iso(NOW_MS - 86_400_000), iso(NOW_MS)],
    );
    assert.deepEqual(
      [summary.scans, summary.up, summary.down, summary.unknown],
      [1_419, 1_410, 5, 4],
    );
    assert.equal(summary.uptime, 1_410 / 1_415);
    assert.deepEqual(summary.reasons, {
      ...{ ok: 1_410, status: 5, throttled: 3, 'of a later version': 1 },
    });
    assert.deepEqual(summary.latencyMs, { mean: 20.5, p50: 19, p90: 40, p99: 80, max: 99.5 });
    assert.deepEqual(summary.phasesMs, {
      ...{ dns: 1, connect: 2, tls: null, firstByte: null, transfer: null },
    });
    assert.deepEqual([summary.lateMs, summary.buckets], [3, undefined]);
  });

  it('is summed up in buckets for a chart', async () => {
    const answer = await get('/summary?every=12h');
    const { buckets } = summaryAnswer.strict().parse(await answer.json());
    assert.deepEqual(buckets?.[1], {
      ...{ start: '2022-10-11T12:00:00.000Z', up: 710, down: 5, unknown: 3 },
      ...{ uptime: 710 / 715, meanMs: 21, maxMs: 99.5 },
    });
    assert.deepEqual(buckets?.[2], {
      ...{ start: '2022-10-12T00:00:00.000Z', up: 0, down: 0, unknown: 1 },
      ...{ uptime: null, meanMs: null, maxMs: null },
    });
    for (const window of ['1h', '7d', '30d']) {
      const asked = await get(`/summary?window=${window}&every=${window === '1h' ? '5m' : '1d'}`);
      const { start, stop } = summaryAnswer.parse(await asked.json());
      assert.equal(Date.parse(stop) - Date.parse(start), fixedMs(window));
    }
    const wrong = ['every=1s', 'every=25h', 'every=1500ms', 'every=x', 'every=1mo', 'window=2h'];
    for (const query of wrong) {
      assert.equal((await get(`/summary?${query}`)).status, 400, query);
    }
  });

  it('is found out at once, and everything told', async () => {
    const tls = {
      ...{ subject: 'CN=example.com', issuer: 'CN=R3', names: ['example.com'], hostMatches: true },
      ...{ notBeforeMs: 0, notAfterMs: NOW_MS, earliestExpiryMs: NOW_MS, daysLeft: -1.5 },
      ...{ fingerprint: 'AB', serial: '01', chainLength: 2, weakSignature: false },
    };
    desk.scan = async (monitor) => ({
      ...{ ok: false, reason: 'tls-expired', text: 'has expired', startedMs: NOW_MS, totalMs: 9.5 },
      phases: { dns: 1, connect: 2, tls: 3 },
      hops: [{ url: monitor.url, port: 443, address: '192.0.2.1', phases: { dns: 1 }, tls }],
      ...{ failedIn: 'tls', truncated: false },
    });
    const answer = await fetch(`${api.url}/monitors/1/scan`, { method: 'POST' });
    assert.equal(answer.status, 200);
    const trace = scanTraceAnswer.strict().parse(await answer.json());
    assert.deepEqual([trace.monitor, trace.means, trace.failedIn], [1, 'down', 'tls']);
    assert.deepEqual(trace.phases, { dns: 1, connect: 2, tls: 3 });
    assert.equal(trace.hops[0]?.tls?.notAfter, iso(NOW_MS));
    assert.equal(trace.started, iso(NOW_MS));
  });

  it('is found out for a few at once, and no more for one caller', async () => {
    const [begun, ended] = [gate(), gate()];
    const trace = desk.scan;
    let running = 0;
    desk.scan = async (monitor, signal) => {
      if (++running === 2) begun.open();
      await ended.opened;
      return fakeMonitors().scan(monitor, signal);
    };
    const scan = () => fetch(`${api.url}/api/v1/monitors/2/scan`, { method: 'POST' });
    const two = [scan(), scan()];
    await begun.opened;
    const refused = await scan();
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal((await errorOf(refused)).code, 'too-many-requests');
    ended.open();
    for (const answer of await Promise.all(two)) assert.equal(answer.status, 200);
    assert.equal((await scan()).status, 200, 'there is room again');
    desk.scan = trace;
  });

  it('is not gone on with when the caller has left', async () => {
    const [begun, left] = [gate(), gate()];
    desk.scan = (_, signal) =>
      new Promise((_resolve, reject) => {
        begun.open();
        signal.addEventListener('abort', () => {
          left.open();
          reject(signal.reason);
        });
      });
    const leaving = new AbortController();
    const answer = fetch(`${api.url}/monitors/1/scan`, { method: 'POST', signal: leaving.signal });
    await begun.opened;
    leaving.abort();
    await assert.rejects(answer);
    await left.opened;
  });

  it('answers HEAD without a body', async () => {
    const answer = await open(`${api.url}/monitors/1/scans`, {}, 'HEAD');
    assert.equal(answer.statusCode, 200);
    answer.destroy();
  });
});
