import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  checkAnswer,
  feedAnswer,
  feedsAnswer,
  importAnswer,
} from '../../api/articles/feed-schemas.ts';
import type { Feed } from '../../registry/feeds.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { type FakeFeeds, fakeFeeds } from '../helpers/feed-desk.ts';
import { send } from '../helpers/send.ts';

const KEY = 'a-secret-of-16-or-more';
const URL_ = 'https://news.example/rss';

describe('feeds over the API', () => {
  let api: TestApi;
  let desk: FakeFeeds;

  before(async () => {
    desk = fakeFeeds();
    // One API for all tests; each has feeds of its own.
    const feeds = new Proxy(desk, { get: (_, name) => Reflect.get(desk, name) });
    api = await startApi({
      feeds,
      keys: [
        { name: 'reader', role: 'read', secret: `${KEY}-read` },
        { name: 'writer', role: 'write', secret: KEY },
      ],
    });
  });
  beforeEach(() => {
    desk = fakeFeeds();
  });
  after(() => api?.close());

  const call = (route: string, body?: unknown, secret = KEY) =>
    send(api.url, route, body, { authorization: `Bearer ${secret}` });
  const post = (body: object) => call('POST /feeds', body);
  const made = async (body: object) => feedAnswer.strict().parse(await (await post(body)).json());
  const refused = async (body: object, status = 400) => {
    const answer = await post(body);
    assert.equal(answer.status, status, JSON.stringify(body).slice(0, 100));
    assert.equal(desk.feeds.length, 0, 'nothing was made');
    return errorOf(answer);
  };
  const stand = (change: Partial<Feed>) => {
    desk.feeds[0] = { ...desk.feeds[0]!, ...change };
  };
  const opml = (text: string | Buffer, headers: Record<string, string> = {}, path = '/feeds') =>
    fetch(`${api.url}${path}/opml`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'text/x-opml', ...headers },
      body: new Uint8Array(Buffer.from(text as string)),
    });

  it('are made with what was left out at its default, and told where they are', async () => {
    for (const [n, path] of ['/feeds', '/feeds/', '/api/v1/feeds', '/api/v1/feeds/'].entries()) {
      const answer = await call(`POST ${path}`, { url: `${URL_}?${n}` });
      assert.equal(answer.status, 201);
      assert.equal(answer.headers.get('location'), `${path.replace(/\/$/, '')}/${n + 1}`);
      const feed = feedAnswer.strict().parse(await answer.json());
      assert.deepEqual(
        [feed.id, feed.url, feed.interval, feed.state, feed.active, feed.fetch, feed.store],
        [n + 1, `${URL_}?${n}`, null, 'new', true, 'matched', 'full'],
      );
      assert.deepEqual([feed.policy, feed.bodyBytesMax, feed.warnings], [null, 20_971_520, []]);
    }
  });

  it('take everything that can be said of them, and tell no secret', async () => {
    const answer = await post({
      ...{ url: 'https://u%20x:p%40ss@news.example/rss#top', name: 'News', interval: '5m' },
      ...{ headers: { 'X-Token': 'geheim' }, fetch: 'always', store: 'excerpt', policy: 'link' },
      ...{ bodyBytesMax: 100_000, tags: { folder: 'Geld' } },
    });
    const text = await answer.text();
    assert.doesNotMatch(text, /geheim|p%40ss|p@ss|dSB4/);
    const feed = feedAnswer.strict().parse(JSON.parse(text));
    assert.deepEqual([feed.url, feed.headers, feed.credentials], [URL_, ['X-Token'], true]);
    assert.deepEqual(
      [feed.interval, feed.fetch, feed.store, feed.policy],
      [...['5m', 'always', 'excerpt', 'link']],
    );
    const { settings, host, tags } = desk.feeds[0]!;
    assert.equal(settings.authorization, `Basic ${Buffer.from('u x:p@ss').toString('base64')}`);
    assert.deepEqual([settings.headers, settings.intervalMs], [{ 'X-Token': 'geheim' }, 300_000]);
    assert.deepEqual([host, tags], ['news.example', { folder: 'Geld' }]);
  });

  it('of the same url are the same, switched on, with what was given', async () => {
    await made({ url: URL_, name: 'one', interval: '2m' });
    const off = feedAnswer.strict().parse(await (await call('DELETE /feeds/1/')).json());
    assert.deepEqual([off.active, off.due, off.why], [false, null, 'It is switched off.']);
    const again = await post({ url: `${URL_}#x`, fetch: 'never' });
    assert.equal(again.status, 200);
    const feed = feedAnswer.parse(await again.json());
    assert.deepEqual(
      [feed.id, feed.active, feed.name, feed.interval, feed.fetch],
      [1, true, 'one', '2m', 'never'],
    );
    assert.equal((await post({ url: `${URL_}2` })).status, 201);
  });

  it('refuse what is wrong, naming the field and what was expected', async () => {
    const wrong: [object, string][] = [
      [{}, 'url'],
      [{ url: 7 }, 'url'],
      [{ url: '' }, 'url'],
      [{ url: 'news.example' }, 'url'],
      [{ url: 'ftp://news.example/' }, 'url'],
      [{ url: 'file:///etc/passwd' }, 'url'],
      [{ url: 'javascript:alert(1)' }, 'url'],
      [{ url: `https://news.example/${'a'.repeat(5_000)}` }, 'url'],
      [{ url: URL_, interval: '9s' }, 'interval'],
      [{ url: URL_, interval: '2d' }, 'interval'],
      [{ url: URL_, interval: '10500ms' }, 'interval'],
      [{ url: URL_, interval: '0s' }, 'interval'],
      [{ url: URL_, interval: 60 }, 'interval'],
      [{ url: URL_, headers: { 'a b': 'c' } }, 'headers'],
      [{ url: URL_, headers: { a: 'b\r\nc: d' } }, 'headers'],
      [{ url: URL_, headers: { 'Transfer-Encoding': 'chunked' } }, 'headers'],
      [{ url: URL_, fetch: 'some' }, 'fetch'],
      [{ url: URL_, store: 'none' }, 'store'],
      [{ url: URL_, policy: 'guid' }, 'policy'],
      [{ url: URL_, bodyBytesMax: 1e9 }, 'bodyBytesMax'],
      [{ url: URL_, name: 'a\0' }, 'name'],
      [{ url: URL_, name: '\ud800' }, 'name'],
      [{ url: URL_, tags: { 'a b': 'c' } }, 'tags'],
      [{ url: 'https://u:p@news.example/', credentials: 'a:b' }, 'credentials'],
      [{ url: 'https://u:p@news.example/', headers: { authorization: 'x' } }, 'headers'],
      [{ url: URL_, credentials: 'nobody' }, 'credentials'],
      [{ url: URL_, intervall: '1m' }, 'intervall'],
    ];
    for (const [body, field] of wrong) {
      const { message, details } = await refused(body);
      assert.equal(String(details.field).split('.')[0], field, message);
    }
  });

  it('refuse places that may not be reached, and nothing else by its name', async () => {
    const hosts = ['127.0.0.1', '2130706433', '[::1]', '0x7f.1', '10.0.0.1', '169.254.169.254'];
    hosts.push('[::ffff:127.0.0.1]', 'localhost', 'LOCALHOST.:81', 'a.localhost', '1.1.1.1:22');
    for (const host of hosts) {
      const { code, details } = await refused({ url: `http://${host}/rss` }, 422);
      assert.deepEqual([code, details.field], ['unprocessable', 'url'], host);
    }
    assert.equal((await post({ url: 'http://127.0.0.1:9000/' })).status, 201, 'it is listed');
    assert.equal((await post({ url: 'http://intranet.example/' })).status, 201);
  });

  it('warn where they cannot be asked as they are to be', async () => {
    const warned = async (body: object) => (await made({ url: URL_, ...body })).warnings.join('\n');
    assert.equal(await warned({}), '');
    assert.match(await warned({ interval: '59s' }), /59s is below 1m/);
    assert.equal(await warned({ interval: '1m' }), '');
    // 6 a minute are the half of what 5 s allow; others of the host ask for 5.
    stand({ hostLoad: 6 / 60 });
    assert.equal(await warned({ interval: '1m' }), '');
    assert.match(await warned({ interval: '50s' }), /news\.example ask for 6\.2 .* get 6 /);
    desk.spacingMs = 0;
    assert.doesNotMatch(await warned({ interval: '10s' }), /ask for/);
    desk.there = 0;
    assert.match(await warned({ interval: '1m' }), /^no worker is there: no feed is checked/);
    stand({ active: false });
    const answer = feedAnswer.parse(await (await call('GET /feeds/1')).json());
    assert.deepEqual(answer.warnings, []);
  });

  it('warn in the list too', async () => {
    await made({ url: URL_, interval: '1m' });
    stand({ hostLoad: 1 });
    const listed = async () =>
      feedsAnswer.parse(await (await call('GET /feeds')).json()).items[0]!.warnings.join('\n');
    assert.match(await listed(), /^the feeds of news\.example ask for 60 requests a minute/);
    desk.there = 0;
    assert.match(await listed(), /^no worker is there.*\n.*news\.example ask for/);
  });

  it('are changed but for the url; null is the default', async () => {
    await made({ url: URL_, name: 'one', credentials: 'a:b', interval: '1m', tags: { a: 'b' } });
    const patch = async (body: object) => {
      const answer = await call('PATCH /api/v1/feeds/1', body);
      assert.equal(answer.status, 200, await answer.clone().text());
      return feedAnswer.strict().parse(await answer.json());
    };
    const changed = await patch({ fetch: 'never', store: 'excerpt', active: false });
    assert.deepEqual(
      [changed.fetch, changed.store, changed.active, changed.due, changed.name],
      ['never', 'excerpt', false, null, 'one'],
    );
    assert.equal(changed.credentials, true);
    const reset = { name: null, credentials: null, tags: null, interval: null, fetch: null };
    const plain = await patch({ ...reset, store: null, policy: null, active: true });
    assert.deepEqual(
      [plain.name, plain.credentials, plain.tags, plain.interval, plain.fetch, plain.store],
      [null, false, {}, null, 'matched', 'full'],
    );
    for (const body of [{ url: 'https://x.example' }, {}, { interval: '1s' }, { active: null }]) {
      assert.equal((await call('PATCH /feeds/1', body)).status, 400, JSON.stringify(body));
    }
    await patch({ credentials: 'a:b' });
    const both = await call('PATCH /feeds/1', { headers: { Authorization: 'x' } });
    assert.equal((await errorOf(both)).details.field, 'headers');
  });

  it('tell how they stand and why they wait', async () => {
    await made({ url: URL_ });
    const at = Date.UTC(2022, 9, 12);
    stand({
      ...{ state: 'failing', reason: 'status', message: 'status 503', status: 503, failures: 3 },
      ...{ dueMs: at + 90_000, why: '3 failures in a row', intervalNowMs: 90_000 },
      ...{ checkedMs: at, changedItemsMs: at - 1_000, title: 'News', policy: 'link' },
    });
    const answer = await call('GET /feeds/1');
    assert.match(answer.headers.get('etag') ?? '', /^"/);
    const feed = feedAnswer.strict().parse(await answer.json());
    assert.deepEqual(
      [feed.state, feed.reason, feed.failures, feed.due, feed.why, feed.intervalNow],
      ['failing', 'status', 3, '2022-10-12T00:01:30.000Z', '3 failures in a row', '90s'],
    );
    assert.deepEqual(
      [feed.lastCheck, feed.lastNew, feed.policy, feed.policyNow],
      ['2022-10-12T00:00:00.000Z', '2022-10-11T23:59:59.000Z', null, 'link'],
    );
  });

  it('are checked when somebody wants it', async () => {
    await made({ url: URL_ });
    const answer = await call('POST /feeds/1/check/');
    assert.equal(answer.status, 202);
    const { feed, due, checking } = checkAnswer.strict().parse(await answer.json());
    assert.deepEqual([feed, due, checking], [1, '2022-10-11T03:35:00.000Z', false]);
    await call('DELETE /feeds/1');
    const off = await call('POST /feeds/1/check');
    assert.deepEqual([off.status, (await errorOf(off)).code], [409, 'conflict']);
  });

  it('are listed page by page, and found by what they are', async () => {
    for (const n of [1, 2, 3]) await made({ url: `${URL_}${n}`, tags: { n: `a:${n}` } });
    const list = async (query: string) =>
      feedsAnswer.strict().parse(await (await call(`GET /feeds${query}`)).json());
    const ids = async (query: string) => (await list(query)).items.map(({ id }) => id);
    const first = await list('?limit=2');
    assert.deepEqual([first.items.map(({ id }) => id), first.next], [[1, 2], '2']);
    assert.deepEqual(await ids(`?limit=2&after=${first.next}`), [3]);
    assert.deepEqual(await ids('?tag=n:a:2'), [2]);
    assert.deepEqual(await ids('?text=RSS3'), [3]);
    assert.deepEqual(await ids('?host=NEWS.example'), [1, 2, 3]);
    await call('DELETE /feeds/2');
    assert.deepEqual(await ids('?active=true'), [1, 3]);
    assert.deepEqual(await ids('?state=ok'), []);
    const wrong = ['?tag=x', '?active=yes', '?state=up', '?after=-1', '?limit=1001', '?x=1'];
    for (const query of [...wrong, '?after=1e3', '?after=9999999999999999']) {
      assert.equal((await call(`GET /feeds${query}`)).status, 400, query);
    }
  });

  it('that are not there are not found, whatever is asked', async () => {
    const ids = ['2', '0', 'x', '1.5', '-1', '9999999999999999999', '%00', '1e1', 'opml2'];
    for (const id of ids) {
      for (const [method, path, body] of [
        ...[['GET', ''] as const, ['POST', '/check'] as const, ['DELETE', '/'] as const],
        ['PATCH', '', { name: 'x' }] as const,
      ]) {
        const { status } = await call(`${method} /feeds/${id}${path}`, body);
        assert.equal(status, id === '%00' ? 400 : 404, `${method} ${id}${path}`);
      }
    }
    assert.equal((await call('PUT /feeds/1')).status, 405);
  });

  it('are changed with a key that may write alone', async () => {
    await made({ url: URL_ });
    const writes: [string, unknown?][] = [
      ['POST /feeds', { url: URL_ }],
      ['PATCH /feeds/1', { name: 'x' }],
      ...[['DELETE /feeds/1'] as [string], ['POST /feeds/1/check'] as [string]],
      ['POST /feeds/opml', {}],
    ];
    for (const [route, body] of writes) {
      assert.equal((await call(route, body, `${KEY}-read`)).status, 403, route);
    }
    for (const path of ['/feeds', '/feeds/1', '/feeds/opml']) {
      assert.equal((await call(`GET ${path}`, undefined, `${KEY}-read`)).status, 200, path);
      assert.equal((await fetch(api.url + path)).status, 401, path);
    }
  });

  it('come in lists, and what cannot be asked is named', async () => {
    await made({ url: URL_, name: 'mine' });
    const outlines = [
      `<outline text="Geld"><outline text="A &amp; B" xmlUrl="https://u:p@a.example/rss"/></outline>`,
      `<outline text="again" xmlUrl="${URL_}#x"/><outline xmlUrl="https://a.example/rss"/>`,
      '<outline xmlUrl="http://127.0.0.1/rss"/><outline xmlUrl="https://u:p@[x/"/>',
      '<outline xmlUrl="file:///etc/passwd"/><outline text="no feed"/>',
    ];
    const answer = await opml(`<opml><body>${outlines.join('')}`);
    assert.equal(answer.status, 200);
    const { refused: left, ...counts } = importAnswer.strict().parse(await answer.json());
    assert.deepEqual(counts, { added: 1, known: 2, damage: ['truncated'] });
    assert.deepEqual(
      left.map(({ url }) => url),
      ['http://127.0.0.1/rss', 'https://[x/', 'file:///etc/passwd'],
    );
    assert.match(left[0]!.why, /not public/);
    const [mine, feed] = desk.feeds;
    assert.deepEqual(
      [mine?.name, feed?.name, feed?.url],
      ['mine', 'A & B', 'https://a.example/rss'],
    );
    assert.deepEqual(
      [feed?.tags, feed?.settings.authorization],
      [{ folder: 'Geld' }, 'Basic dTpw'],
    );
  });

  it('go out as a list that comes in again', async () => {
    await made({ url: 'https://u:p@a.example/?a=1&b=2', name: '<A>', tags: { folder: 'X/Y' } });
    await made({ url: URL_, headers: { 'X-Token': 'geheim' } });
    stand({ link: 'https://a.example/"' });
    await made({ url: `${URL_}2` });
    await call('DELETE /feeds/3');
    const answer = await call('GET /api/v1/feeds/opml/');
    assert.equal(answer.headers.get('content-type'), 'text/x-opml; charset=utf-8');
    const text = await answer.text();
    assert.doesNotMatch(text, /geheim|u:p/);
    const before = desk.feeds;
    desk = fakeFeeds();
    const { added } = importAnswer.parse(await (await opml(text, {}, '/api/v1/feeds')).json());
    assert.equal(added, 2, 'the one that is off is not in it');
    const told = ({ url, tags }: Feed) => [url, tags];
    assert.deepEqual(desk.feeds.map(told).sort(), before.slice(0, 2).map(told).sort());
  });

  it('in lists that are none are refused with a reason', async () => {
    const wrong: [string | Buffer, string][] = [
      ['', 'empty'],
      ['{}', 'not-a-feed'],
      ['<!doctype html><title>x</title>', 'html'],
      ['<rss><channel/></rss>', 'not-a-feed'],
      ['<opml>'.concat('<outline>'.repeat(5_000)), 'too-deep'],
      [`<opml>${'<outline/>'.repeat(50_000)}`, 'too-complex'],
    ];
    for (const [text, reason] of wrong) {
      const answer = await opml(text);
      assert.equal(answer.status, 422, reason);
      assert.equal((await errorOf(answer)).details.reason, reason);
    }
    assert.equal((await opml(Buffer.alloc(1_048_577, ' '))).status, 413);
    assert.equal((await opml('<opml/>', { 'content-type': 'application/json' })).status, 415);
    assert.equal((await opml('<opml/>', { 'content-encoding': 'gzip' })).status, 415);
    assert.equal(
      (await opml('<opml/>', { 'content-type': 'Text/XML; charset=utf-8' })).status,
      200,
    );
    assert.deepEqual(desk.feeds, []);
  });
});
