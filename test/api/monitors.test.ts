import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { eventsAnswer } from '../../api/events/schemas.ts';
import {
  monitorAnswer,
  monitorChanged,
  monitorDetail,
  monitorsAnswer,
} from '../../api/monitors/schemas.ts';
import type { Monitor } from '../../registry/monitors.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { type FakeMonitors, fakeMonitors } from '../helpers/monitor-desk.ts';

const KEY = 'a-secret-of-16-or-more';
const URL_ = 'https://example.com/health';

describe('monitors over the API', () => {
  let api: TestApi;
  let desk: FakeMonitors;

  before(async () => {
    const fresh = () => fakeMonitors();
    desk = fresh();
    // One API for all tests; each has monitors of its own.
    const monitors = new Proxy(desk, { get: (_, name) => Reflect.get(desk, name) });
    api = await startApi({
      monitors,
      keys: [
        { name: 'reader', role: 'read', secret: `${KEY}-read` },
        { name: 'writer', role: 'write', secret: KEY },
      ],
    });
  });
  beforeEach(() => {
    desk = fakeMonitors();
  });
  after(() => api?.close());

  const call = (method: string, path: string, body?: unknown, secret = KEY) =>
    fetch(`${api.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const post = (body: object) => call('POST', '/monitors', body);
  const made = async (body: object) =>
    monitorChanged.strict().parse(await (await post(body)).json());
  const refused = async (body: object, status = 400) => {
    const answer = await post(body);
    assert.equal(answer.status, status, JSON.stringify(body).slice(0, 100));
    assert.equal(desk.monitors.length, 0, 'nothing was made');
    return errorOf(answer);
  };

  it('are made with what was left out at its default, and told where they are', async () => {
    const answer = await post({ url: URL_ });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('location'), '/monitors/1');
    const monitor = monitorChanged.strict().parse(await answer.json());
    assert.deepEqual(
      [monitor.id, monitor.url, monitor.regexp, monitor.interval, monitor.state, monitor.active],
      [1, URL_, null, '1m', 'new', true],
    );
    assert.deepEqual(monitor.expectStatus, ['200-299']);
    assert.deepEqual(
      [monitor.timeoutMs, monitor.failuresBeforeDown, monitor.successesBeforeUp],
      [10_000, 2, 1],
    );
    assert.deepEqual(monitor.warnings, []);
    const long = await call('POST', '/api/v1/monitors/', { url: 'https://example.com/2' });
    assert.equal(long.headers.get('location'), '/api/v1/monitors/2');
  });

  it('take every setting, and tell no secret', async () => {
    const monitor = await made({
      ...{ url: 'https://u%20x:p@EXAMPLE.com:443/a/../b?q=1#part', regexp: 'a(?P<n>[0-9]+)' },
      ...{ interval: '90s', name: 'Shop', method: 'POST', headers: { 'X-Token': 'geheim' } },
      ...{ body: 'geheim\n', expectStatus: [200, '3xx', '404-410'], timeoutMs: 500 },
      ...{ followRedirects: false, keepAlive: true, bodyBytesMax: 0, failuresBeforeDown: 5 },
      ...{ successesBeforeUp: 3, tags: { team: 'pay', 'a.b': 'ü' } },
    });
    assert.equal(monitor.url, 'https://example.com/b?q=1');
    assert.deepEqual(monitor.expectStatus, ['200', '300-399', '404-410']);
    assert.deepEqual(monitor.headers, ['X-Token']);
    assert.deepEqual([monitor.credentials, monitor.requestBodyBytes], [true, 7]);
    const text = await (await call('GET', '/monitors')).text();
    assert.doesNotMatch(text + JSON.stringify(monitor), /geheim|u%20x|dSB4OnA/);
    const { settings, intervalMs, tags } = desk.monitors[0]!;
    assert.equal(settings.authorization, `Basic ${Buffer.from('u x:p').toString('base64')}`);
    assert.deepEqual([settings.headers, settings.body], [{ 'X-Token': 'geheim' }, 'geheim\n']);
    assert.deepEqual([intervalMs, tags], [90_000, { team: 'pay', 'a.b': 'ü' }]);
  });

  it('of the same url and pattern are the same, switched on, with what was given', async () => {
    await made({ url: URL_, name: 'one', timeoutMs: 700, regexp: 'ok' });
    assert.equal((await call('DELETE', '/monitors/1/')).status, 200);
    const again = await post({ url: `${URL_}#x`, interval: '5m', regexp: 'ok' });
    assert.equal(again.status, 200);
    const monitor = monitorChanged.parse(await again.json());
    assert.deepEqual(
      [monitor.id, monitor.active, monitor.name, monitor.interval, monitor.timeoutMs],
      [1, true, 'one', '5m', 700],
    );
    for (const other of [{ url: URL_ }, { url: URL_, regexp: 'OK' }]) {
      assert.equal((await post(other)).status, 201);
    }
  });

  it('that are there refuse what does not fit to what they have', async () => {
    await made({ url: URL_, method: 'POST', body: 'x' });
    const answer = await post({ url: URL_, method: 'GET' });
    assert.equal(answer.status, 400);
    assert.equal((await errorOf(answer)).details.field, 'body');
  });

  it('refuse what is wrong, naming the field and what was expected', async () => {
    const wrong: [object, string][] = [
      [{}, 'url'],
      [{ url: 7 }, 'url'],
      [{ url: '' }, 'url'],
      [{ url: 'example.com' }, 'url'],
      [{ url: 'ftp://example.com/' }, 'url'],
      [{ url: 'file:///etc/passwd' }, 'url'],
      [{ url: 'javascript:alert(1)' }, 'url'],
      [{ url: `https://example.com/${'a'.repeat(5_000)}` }, 'url'],
      [{ url: URL_, interval: '9s' }, 'interval'],
      [{ url: URL_, interval: '31d' }, 'interval'],
      [{ url: URL_, interval: '1500ms' }, 'interval'],
      [{ url: URL_, interval: '0s' }, 'interval'],
      [{ url: URL_, interval: '1mo' }, 'interval'],
      [{ url: URL_, interval: 60 }, 'interval'],
      [{ url: URL_, method: 'BREW' }, 'method'],
      [{ url: URL_, headers: { 'a b': 'c' } }, 'headers'],
      [{ url: URL_, headers: { a: 'b\r\nc: d' } }, 'headers'],
      [{ url: URL_, headers: { host: 'x', Host: 'y' } }, 'headers'],
      [{ url: URL_, headers: { 'Transfer-Encoding': 'chunked' } }, 'headers'],
      [{ url: URL_, body: 'x' }, 'body'],
      [{ url: URL_, method: 'POST', body: '\0' }, 'body'],
      [{ url: URL_, expectStatus: 99 }, 'expectStatus'],
      [{ url: URL_, expectStatus: '6xx' }, 'expectStatus'],
      [{ url: URL_, expectStatus: '299-200' }, 'expectStatus'],
      [{ url: URL_, expectStatus: [] }, 'expectStatus'],
      [{ url: URL_, timeoutMs: 0 }, 'timeoutMs'],
      [{ url: URL_, timeoutMs: 1e9 }, 'timeoutMs'],
      [{ url: URL_, bodyBytesMax: 1e12 }, 'bodyBytesMax'],
      [{ url: URL_, failuresBeforeDown: 0 }, 'failuresBeforeDown'],
      [{ url: URL_, name: 'a\0' }, 'name'],
      [{ url: URL_, name: '\ud800' }, 'name'],
      [{ url: URL_, tags: { 'a b': 'c' } }, 'tags'],
      [{ url: URL_, tags: { a: '' } }, 'tags'],
      [
        { url: URL_, tags: Object.fromEntries([...Array(17).keys()].map((n) => [`t${n}`, 'x'])) },
        'tags',
      ],
      [{ url: 'https://u:p@example.com/', credentials: 'a:b' }, 'credentials'],
      [{ url: 'https://u:p@example.com/', headers: { authorization: 'x' } }, 'headers'],
      [{ url: URL_, credentials: 'nobody' }, 'credentials'],
      [{ url: URL_, intervall: '1m' }, 'intervall'],
    ];
    for (const [body, field] of wrong) {
      const { message, details } = await refused(body);
      assert.equal(String(details.field).split('.')[0], field, message);
    }
  });

  it('refuse a pattern with its place and why', async () => {
    const wrong: [string, RegExp, number | undefined][] = [
      ['a(?=b)', /look-around/, 1],
      ['(?<!a)b', /look-around/, 0],
      ['(a)\\1', /back-references/, 3],
      ['a(b', /missing closing/, 1],
      ['', /a pattern/, undefined],
      ['a'.repeat(10_240), /4096 characters/, 4096],
      ['a\0b', /cannot be kept/, 1],
      ['\ud800', /cannot be kept/, 0],
      ['(a{1000}){1000}', /./, undefined],
    ];
    for (const [regexp, why, at] of wrong) {
      const { message, details } = await refused({ url: URL_, regexp });
      assert.match(message, why);
      assert.equal(details.field, 'regexp');
      if (at !== undefined) assert.equal(details.at, at, regexp.slice(0, 20));
    }
  });

  it('refuse places that may not be reached, and nothing else by its name', async () => {
    const urls = ['http://127.0.0.1/', 'http://2130706433/', 'http://[::1]/', 'http://0x7f.1/'];
    urls.push('http://10.0.0.1/', 'http://169.254.169.254/latest', 'http://[::ffff:127.0.0.1]/');
    urls.push(
      'http://localhost/',
      'http://LOCALHOST.:81/',
      'http://a.localhost/',
      'http://1.1.1.1:22/',
    );
    for (const url of urls) {
      const { code, details } = await refused({ url }, 422);
      assert.deepEqual([code, details.field], ['unprocessable', 'url'], url);
    }
    assert.equal((await post({ url: 'http://127.0.0.1:9000/' })).status, 201, 'it is listed');
    // Another name is judged by each scan: what it leads to now is not asked.
    assert.equal((await post({ url: 'http://intranet.example/' })).status, 201);
  });

  it('warn where they cannot be scanned as asked', async () => {
    const warned = async (body: object) => (await made({ url: URL_, ...body })).warnings.join('\n');
    const calm = desk.everything;
    desk.everything = { ...calm, workers: 0, slots: 0 };
    assert.match(await warned({}), /no worker/);
    desk.everything = { ...calm, busy: 600.25, slots: 512, workers: 1 };
    assert.match(await warned({}), /600\.3 scans under way on average.* room for 512/);
    desk.everything = { ...calm, workers: 2 };
    desk.ofHost = { ...calm, busy: 17 };
    assert.match(await warned({}), /example\.com have 17 .* 16 are made of one host/);
    desk.ofHost = { ...calm, busy: 16 };
    assert.equal(await warned({}), '');
    assert.match(await warned({ interval: '10s', timeoutMs: 11_000 }), /longer than the interval/);
  });

  it('that are scanned often have no more time than that', async () => {
    assert.equal((await made({ url: URL_, interval: '10s' })).timeoutMs, 10_000);
    desk = Object.assign(fakeMonitors(), { intervalMsMin: 1_000 });
    assert.equal((await made({ url: URL_, interval: '2s' })).timeoutMs, 2_000);
  });

  it('are changed but for url and pattern; null is the default', async () => {
    await made({ url: URL_, name: 'one', credentials: 'a:b', timeoutMs: 50, tags: { a: 'b' } });
    const patch = async (body: object) => {
      const answer = await call('PATCH', '/api/v1/monitors/1', body);
      assert.equal(answer.status, 200, await answer.clone().text());
      return monitorChanged.strict().parse(await answer.json());
    };
    const changed = await patch({ interval: '2m', expectStatus: '2xx', active: false });
    assert.deepEqual(
      [changed.interval, changed.expectStatus, changed.active, changed.reason, changed.name],
      ['2m', ['200-299'], false, 'inactive', 'one'],
    );
    assert.equal(changed.credentials, true);
    const reset = { name: null, credentials: null, timeoutMs: null, tags: null, interval: null };
    const plain = await patch({ ...reset, active: true });
    assert.deepEqual(
      [plain.name, plain.credentials, plain.timeoutMs, plain.tags, plain.interval, plain.active],
      [null, false, 10_000, {}, '1m', true],
    );
    await patch({ method: 'PUT', body: 'x' });
    assert.equal((await patch({ method: null, body: null })).requestBodyBytes, 0);
    for (const body of [{ url: 'https://x.example' }, { regexp: 'x' }, {}, { body: 'x' }]) {
      assert.equal((await call('PATCH', '/monitors/1', body)).status, 400, JSON.stringify(body));
    }
  });

  it('are switched off with and without the slash, twice as well, and stay', async () => {
    await made({ url: URL_ });
    for (const path of ['/monitors/1/', '/monitors/1', '/api/v1/monitors/1/']) {
      const answer = await call('DELETE', path);
      assert.equal(answer.status, 200);
      const monitor = monitorAnswer.strict().parse(await answer.json());
      assert.deepEqual(
        [monitor.active, monitor.state, monitor.reason, monitor.due],
        [false, 'unknown', 'inactive', null],
      );
    }
    assert.equal((await call('GET', '/monitors/1')).status, 200);
  });

  it('are listed page by page, and found by what they are', async () => {
    for (const n of [1, 2, 3]) await made({ url: `${URL_}${n}`, tags: { n: `a:${n}` } });
    const list = async (query: string) =>
      monitorsAnswer.strict().parse(await (await call('GET', `/monitors${query}`)).json());
    const first = await list('?limit=2');
    assert.deepEqual([first.items.map(({ id }) => id), first.next], [[1, 2], '2']);
    const rest = await list(`?limit=2&after=${first.next}`);
    assert.deepEqual([rest.items.map(({ id }) => id), rest.next], [[3], null]);
    assert.deepEqual(
      (await list('?tag=n:a:2')).items.map(({ id }) => id),
      [2],
    );
    assert.deepEqual(
      (await list('?text=HEALTH3')).items.map(({ id }) => id),
      [3],
    );
    await call('DELETE', '/monitors/2');
    assert.deepEqual(
      (await list('?active=true')).items.map(({ id }) => id),
      [1, 3],
    );
    assert.deepEqual((await list('?state=up')).items, []);
    for (const query of [
      '?tag=x',
      '?active=yes',
      '?state=ok',
      '?after=-1',
      '?limit=1001',
      '?x=1',
    ]) {
      assert.equal((await call('GET', `/monitors${query}`)).status, 400, query);
    }
  });

  const stand = (change: Partial<Monitor>) => {
    desk.monitors[0] = { ...desk.monitors[0]!, ...change };
  };

  it('tell how they stand, and that nobody scans them any more', async () => {
    await made({ url: URL_ });
    const [slotMs, sinceMs] = [Date.UTC(2022, 9, 12), Date.UTC(2022, 9, 11, 12)];
    const scanned = { lastSlotMs: slotMs, lastTotalMs: 12.5, dueMs: slotMs + 60_000, missed: 3 };
    stand({ state: 'down', stateSinceMs: sinceMs, reason: 'status', status: 503, ...scanned });
    const get = async () =>
      monitorAnswer.strict().parse(await (await call('GET', '/monitors/1')).json());
    const down = await get();
    assert.deepEqual(
      [down.state, down.since, down.reason, down.status, down.lastScan, down.due, down.missed],
      [
        ...['down', '2022-10-11T12:00:00.000Z', 'status', 503],
        ...['2022-10-12T00:00:00.000Z', '2022-10-12T00:01:00.000Z', 3],
      ],
    );
    stand({ stale: true });
    const stale = await get();
    assert.deepEqual(
      [stale.state, stale.reason, stale.since],
      ['unknown', 'stale', '2022-10-12T00:03:10.000Z'],
    );
  });

  it('show the last evidence when it is asked for', async () => {
    await made({ url: URL_ });
    const get = async () => {
      const answer = await call('GET', '/monitors/1?evidence=true');
      return monitorDetail.strict().parse(await answer.json()).evidence;
    };
    assert.equal(await get(), null);
    const slotMs = Date.UTC(2022, 9, 12);
    const tls = { subject: 'CN=x', notAfterMs: slotMs, notBeforeMs: 0, earliestExpiryMs: 1e300 };
    const evidence = { slotMs, reason: 'tls-expired', hops: [{ url: URL_, tls }], evidence: 'hi' };
    desk.evidenceOf.set(1, { slotMs, evidence });
    const shown = await get();
    assert.deepEqual([shown?.slot, shown?.reason], ['2022-10-12T00:00:00.000Z', 'tls-expired']);
    const hops = shown?.hops as { tls: object }[] | undefined;
    assert.deepEqual(hops?.[0]?.tls, {
      ...{ subject: 'CN=x', notAfter: '2022-10-12T00:00:00.000Z' },
      ...{ notBefore: '1970-01-01T00:00:00.000Z', earliestExpiry: '+275760-09-13T00:00:00.000Z' },
    });
  });

  it('that are not there are not found, whatever is asked', async () => {
    const ids = ['2', '0', 'x', '1.5', '-1', '99999999999999999999', '2147483648', '%00', '1e1'];
    for (const id of ids) {
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['GET', '/scans', undefined],
        ['GET', '/summary', undefined],
        ['POST', '/scan', undefined],
        ['DELETE', '/', undefined],
        ['PATCH', '', { name: 'x' }],
      ] as const) {
        const { status } = await call(method, `/monitors/${id}${path}`, body);
        assert.equal(status, id === '%00' ? 400 : 404, `${method} ${id}${path}`);
      }
    }
  });

  it('are changed and scanned with a key that may write alone', async () => {
    await made({ url: URL_ });
    const reader = (method: string, path: string, body?: unknown) =>
      call(method, path, body, `${KEY}-read`);
    assert.equal((await reader('POST', '/monitors', { url: URL_ })).status, 403);
    assert.equal((await reader('PATCH', '/monitors/1', { name: 'x' })).status, 403);
    assert.equal((await reader('DELETE', '/monitors/1')).status, 403);
    assert.equal((await reader('POST', '/monitors/1/scan')).status, 403);
    for (const path of ['/monitors', '/monitors/1', '/monitors/1/summary', '/api/v1/events']) {
      assert.equal((await reader('GET', path)).status, 200, path);
      assert.equal((await fetch(api.url + path)).status, 401, path);
    }
  });

  it('leave events that are read in order, by kind', async () => {
    const at = new Date(Date.UTC(2022, 9, 12));
    for (const [index, kind] of ['scan', 'price', 'scan'].entries()) {
      desk.happened.push({ id: index + 1, kind, at, data: { monitor: 1, to: 'down' } });
    }
    const get = async (query: string) =>
      eventsAnswer.strict().parse(await (await call('GET', `/api/v1/events${query}`)).json());
    const first = await get('?limit=1&kinds=scan');
    assert.deepEqual([first.items.map(({ id }) => id), first.next], [[1], '1']);
    assert.deepEqual(
      (await get('?after=1')).items.map(({ id }) => id),
      [2, 3],
    );
    assert.deepEqual(await get('?after=3'), { items: [], next: null });
    for (const query of ['?kinds=A', '?after=x', '?kinds=']) {
      assert.equal((await call('GET', `/api/v1/events${query}`)).status, 400, query);
    }
  });
});
