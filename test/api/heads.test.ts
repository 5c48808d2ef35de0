import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { openApiDocument } from '../../scripts/client.ts';
import { channelOf, deliveryOf, fakeChannels, fakeDeliveries } from '../helpers/alert-desk.ts';
import {
  column,
  fakeInflux,
  open,
  priceBatch,
  raw,
  startApi,
  type TestApi,
} from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { FakeEvents, hubOver } from '../helpers/events.ts';
import { articleOf, fakeArticles, fakeJobs, jobOf } from '../helpers/feed-desk.ts';
import { FakeKeys } from '../helpers/keys.ts';
import { scanBatches } from '../helpers/scan-batches.ts';
import { send } from '../helpers/send.ts';

const PLACES = { id: '1', pair: 'btcusd', exchange: 'kraken' } as const;
const QUERIES: Readonly<Record<string, string>> = {
  confirmPage: '?token=1.x',
  leavePage: '?token=1.x',
};

/** What each answer has of its own, and how it is cut into pieces: a HEAD has no pieces. */
const OWN = [
  ...['date', 'x-request-id', 'connection', 'keep-alive', 'transfer-encoding'],
  ...['ratelimit-remaining', 'ratelimit-reset'],
];

const slots = {
  columns: ['_time', 'late_ms', 'took_ms', 'rows', 'ok'].map(column),
  rows: [['2022-10-11T03:36:00Z', '1.5', '412', '3', 'true']],
};

const { paths } = openApiDocument();
const asked = Object.entries(paths).map(([path, methods]) => {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: keyof typeof PLACES) => PLACES[name]);
  return { path, filled, methods };
});

describe('HEAD', () => {
  let api: TestApi;
  const hub = hubOver(new FakeEvents());
  before(async () => {
    const influx = fakeInflux(async function* ({ query }) {
      if (query in scanBatches) yield scanBatches[query as keyof typeof scanBatches];
      else if (query === 'slots') yield slots;
      else if (query !== 'rank') yield priceBatch([['kraken', '2022-10-11T03:35:02Z', '1.5']]);
    });
    const clock = new ManualClock(Date.parse('2022-10-11T04:00:00Z'));
    const [articles, jobs] = [fakeArticles(), fakeJobs()];
    articles.articles.push(articleOf(1));
    jobs.jobs.push(jobOf(1));
    const [channels, deliveries] = [fakeChannels(), fakeDeliveries()];
    channels.channels.push(channelOf(1, { kind: 'webhook', url: 'https://hook.example/a' }));
    deliveries.deliveries.push(deliveryOf(1));
    const keys = new FakeKeys(clock);
    keys.add({
      ...{ name: 'a', role: 'read', prefix: 'tdm_4fQ2kXb9', hash: '', rate: 5, by: 'ops' },
      ...{ note: null, expiresMs: null },
    });
    const runs = { timeMs: clock.nowMs(), byDeviation: () => [], byVolatility: async () => [] };
    api = await startApi({
      ...{ influx, clock, articles, jobs, channels, deliveries, keyDesk: keys.desk() },
      runs: { newest: async () => runs, at: async () => runs },
      hub,
    });
    for (const [route, body] of [
      ['POST /monitors', { url: 'https://shop.example/', regexp: '(?P<price>[0-9]+)' }],
      ['POST /feeds', { url: 'https://news.example/rss' }],
      ['POST /rules', { name: 'a', query: 'etf' }],
      ['POST /alerts', { webhook: 'https://hook.example/a' }],
      ['POST /silences', { exchanges: ['kraken'], until: '2h' }],
      ['POST /api/v1/metrics', { pair: 'btcusd', metric: 'price' }],
      ['POST /api/v1/backfills', { exchanges: ['kraken'], from: '2022-10-11T00:00:00Z' }],
    ] as const) {
      const { status } = await send(api.url, route, body);
      assert.ok(status < 300, `${route}: ${status}`);
    }
  });
  after(async () => {
    await api?.close();
    await hub.close();
  });

  const headOf = ({ statusCode, headers }: IncomingMessage, own: readonly string[]) => ({
    status: statusCode,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name))),
  });
  const both = async (path: string, headers: Readonly<Record<string, string>>) => {
    const got = await open(api.url + path, headers);
    // A stream would never end by itself.
    got.on('error', () => {});
    got.destroy();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const text = await raw(
      api.port,
      `HEAD ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines.join('')}\r\n`,
    );
    assert.ok(text.endsWith('\r\n\r\n') && text.indexOf('\r\n\r\n') === text.length - 4, text);
    const head = await open(api.url + path, headers, 'HEAD');
    head.resume();
    // What is measured is another text each time.
    const own = path === '/metrics' ? [...OWN, 'content-length', 'etag'] : OWN;
    return { got: headOf(got, own), head: headOf(head, own) };
  };

  const statuses: number[] = [];
  for (const { filled, methods } of asked) {
    if (methods.get === undefined) continue;
    const path = filled + (QUERIES[methods.get.operationId] ?? '');
    it(`is the head of GET, and nothing more: ${path}`, async () => {
      for (const headers of [{}, { 'accept-encoding': 'gzip' }, { accept: 'text/event-stream' }]) {
        const { got, head } = await both(path, headers);
        assert.deepEqual(head, got, JSON.stringify(headers));
        statuses.push(got.status ?? 0);
      }
    });
  }

  it('was asked of things that are there', () => {
    const good = statuses.filter((status) => status === 200).length;
    assert.ok(good >= 120, `${good} of ${statuses.length}`);
  });
});

describe('HEAD of what is streamed', { timeout: 30_000 }, () => {
  const streamed = [
    ...['/btcusd', '/btc/usd?exchange=kraken', '/api/v1/pairs/btcusd/prices?start=-1h'],
    ...['/api/v1/metrics/1/records'],
    ...['/api/v1/exchanges/kraken/slots', '/monitors/1/scans'],
  ];
  for (const path of streamed) {
    it(`ends its query with the first rows: ${path}`, async () => {
      let [begun, ended] = [0, 0];
      const influx = fakeInflux(async function* ({ query }, signal) {
        if (query === 'rank') return;
        begun += 1;
        if (query === 'slots') yield slots;
        else if (query === 'results') yield scanBatches.results;
        else yield priceBatch([['kraken', '2022-10-11T03:35:02Z', '1.5']]);
        // Whoever reads on waits here until nobody does.
        if (!signal.aborted) await once(signal, 'abort');
        ended += 1;
      });
      const clock = new ManualClock(Date.parse('2022-10-11T04:00:00Z'));
      const api = await startApi({ influx, clock });
      try {
        await send(api.url, 'POST /monitors', { url: 'https://shop.example/' });
        await send(api.url, 'POST /api/v1/metrics', { pair: 'btcusd', metric: 'price' });
        const { status, headers } = await fetch(api.url + path, { method: 'HEAD' });
        assert.deepEqual([status, headers.get('content-encoding')], [200, 'gzip']);
        assert.deepEqual([begun, ended], [1, 0], 'it was not read on');
      } finally {
        await api.close();
      }
    });
  }

  it('leaves no stream of events open', async () => {
    const hub = hubOver(new FakeEvents(), { clientsMax: 1 });
    const api = await startApi({ hub });
    try {
      for (const path of ['/events', '/api/v1/events', '/events?kinds=price']) {
        const headers = { accept: 'text/event-stream' };
        const { status } = await fetch(api.url + path, { method: 'HEAD', headers });
        assert.equal(status, 200, path);
      }
      const stream = await open(`${api.url}/events`);
      const { status } = await fetch(`${api.url}/events`, { method: 'HEAD' });
      assert.equal(status, 503, 'the only place is taken, as GET would say');
      stream.destroy();
    } finally {
      await hub.close();
      await api.close();
    }
  });
});
