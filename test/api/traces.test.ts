/** Traces of the API, as a collector receives them. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import { openTrace } from '../../core/otel.ts';
import type { Trace } from '../../core/trace.ts';
import { startApi, type TestApi } from '../helpers/api.ts';
import { type CollectedSpan, type Collector, startCollector } from '../helpers/collector.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

/** Prices and a rank in one: both questions of a pair get it. */
const CSV =
  '#datatype,string,long,dateTime:RFC3339,double,string,long,long\r\n' +
  '#group,false,false,false,false,true,false,false\r\n#default,_result,,,,,,\r\n' +
  ',result,table,_time,_value,exchange,rank,of\r\n' +
  ',,0,2026-01-01T00:00:00Z,20966.789,kraken,2,7\r\n\r\n';
const ABOVE = '0af7651916cd43dd8448eb211c80319c';
const TOKEN = 'a-token-that-nobody-may-see';

let collector: Collector;
let upstream: Upstream;
let influx: Influx;
let trace: Trace;
let api: TestApi;

async function start(env: Record<string, string> = {}): Promise<void> {
  const settings = readConfig({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue%20one',
    OTEL_SERVICE_NAME: 'tidemark-test',
    ...env,
  });
  const tools = { version: '1.2.3', clock: systemClock, log: silentLog, metrics: createMetrics() };
  trace = await openTrace({ settings, ...tools });
  influx = createInflux({
    ...{ url: upstream.url, token: TOKEN, org: 'o', bucket: 'b', timeoutMs: 5_000 },
    ...{ clock: systemClock, watch: { trace } },
  });
  api = await startApi({ influx, trace });
}

beforeEach(async () => {
  [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
  const headers = { 'content-type': 'text/csv; charset=utf-8' };
  upstream.set('/api/v2/query?org=o', { headers, body: CSV });
});
afterEach(async () => {
  await api?.close();
  await influx?.close();
  await trace?.close();
  await Promise.all([collector.close(), upstream.close()]);
});

const attribute = ({ attributes }: CollectedSpan, name: string): unknown =>
  Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0];

async function get(path: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${api.url}${path}`, { headers });
  return answer.text();
}

/** The answer has ended here a moment before its span does there. */
async function flushed(spans: number): Promise<void> {
  await api.close();
  await trace.close();
  assert.equal(collector.spans.length, spans);
}

describe('a request to the API', () => {
  it('is one trace with its Flux query inside', async () => {
    await start();
    assert.match(await get('/btcusd?duration=-1h'), /20966\.789/);
    await flushed(3);
    assert.ok(collector.spans.every(({ traceId }) => traceId === collector.spans[0]?.traceId));
    const [request, query] = [
      await collector.span('GET prices'),
      await collector.span('influx query'),
    ];
    assert.equal(query.traceId, request.traceId);
    assert.equal(query.parentSpanId, request.spanId);
    assert.equal(request.parentSpanId, undefined);
    assert.equal(attribute(request, 'http.response.status_code'), 200);
    assert.equal(attribute(request, 'http.route'), 'prices');
    assert.equal(attribute(query, 'db.system.name'), 'influxdb');
    assert.ok(Number(attribute(query, 'tidemark.response.bytes')) > 0);
    assert.match(collector.text, /"tidemark-test"/);
    assert.equal(collector.headers[0]?.['x-team'], 'blue one');
  });

  it('goes on with the trace of who asked', async () => {
    await start();
    await get('/btcusd', { traceparent: `00-${ABOVE}-b7ad6b7169203331-01` });
    await flushed(3);
    const request = await collector.span('GET prices');
    assert.deepEqual([request.traceId, request.parentSpanId], [ABOVE, 'b7ad6b7169203331']);
  });

  it('begins a trace of its own where the header is nonsense', async () => {
    await start();
    for (const bad of [
      '',
      'x',
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `ff-${ABOVE}-b7ad6b7169203331-01`,
    ]) {
      await get('/btcusd', { traceparent: bad });
    }
    await flushed(12);
    assert.ok(collector.spans.every(({ traceId }) => traceId !== ABOVE && !/^0+$/.test(traceId)));
  });

  it('is not traced where who asked, or the sampler, says so', async () => {
    await start();
    await get('/btcusd', { traceparent: `00-${ABOVE}-b7ad6b7169203331-00` });
    await flushed(0);
    await start({ OTEL_TRACES_SAMPLER: 'always_off' });
    await get('/btcusd');
    await flushed(0);
    await start({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' });
    await get('/btcusd');
    await flushed(0);
  });

  it('says of a failure its code, and nothing that is secret', async () => {
    const body = { code: 'unauthorized', message: `token ${TOKEN} is not known` };
    upstream.set('/api/v2/query?org=o', { status: 401, body });
    await start();
    const headers = { authorization: 'Bearer a-key-of-somebody', cookie: 'session=hidden-one' };
    await get('/btcusd?key=a-key-in-the-query', headers);
    await get('/btcusd', headers);
    await api.close();
    await trace.close();
    const query = await collector.span('influx query');
    assert.equal(query.status?.code, 2);
    assert.equal(attribute(query, 'error.type'), 'unauthorized');
    for (const secret of [TOKEN, 'a-key', 'hidden-one', 'Bearer', '?']) {
      assert.ok(!collector.text.includes(secret), secret);
    }
  });
});
