import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { projectRoot } from '../../core/paths.ts';
import { REASONS } from '../../ingest/articles/poll/reasons.ts';
import { outcomes } from '../../ingest/scans/outcome.ts';
import type { Catalog, ExchangeEntry } from '../../registry/catalog.ts';
import { nearNames } from '../../registry/near.ts';
import {
  alertEventOf,
  channelOf,
  deliveryOf,
  fakeAlerts,
  fakeChannels,
  fakeDeliveries,
  fakeSilences,
} from '../helpers/alert-desk.ts';
import {
  column,
  fakeInflux,
  priceBatch,
  rankBatch,
  startApi,
  type TestApi,
} from '../helpers/api.ts';
import { chosenCatalog, fakeChoices } from '../helpers/choices.ts';
import { ManualClock } from '../helpers/clock.ts';
import { articleOf, fakeArticles, fakeJobs, fakeRules, jobOf } from '../helpers/feed-desk.ts';
import { withScripts } from '../helpers/flux-script.ts';
import { FakeAudit, FakeKeys } from '../helpers/keys.ts';
import { fakeMonitors } from '../helpers/monitor-desk.ts';
import { scanBatches } from '../helpers/scan-batches.ts';

const text = readFileSync(join(projectRoot, 'docs', 'api.md'), 'utf8');
const EXAMPLE = /```sh\n(curl [^\n]+)\n```\n\n```(json|csv|xml)\n([\s\S]*?)```/g;
const ADDRESS = 'http://127.0.0.1:8001';

const rows = [
  ['bisq', '2022-10-11T03:35:02.358Z', '20966.789'],
  ['bisq', '2022-10-11T03:36:00Z', '20967.5'],
  ['kraken', '2022-10-11T03:36:00Z', '20970.01'],
] as const;

const means = [
  ['', '2022-01-20T16:33:00Z', '42284.6'],
  ['', '2022-01-20T16:34:00Z', '42290.25'],
] as const;

const slotBatch = {
  columns: ['_time', 'late_ms', 'took_ms', 'rows', 'ok'].map(column),
  rows: [['2022-10-11T03:36:00Z', '1.5', '412', '3', 'true']],
};

const runColumns = ['_time', '_field', '_value'].map(column);
const runsBatch = {
  columns: runColumns,
  rows: [
    ...[
      ['2022-10-11T03:35:00Z', 'rank', '4'],
      ['2022-10-11T03:30:00Z', 'rank', '5'],
    ],
    ...[
      ['2022-10-11T03:30:00Z', 'of', '9'],
      ['2022-10-11T03:35:00Z', 'of', '9'],
    ],
    ...[
      ['2022-10-11T03:30:00Z', 'stddev', '20.5'],
      ['2022-10-11T03:35:00Z', 'stddev', '21'],
    ],
  ],
};

/** What two pairs cost on one exchange, a day ago and now. */
const marketBatch = (stop: string) => ({
  columns: ['_value', 'exchange', 'pair'].map(column),
  rows: stop.startsWith('2022-10-10')
    ? [
        ['16000', 'kraken', 'btcusd'],
        ['2000', 'kraken', 'ethusd'],
      ]
    : [
        ['20000', 'kraken', 'btcusd'],
        ['1400', 'kraken', 'ethusd'],
      ],
});

const influx = fakeInflux(async function* ({ query, parameters: { exchange, stop = '' } }) {
  if (query === 'rank') yield exchange ? rankBatch('1', '3') : rankBatch('4', '9');
  else if (query === 'records') yield priceBatch(means);
  else if (query === 'slots') yield slotBatch;
  else if (query === 'rankRuns') yield runsBatch;
  else if (query === 'marketPrices') yield marketBatch(stop);
  else if (query in scanBatches) yield scanBatches[query as keyof typeof scanBatches];
  else yield priceBatch(rows.filter(([place]) => !exchange || place === exchange));
});

const pairs = ['btcusd', 'btcusdt', 'ethusd'].map((pair) => ({
  pair,
  base: pair.slice(0, 3),
  quote: pair.slice(3),
  exchanges: ['bisq', 'kraken'],
}));

const entry = (exchange: string): ExchangeEntry => ({
  exchange,
  enabled: true,
  intervalMs: 60_000,
  mode: 'poll',
  state: 'ok',
  lastSuccessMs: Date.parse('2022-10-11T03:36:00.412Z'),
  lastAttemptMs: Date.parse('2022-10-11T03:36:00.412Z'),
  pausedUntilMs: undefined,
  latenessMs: 412,
  rows: 3,
  dropped: { dead: 2 },
  consecutiveFailures: 0,
  streaming: false,
  error: undefined,
});

const catalog: Catalog = {
  exchangesOf: async (name) => pairs.find(({ pair }) => pair === name)?.exchanges ?? [],
  nearPairs: async (name) => nearNames(name, ['btcusd'], { limit: 5 }),
  pairs: async ({ q = '', limit }) => pairs.filter(({ pair }) => pair.includes(q)).slice(0, limit),
  listedExchanges: async () => ['bisq', 'kraken'],
  exchanges: async () => ['bisq', 'kraken'].map(entry),
};

const markets = ['btcusd', 'ethusd'].map((pair, index) => {
  const place = { exchange: 'kraken', pair, rank: index + 1, of: 2 };
  return { ...place, stddev: 21, mean: 21_000, volatility: 0.001 };
});
const ranked = {
  timeMs: Date.parse('2022-10-11T03:35:00Z'),
  byDeviation: () => markets,
  byVolatility: async () => markets,
};

const monitors = fakeMonitors();
monitors.happened.push({
  ...{ id: 7, kind: 'scan', at: new Date('2022-10-11T03:35:12.250Z') },
  data: {
    ...{ monitor: 1, url: 'https://shop.example/btc' },
    ...{ from: 'up', to: 'down', reason: 'timeout-connect' },
  },
});

const clause = { clause: 'etf', field: 'title', at: [10, 13] };
const job = jobOf(1, {
  ...{ state: 'failed', attempts: 2, reason: 'status', message: 'status 503', status: 503 },
  ...{ waits: 'retry', title: 'A Bitcoin ETF at last' },
});
const article = articleOf(1, {
  ...{ title: 'A Bitcoin ETF at last', summary: 'The fund is open.', bodyState: 'queued', job },
  rules: [{ rule: 1, name: 'funds', clauses: [clause] }],
});
const rules = fakeRules();
rules.articles.push(article, { ...articleOf(2), body: 'Nothing new.' }, articleOf(3));
const articles = fakeArticles();
articles.articles.push(article, articleOf(2, { feed: 2 }), articleOf(3, { feed: 2 }));
const jobs = fakeJobs();
jobs.jobs.push(job, jobOf(2, { state: 'done', waits: null }));

const alerts = fakeAlerts();
alerts.happened.push(alertEventOf(1));
const fired = { series: 'price:kraken:btcusd', exchange: 'kraken', pair: 'btcusd', monitor: null };
const firedMs = Date.parse('2022-10-11T03:35:00Z');
const first = [{ ...fired, atMs: firedMs, value: 43_000, average: 20_966.5, samples: 60 }];
alerts.previewed = { alerts: 1, series: 1, looked: 27, first };
const channels = fakeChannels();
channels.channels.push(channelOf(1, { kind: 'webhook', url: 'https://example.com/hook' }));
const deliveries = fakeDeliveries();
deliveries.deliveries.push(deliveryOf(1), deliveryOf(2, { state: 'dead', reason: 'status 500' }));
const silences = fakeSilences();
const task = {
  ...{ id: '0f1e2d3c4b5a6978', name: 'tidemark: alert-ratio-price-above-3-1h', everyMs: 60_000 },
  ...{ active: true, ok: true, reason: null, lastRunMs: firedMs, lastRunStatus: 'success' },
  ...{ lastError: null, runs: 20, failed: 0, skipped: 1, lagMs: 0 },
};

const clock = new ManualClock(Date.parse('2022-10-11T04:00:00Z'));
const stored = new FakeKeys(clock);
stored.add({
  ...{ name: 'grafana', role: 'read', prefix: 'tdm_4fQ2kXb9', hash: '', rate: 5, by: 'ops' },
  ...{ note: 'charts of the desk', expiresMs: clock.nowMs() + 90 * 86_400_000 },
});
const audit = new FakeAudit();
audit.trail.note({
  ...{ atMs: clock.nowMs(), key: 'ops', role: 'admin', method: 'POST', route: 'addKey' },
  ...{ path: '/keys', status: 201, request: 'request-1', address: '192.0.2.7', tookMs: 12.5 },
});

let api: TestApi;
before(async () => {
  const choices = fakeChoices(pairs);
  api = await startApi({
    influx: withScripts(influx),
    choices,
    ...{ monitors, rules, articles, jobs, alerts, channels, deliveries, silences },
    tasks: { list: async () => [task] },
    ...{ clock, keyDesk: stored.desk(), auditDesk: audit },
    catalog: chosenCatalog(catalog, choices),
    ranks: { newest: async () => new Map([['btcusd', '4/9']]) },
    runs: { newest: async () => ranked, at: async () => ranked },
    probes: [{ name: 'influx', check: async () => ({ ok: true }) }],
  });
});
after(() => api.close());

/** What the command would print: the few options of curl that the page uses. */
async function run(command: string): Promise<string> {
  const [, url = ''] = / '(http[^']+)'$/.exec(command) ?? [];
  const headers = [...command.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
    ([, name, value]) => [name!, value!] as const,
  );
  const [, method = 'GET'] = /-X (\w+)/.exec(command) ?? [];
  const [, option, body] = /--(json|data) '([^']+)'/.exec(command) ?? [];
  // It sets the type as well.
  if (option === 'json') headers.push(['content-type', 'application/json']);
  const left = command.replace(/'http[^']+'|-H '[^']+'|-X \w+|--(json|data) '[^']+'/g, '').trim();
  assert.equal(left, 'curl', 'the test knows no other option');
  const answer = await fetch(url.replace(ADDRESS, api.url), {
    method: body !== undefined && method === 'GET' ? 'POST' : method,
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { body }),
  });
  return await answer.text();
}

describe('examples of docs/api.md', () => {
  const examples = [...text.matchAll(EXAMPLE)];
  it('are all found', () => {
    assert.equal(examples.length, [...text.matchAll(/^curl /gm)].length);
    assert.ok(examples.length >= 9);
  });
  for (const [, command = '', kind, wanted = ''] of examples) {
    it(`are true: ${command}`, async () => {
      const got = await run(command);
      if (kind !== 'json') assert.equal(got.replaceAll('\r\n', '\n'), wanted);
      else assert.deepEqual(JSON.parse(got), JSON.parse(wanted));
    });
  }
});

it('docs/api.md names every way in which a scan or a visit ends', () => {
  const visits = Object.keys(REASONS);
  for (const reason of [...Object.keys(outcomes), 'stale', 'inactive', ...visits]) {
    assert.ok(text.includes(`\`${reason}\``), reason);
  }
});

it('docs/api.md names every route and parameter', async () => {
  const document = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { parameters: { name: string }[] }>>;
  };
  for (const [path, methods] of Object.entries(document.paths)) {
    if (path !== '/{pair}')
      assert.ok(text.includes(`\`${path}`) || text.includes(ADDRESS + path), path);
    for (const { parameters } of Object.values(methods)) {
      for (const { name } of parameters) assert.match(text, new RegExp(`\\b${name}\\b`), name);
    }
  }
});
