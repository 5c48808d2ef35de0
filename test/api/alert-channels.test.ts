import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { silenceAnswer, silencesAnswer } from '../../api/alerts/silence-schemas.ts';
import {
  deliveriesAnswer,
  deliveryAnswer,
  replayAnswer,
  wholeDeliveryAnswer,
} from '../../api/channels/delivery-schemas.ts';
import { channelAnswer, channelsAnswer, rotateAnswer } from '../../api/channels/schemas.ts';
import {
  channelOf,
  deliveryOf,
  fakeAlerts,
  fakeChannels,
  fakeDeliveries,
  fakeSilences,
  WEBHOOK_SECRET,
} from '../helpers/alert-desk.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { send } from '../helpers/send.ts';

const HOUR_MS = 3_600_000;

describe('channels, deliveries and silences over the API', () => {
  let api: TestApi;
  const clock = new ManualClock();
  let channels = fakeChannels();
  let deliveries = fakeDeliveries();
  let silences = fakeSilences();

  before(async () => {
    const alerts = fakeAlerts();
    api = await startApi({
      ...{ clock, alerts },
      channels: new Proxy(channels, { get: (_, name) => Reflect.get(channels, name) }),
      deliveries: new Proxy(deliveries, { get: (_, name) => Reflect.get(deliveries, name) }),
      silences: new Proxy(silences, { get: (_, name) => Reflect.get(silences, name) }),
    });
    assert.equal(
      (await send(api.url, 'POST /alerts', { webhook: 'https://a.example' })).status,
      201,
    );
  });
  beforeEach(() => {
    channels = fakeChannels();
    deliveries = fakeDeliveries();
    silences = fakeSilences();
    channels.channels.push(
      channelOf(1, { kind: 'webhook', url: 'https://a.example/secret' }),
      channelOf(2, { kind: 'email', address: 'me@example.com' }),
    );
  });
  after(() => api?.close());

  const call = (route: string, body?: unknown) => send(api.url, route, body);
  const ok = async (route: string, body?: unknown, status = 200) => {
    const answer = await call(route, body);
    assert.equal(answer.status, status, `${route} ${await answer.clone().text()}`);
    return answer.json();
  };

  it('show channels without what is secret of them', async () => {
    const list = channelsAnswer.strict().parse(await ok('GET /channels?limit=1'));
    assert.deepEqual([list.items.map(({ id }) => id), list.next], [[1], '1']);
    assert.equal(list.items[0]!.shown, 'https://a.example/…');
    const one = channelAnswer.strict().parse(await ok('GET /api/v1/channels/2'));
    assert.deepEqual([one.kind, one.shown, one.state], ['email', 'me@example.com', 'unconfirmed']);
    assert.deepEqual(channelsAnswer.parse(await ok('GET /channels?state=active')).items, []);
    assert.equal((await call('GET /channels/3')).status, 404);
  });

  it('switch channels off and on, and change their secret', async () => {
    assert.equal(channelAnswer.parse(await ok('POST /channels/1/disable')).state, 'disabled');
    assert.equal(channelAnswer.parse(await ok('POST /channels/1/enable')).state, 'unconfirmed');
    const turned = rotateAnswer
      .strict()
      .parse(await ok('POST /channels/1/rotate', { grace: '1h' }));
    assert.equal(turned.secret, WEBHOOK_SECRET);
    const long = await errorOf(await call('POST /channels/1/rotate', { grace: '8d' }));
    assert.equal(long.details.field, 'grace');
    assert.equal((await call('POST /channels/7/rotate', {})).status, 404);
  });

  it('confirm a channel by its link: looking does nothing, the button does', async () => {
    const look = await call('GET /channels/confirm?token=good');
    const html = await look.text();
    assert.deepEqual(
      [look.status, look.headers.get('content-type'), look.headers.get('referrer-policy')],
      [200, 'text/html; charset=utf-8', 'no-referrer'],
    );
    assert.match(html, /<form method="post"><button autofocus>Yes, send them/);
    assert.equal(channels.channels[0]!.state, 'unconfirmed');
    const done = await fetch(`${api.url}/channels/confirm?token=good`, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    assert.match(await done.text(), /Confirmed\. Alerts are sent to <b>https:\/\/a\.example\/…/);
    assert.equal(channels.channels[0]!.state, 'active');
    await call('POST /channels/leave?token=good');
    assert.equal(channels.channels[0]!.state, 'disabled');
    for (const method of ['GET', 'POST']) {
      const lost = await call(`${method} /channels/confirm?token=bad`);
      assert.deepEqual([lost.status, lost.headers.get('cache-control')], [404, 'no-store']);
      assert.match(await lost.text(), /not valid/);
    }
    assert.equal((await call('GET /channels/confirm')).status, 400);
  });

  it('write nothing of an address into a page that is not text', async () => {
    channels.channels[0] = { ...channels.channels[0]!, shown: '<script>"&\'' };
    const html = await (await call('GET /channels/leave?token=good')).text();
    assert.match(html, /<b>&lt;script&gt;&quot;&amp;&#39;<\/b>/);
  });

  it('show messages and every attempt', async () => {
    deliveries.deliveries.push(
      deliveryOf(1),
      deliveryOf(2, { state: 'dead', endedMs: 0, reason: 'status 500', alert: null }),
      deliveryOf(3, { state: 'queued', endedMs: null, kind: 'test' }),
    );
    const ids = async (path: string) =>
      deliveriesAnswer
        .strict()
        .parse(await ok(`GET ${path}`))
        .items.map(({ id }) => id);
    assert.deepEqual(
      [
        await ids('/deliveries'),
        await ids('/deliveries?state=dead'),
        await ids('/alerts/1/deliveries'),
      ],
      [[1, 2, 3], [2], [1, 3]],
    );
    assert.deepEqual(await ids('/deliveries?kind=test&alert=1&channel=1&after=2'), [3]);
    const one = wholeDeliveryAnswer.strict().parse(await ok('GET /deliveries/1'));
    assert.deepEqual(
      [one.payload.type, one.tries[0]!.status, one.expires, one.ended],
      ['alert.test', 204, null, '2022-10-11T03:35:00.040Z'],
    );
    const open = deliveriesAnswer.parse(await ok('GET /deliveries?state=queued')).items[0]!;
    assert.equal(open.expires, '2022-10-12T03:35:00.000Z');
    assert.equal((await call('GET /alerts/8/deliveries')).status, 404);
    assert.equal((await call('GET /deliveries/8')).status, 404);
  });

  it('send messages again', async () => {
    deliveries.deliveries.push(
      deliveryOf(1, { state: 'dead' }),
      deliveryOf(2, { state: 'dead', alert: 2 }),
      deliveryOf(3, { state: 'queued' }),
    );
    const again = deliveryAnswer.strict().parse(await ok('POST /deliveries/1/replay'));
    assert.deepEqual(
      [again.state, again.replays, again.message],
      [...['queued', 1], deliveries.deliveries[0]!.message],
    );
    assert.equal((await call('POST /deliveries/3/replay')).status, 409);
    assert.equal((await call('POST /deliveries/9/replay')).status, 404);
    const many = await ok('POST /deliveries/replay', { alert: 2, since: '24h', limit: 5 });
    assert.deepEqual(replayAnswer.parse(many), { replayed: 1 });
    const wrong = await errorOf(await call('POST /deliveries/replay', { since: 'lately' }));
    assert.equal(wrong.code, 'invalid');
  });

  it('hold alerts back for a while', async () => {
    const nowMs = clock.nowMs();
    const wish = { pairs: ['BTC/USD'], exchanges: ['Kraken'], until: '2h', comment: 'a move' };
    const answer = await call('POST /silences', wish);
    assert.deepEqual([answer.status, answer.headers.get('location')], [201, '/silences/1']);
    const silence = silenceAnswer.strict().parse(await answer.json());
    assert.deepEqual(
      [silence.pairs, silence.exchanges, silence.from, silence.until, silence.comment],
      [
        ['btc-usd', 'btcusd'],
        ['kraken'],
        new Date(nowMs).toISOString(),
        new Date(nowMs + 2 * HOUR_MS).toISOString(),
        'a move',
      ],
    );
    const longer = silenceAnswer.parse(await ok('PATCH /silences/1', { until: '3h', alerts: [4] }));
    assert.deepEqual(
      [longer.alerts, longer.pairs, Date.parse(longer.until) - nowMs],
      [[4], undefined, 3 * HOUR_MS],
    );
    assert.equal(silenceAnswer.parse(await ok('DELETE /silences/1')).state, 'over');
    assert.equal(silencesAnswer.parse(await ok('GET /silences?state=over')).items.length, 1);
    assert.equal(silenceAnswer.parse(await ok('GET /silences/1')).id, 1);
    assert.equal((await call('DELETE /silences/2')).status, 404);
  });

  it('say what is wrong with a silence', async () => {
    const wrong: [object, string][] = [
      [{ until: '2h' }, 'alerts'],
      [{ pairs: ['btcusd'] }, 'until'],
      [{ pairs: ['btcusd'], until: '400d' }, 'until'],
      [{ pairs: ['btcusd'], until: '2001-01-01T00:00:00Z' }, 'until'],
      [{ pairs: ['btcusd'], until: '2h', from: 'then' }, 'from'],
      [{ pairs: ['b t'], until: '2h' }, 'pairs'],
    ];
    for (const [body, field] of wrong) {
      const answer = await call('POST /silences', body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.equal((await errorOf(answer)).details.field, field, JSON.stringify(body));
    }
    const unread = await call('POST /silences', { pairs: ['btcusd'], until: 'lately' });
    assert.match((await errorOf(unread)).message, /a time such as .*, or a length such as 2h/);
    assert.deepEqual(silences.silences, []);
  });
});
