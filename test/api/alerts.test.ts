import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  alertAnswer,
  alertEventsAnswer,
  alertMade,
  alertsAnswer,
  alertTested,
  previewAnswer,
} from '../../api/alerts/schemas.ts';
import {
  alertEventOf,
  type FakeAlerts,
  fakeAlerts,
  WEBHOOK_SECRET,
} from '../helpers/alert-desk.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { send } from '../helpers/send.ts';

const KEY = 'a-secret-of-16-or-more';
const HOOK = 'https://hook.example/a';

describe('alerts over the API', () => {
  let api: TestApi;
  let desk: FakeAlerts;
  const clock = new ManualClock();

  before(async () => {
    desk = fakeAlerts();
    const alerts = new Proxy(desk, { get: (_, name) => Reflect.get(desk, name) });
    api = await startApi({
      ...{ alerts, clock },
      keys: [
        { name: 'reader', role: 'read', secret: `${KEY}-read` },
        { name: 'writer', role: 'write', secret: KEY },
      ],
    });
  });
  beforeEach(() => {
    desk = fakeAlerts();
  });
  after(() => api?.close());

  const call = (route: string, body?: unknown, secret = KEY) =>
    send(api.url, route, body, { authorization: `Bearer ${secret}` });
  const made = async (body: object, status = 201) => {
    const answer = await call('POST /alerts', body);
    assert.equal(answer.status, status, await answer.clone().text());
    return alertMade.strict().parse(await answer.json());
  };
  const refused = async (body: object, status = 400, route = 'POST /alerts') => {
    const answer = await call(route, body);
    assert.equal(answer.status, status, JSON.stringify(body).slice(0, 200));
    return errorOf(answer);
  };

  it('need no more than an address, and are then of prices and volumes above 3 x their means', async () => {
    const answer = await call('POST /api/v1/alerts/', { webhook: HOOK });
    assert.deepEqual([answer.status, answer.headers.get('location')], [201, '/api/v1/alerts/1']);
    const alert = alertMade.strict().parse(await answer.json());
    const { created, changed, ...rest } = alert;
    assert.equal(created, changed);
    assert.deepEqual(rest, {
      ...{ id: 1, name: 'price, volume above 3x the mean of 1h', kind: 'ratio', channel: 1 },
      ...{ fallback: null, metric: ['price', 'volume'], direction: 'above', factor: 3 },
      ...{ above: null, below: null, pairs: null, exchanges: null, monitors: null, window: '1h' },
      ...{ minSamples: 10, minAverage: null, scan: null, article: null, freshness: null },
      ...{ for: null, notify: 'window', remind: null, resolve: false },
      rules: ['ratio-price-above-3-1h', 'ratio-volume-above-3-1h'],
      ...{ active: true, pausedUntil: null, events: 0, last: null, state: 'unconfirmed' },
      secret: WEBHOOK_SECRET,
      warnings: [
        'https://hook.example/… is not confirmed: it has to answer the confirming message with a ' +
          'status from 200 to 299',
      ],
    });
  });

  it('are the same when the same is asked, without the secret', async () => {
    const { secret: _, ...first } = await made({ webhook: HOOK });
    assert.deepEqual(await made({ webhook: HOOK, factor: 3, name: 'again' }, 200), first);
    const other = await made({ webhook: HOOK, factor: 4 });
    assert.deepEqual([other.id, other.channel, other.secret], [2, 1, undefined]);
  });

  it('take everything that there is', async () => {
    const alert = await made({
      ...{ slack: 'https://hooks.slack.com/services/x', metric: 'price', name: 'mine' },
      ...{ pairs: ['BTC/USD', 'btcusd', 'AB-CUSD'], exchanges: ['Kraken'], factor: 1.5 },
      ...{ direction: 'either', window: '15m', minSamples: 3, minAverage: 0.5, for: '5m' },
      ...{ notify: 'incident', remind: '2h', resolve: true, fallback: { email: 'me@example.com' } },
    });
    const { metric, pairs, exchanges, factor, direction, window, minSamples, minAverage } = alert;
    assert.deepEqual(
      [metric, pairs, exchanges, factor, direction, window, minSamples, minAverage],
      [['price'], ['ab-cusd', 'btcusd'], ['kraken'], 1.5, 'either', '15m', 3, 0.5],
    );
    assert.deepEqual(
      [alert.for, alert.notify, alert.remind, alert.resolve, alert.fallback, alert.channel],
      ['5m', 'incident', '2h', true, 1, 2],
    );
    assert.deepEqual(alert.rules, ['ratio-price-above-1.5-15m', 'ratio-price-below-1.5-15m']);
    assert.equal(alert.secret, undefined);
  });

  it('are about limits, scans, articles or fresh prices too', async () => {
    const limits = await made({ webhook: HOOK, pairs: ['btcusd'], above: 70_000, below: 0 });
    assert.deepEqual(
      [limits.kind, limits.above, limits.below, limits.factor, limits.metric, limits.name],
      ['threshold', 70_000, 0, null, ['price'], 'btcusd price above 70000 or below 0'],
    );
    assert.equal(limits.rules.length, 2);
    const slow = await made({ webhook: HOOK, metric: 'latency', above: 500, monitors: [2, 1, 2] });
    assert.deepEqual([slow.kind, slow.monitors, slow.rules.length], ['threshold', [1, 2], 1]);
    const scan = await made({ webhook: HOOK, scan: {}, notify: 'incident' });
    assert.deepEqual(
      [scan.kind, scan.scan, scan.remind],
      ['scan', { states: ['down', 'unknown'] }, null],
    );
    const article = await made({
      webhook: HOOK,
      article: { rules: [3], symbols: ['$btc', 'ETH'] },
    });
    assert.deepEqual(article.article, { rules: [3], feeds: null, symbols: ['BTC', 'ETH'] });
    const fresh = await made({ webhook: HOOK, freshness: {}, exchanges: ['kraken'] });
    assert.deepEqual(fresh.freshness, { kinds: ['absent'], after: '10m' });
    const frozen = await made({ webhook: HOOK, freshness: { kinds: ['frozen', 'late'] } });
    assert.deepEqual(frozen.freshness, { kinds: ['frozen', 'late'], after: '1h' });
    assert.deepEqual([scan.rules, article.rules, fresh.rules], [[], [], []]);
  });

  it('say which field is wrong, and what would be right', async () => {
    const wrong: [object, string, RegExp][] = [
      [{}, 'webhook', /exactly one of webhook, slack, email, pagerduty/],
      [{ webhook: HOOK, email: 'a@b.co' }, 'email', /exactly one/],
      [{ webhook: 'ftp://a' }, 'webhook', /not an http or https URL/],
      [{ webhook: 'https://u:p@a.example' }, 'webhook', /credentials/],
      [{ email: 'a@b\r\nBcc: c@d.ef' }, 'email', /./],
      [{ email: 'nobody' }, 'email', /not an e-mail address/],
      [{ pagerduty: 'short' }, 'pagerduty', /integration key/],
      [{ webhook: HOOK, factor: 1 }, 'factor', /more than 1/],
      [{ webhook: HOOK, window: '1m' }, 'window', /from 5m to 7d/],
      [{ webhook: HOOK, window: 'soon' }, 'window', /whole seconds/],
      [{ webhook: HOOK, minSamples: 1 }, 'minSamples', />=2/],
      [{ webhook: HOOK, above: 1 }, 'pairs', /at least one/],
      [{ webhook: HOOK, above: 1, factor: 2 }, 'factor', /kind threshold has none/],
      [{ webhook: HOOK, scan: {}, article: {} }, 'article', /nothing beside scan/],
      [{ webhook: HOOK, above: 1, scan: {} }, 'scan', /nothing beside above, below/],
      [{ webhook: HOOK, monitors: [1] }, 'monitors', /unless/],
      [{ webhook: HOOK, metric: ['latency', 'price'] }, 'metric', /latency alone/],
      [{ webhook: HOOK, metric: 'latency', pairs: ['btcusd'] }, 'pairs', /of monitors/],
      [{ webhook: HOOK, pairs: ['a b'] }, 'pairs', /base and quote/],
      [{ webhook: HOOK, remind: '1h' }, 'remind', /incident/],
      [{ webhook: HOOK, freshness: { after: '1s' } }, 'freshness.after', /from 1m to 1d/],
      [{ webhook: HOOK, fallback: { webhook: HOOK } }, 'fallback', /another address/],
      [{ webhook: HOOK, article: {}, for: '5m' }, 'for', /kind article has none/],
      [{ webhook: HOOK, scan: {}, remind: '1h' }, 'remind', /kind scan has none/],
    ];
    for (const [body, field, expected] of wrong) {
      const { code, message, details } = await refused(body);
      const what = JSON.stringify(body);
      assert.deepEqual([code, details.field], ['invalid', field], `${what}: ${message}`);
      assert.match(message, expected, what);
    }
    assert.match((await refused({ webhook: HOOK, hook: 1 })).message, /hook/);
    assert.deepEqual([desk.alerts, desk.channels], [[], []]);
  });

  it('name what is not there, and nothing is made', async () => {
    const near = await refused({ webhook: HOOK, pairs: ['btcsud'] }, 422);
    assert.deepEqual(near.details, { field: 'pairs', near: ['btcusd'] });
    const exchange = await refused({ webhook: HOOK, exchanges: ['krakn'] }, 422);
    assert.deepEqual(exchange.details, { field: 'exchanges', exchanges: ['bisq', 'kraken'] });
    const rule = await refused({ webhook: HOOK, article: { rules: [1, 77] } }, 422);
    assert.deepEqual(rule.details, { field: 'article.rules', missing: [77] });
    const place = await refused({ slack: 'http://169.254.169.254/' }, 422);
    assert.equal(place.details.field, 'slack');
    desk.mails = false;
    const mail = await refused({ email: 'me@example.com' }, 422);
    assert.match(String(mail.details.fix), /SMTP_URL/);
    desk.rulesMax = 1;
    const many = await refused({ webhook: HOOK }, 422);
    assert.deepEqual(many.details, { rulesMax: 1, wanted: 2 });
    assert.deepEqual([desk.alerts, desk.channels], [[], []]);
  });

  it('are changed in part', async () => {
    await made({ webhook: HOOK, pairs: ['btcusd'], notify: 'incident' });
    const change = async (body: object) => {
      const answer = await call('PATCH /alerts/1', body);
      assert.equal(answer.status, 200, await answer.clone().text());
      return alertMade.strict().parse(await answer.json());
    };
    const after = await change({ factor: 5, pairs: null, pause: '1h', window: '2h' });
    assert.deepEqual(
      [after.factor, after.pairs, after.window, after.rules[0], after.remind],
      [5, null, '2h', 'ratio-price-above-5-2h', '1d'],
    );
    assert.equal(after.pausedUntil, new Date(clock.nowMs() + 3_600_000).toISOString());
    const back = await change({ factor: null, pause: null, notify: null, active: false });
    assert.deepEqual(
      [back.factor, back.pausedUntil, back.notify, back.remind, back.active, back.warnings],
      [3, null, 'window', null, false, []],
    );
    const kind = await refused({ scan: {} }, 400, 'PATCH /alerts/1');
    assert.match(kind.message, /field scan: .*kind ratio/);
    assert.equal((await refused({}, 400, 'PATCH /alerts/1')).code, 'invalid');
    assert.equal((await refused({ factor: 2 }, 404, 'PATCH /alerts/9')).code, 'not-found');
    const gone = alertAnswer.strict().parse(await (await call('DELETE /alerts/1')).json());
    assert.equal(gone.active, false);
  });

  it('are listed, and read alone', async () => {
    for (const factor of [2, 3, 4]) await made({ webhook: HOOK, factor });
    const list = async (query: string) => {
      const answer = await call(`GET /alerts?${query}`, undefined, `${KEY}-read`);
      return alertsAnswer.strict().parse(await answer.json());
    };
    const first = await list('limit=2');
    assert.deepEqual([first.items.map(({ id }) => id), first.next], [[1, 2], '2']);
    assert.deepEqual(
      (await list('limit=2&after=2&active=true&kind=ratio&channel=1')).items.map(({ id }) => id),
      [3],
    );
    const one = await call('GET /alerts/3', undefined, `${KEY}-read`);
    assert.equal(alertMade.strict().parse(await one.json()).factor, 4);
    assert.equal((await call('GET /alerts/99')).status, 404);
    assert.equal((await call('POST /alerts', { webhook: HOOK }, `${KEY}-read`)).status, 403);
  });

  it('tell what became of them', async () => {
    await made({ webhook: HOOK });
    desk.happened.push(
      alertEventOf(1),
      alertEventOf(2, { alert: 7, outcome: 'silenced', silence: 3, pair: 'ethusd' }),
      alertEventOf(3, { outcome: 'digest' }),
    );
    const read = async (path: string) => {
      const answer = await call(`GET ${path}`);
      assert.equal(answer.status, 200, await answer.clone().text());
      return alertEventsAnswer.strict().parse(await answer.json());
    };
    const mine = await read('/alerts/1/events?limit=1');
    assert.deepEqual([mine.items.map(({ id }) => id), mine.next], [[3], '3']);
    const [oldest] = (await read('/alerts/1/events?after=3')).items;
    assert.deepEqual(
      [oldest!.window, oldest!.time, oldest!.average, oldest!.outcome],
      [
        { start: '2022-10-11T03:00:00.000Z', end: '2022-10-11T04:00:00.000Z' },
        ...['2022-10-11T03:35:00.000Z', 20_966.78, 'sent'],
      ],
    );
    const ids = async (query: string) =>
      (await read(`/alerts/events?${query}`)).items.map(({ id }) => id);
    assert.deepEqual(
      [await ids(''), await ids('alert=7'), await ids('outcome=digest'), await ids('pair=ethusd')],
      [[3, 2, 1], [2], [3], [2]],
    );
    assert.equal((await call('GET /alerts/44/events')).status, 404);
  });

  it('send a test', async () => {
    await made({ webhook: HOOK });
    const answer = await call('POST /alerts/1/test');
    assert.equal(answer.status, 202);
    assert.deepEqual(alertTested.parse(await answer.json()), { alert: 1, delivery: 1 });
    assert.deepEqual(desk.tested, [1]);
    await call('DELETE /alerts/1');
    assert.equal((await call('POST /alerts/1/test')).status, 409);
  });

  it('are previewed', async () => {
    const one = {
      series: 'price:kraken:btcusd',
      exchange: 'kraken',
      pair: 'btcusd',
      monitor: null,
    };
    const first = [{ ...one, atMs: 0, value: 4, average: 1, samples: 60 }];
    desk.previewed = { alerts: 4, series: 1, looked: 12, first };
    const answer = await call('POST /alerts/preview', { pairs: ['btcusd'], range: '2h' });
    assert.equal(answer.status, 200, await answer.clone().text());
    const found = previewAnswer.strict().parse(await answer.json());
    assert.equal(Date.parse(found.to) - Date.parse(found.from), 7_200_000);
    assert.deepEqual([found.alerts, found.first[0]!.time], [4, '1970-01-01T00:00:00.000Z']);
    assert.deepEqual(desk.alerts, []);
    const long = await refused({ range: '8d' }, 400, 'POST /alerts/preview');
    assert.match(long.message, /from 1h to 7d/);
    assert.match((await refused({ scan: {} }, 400, 'POST /alerts/preview')).message, /metric/);
  });
});
