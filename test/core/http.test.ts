import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { createHttp, type HttpClient, type HttpRequest, retryAfterMs } from '../../core/http.ts';
import { HttpError, type HttpFault } from '../../core/http-error.ts';
import { createGate } from '../../core/targets.ts';
import { ManualClock } from '../helpers/clock.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const MEGABYTE = 1_000_000;

describe('the outbound client', () => {
  let upstream: Upstream;
  let http: HttpClient;

  before(() => {
    http = createHttp({ clock: systemClock, version: '1.2.3', gate: createGate() });
  });
  after(() => http.close());
  beforeEach(async () => {
    upstream = await startUpstream();
  });
  afterEach(() => upstream.close());

  const get = (path: string, more: Partial<HttpRequest> = {}) =>
    http.fetch({
      url: upstream.url + path,
      deadlineMs: 5_000,
      bytesMax: MEGABYTE,
      from: 'operator',
      ...more,
    });
  const faulty = (fault: HttpFault) => (error: unknown) =>
    error instanceof HttpError && error.fault === fault
      ? true
      : assert.fail(`wanted ${fault}, got ${String(error)}`);

  it('brings any status whole, with lower-case headers, and says who asks', async () => {
    upstream.set('/a?b=1', { status: 503, headers: { 'Retry-After': '7' }, body: { away: true } });
    const answer = await get('/a?b=1');
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '7');
    assert.equal(answer.body.toString(), '{"away":true}');
    assert.equal(answer.url, `${upstream.url}/a?b=1`);
    assert.equal(upstream.headers[0]?.['user-agent'], 'tidemark/1.2.3');
    assert.equal(upstream.headers[0]?.['accept-encoding'], 'gzip, br');
  });

  it('decodes gzip and br', async () => {
    upstream.set('/gz', { body: 'x'.repeat(5_000), gzip: true });
    const br = brotliCompressSync('y'.repeat(5_000));
    upstream.set('/br', { body: br, headers: { 'content-encoding': 'br' } });
    assert.equal((await get('/gz')).body.length, 5_000);
    assert.equal((await get('/br')).body.toString(), 'y'.repeat(5_000));
  });

  it('keeps connections for the next requests', async () => {
    upstream.set('/a', { body: 'a' });
    for (let time = 0; time < 10; time += 1) await get('/a');
    assert.ok(upstream.connections <= 2, `${upstream.connections} connections`);
  });

  it('asks once more when the connection had just been closed, and only once', async () => {
    upstream.set('/once', { reset: true }, { body: 'there' });
    assert.equal((await get('/once')).body.toString(), 'there');
    upstream.set('/twice', { reset: true });
    await assert.rejects(get('/twice'), faulty('reset'));
    assert.equal(upstream.requests.filter((path) => path === '/twice').length, 2);
  });

  it('does not repeat a request that carries a body', async () => {
    upstream.set('/post', { reset: true });
    await assert.rejects(get('/post', { method: 'POST', body: 'x' }), faulty('reset'));
    assert.equal(upstream.requests.length, 1);
  });

  it('caps the decoded bytes: a small bomb is not let in', async () => {
    upstream.set('/bomb', { body: Buffer.alloc(20 * MEGABYTE), gzip: true });
    await assert.rejects(get('/bomb'), faulty('too-large'));
    upstream.set('/plain', { body: 'x'.repeat(101) });
    await assert.rejects(get('/plain', { bytesMax: 100 }), faulty('too-large'));
    assert.equal((await get('/plain', { bytesMax: 101 })).body.length, 101);
  });

  it('names a cut body, cut compression, and compression that is none', async () => {
    upstream.set('/cut', { body: 'x'.repeat(1_000), cutAfter: 100 });
    await assert.rejects(get('/cut'), faulty('truncated'));
    const half = gzipSync('x'.repeat(1_000)).subarray(0, 15);
    upstream.set('/half', { body: half, headers: { 'content-encoding': 'gzip' } });
    await assert.rejects(get('/half'), faulty('truncated'));
    upstream.set('/not', { body: 'plain', headers: { 'content-encoding': 'gzip' } });
    await assert.rejects(get('/not'), faulty('encoding'));
    upstream.set('/odd', { body: 'plain', headers: { 'content-encoding': 'zstd' } });
    await assert.rejects(get('/odd'), faulty('encoding'));
  });

  it('names an answer that is not HTTP', async () => {
    const server = createServer((socket) => {
      // Unread, the request would keep the connection from its end.
      socket.resume();
      socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/`;
    await assert.rejects(get('', { url }), faulty('protocol'));
    await new Promise((done) => server.close(done));
  });

  it('refuses redirects unless told how many, then follows them by hand', async () => {
    upstream.set('/from', { status: 302, headers: { location: '/to' } });
    upstream.set('/to', { body: 'end' });
    await assert.rejects(get('/from'), faulty('redirect'));
    const answer = await get('/from', { redirectsMax: 1 });
    assert.deepEqual([answer.body.toString(), answer.redirects], ['end', 1]);
    upstream.set('/loop', { status: 301, headers: { location: '/loop' } });
    await assert.rejects(get('/loop', { redirectsMax: 5 }), faulty('redirect'));
    upstream.set('/file', { status: 301, headers: { location: 'file:///etc/passwd' } });
    await assert.rejects(get('/file', { redirectsMax: 5 }), faulty('target'));
  });

  it('makes one request and no more where it is told to', async () => {
    upstream.set('/from', { status: 301, headers: { location: '/to' }, body: 'moved' });
    const answer = await get('/from', { once: true });
    assert.deepEqual([answer.status, answer.headers.location], [301, '/to']);
    assert.equal(answer.body.length, 0);
    upstream.set('/closed', { reset: true }, { body: 'there' });
    await assert.rejects(get('/closed', { once: true }), faulty('reset'));
    upstream.set('/long', { status: 404, body: 'x'.repeat(101) });
    assert.equal((await get('/long', { once: true, bytesMax: 100 })).status, 404);
    assert.deepEqual(upstream.requests, ['/from', '/closed', '/long']);
  });

  it('sends a redirect to another origin through the gate, without credentials', async () => {
    const other = await startUpstream();
    try {
      other.set('/secret', { body: 'inside' });
      const location = `${other.url}/secret`;
      upstream.set('/out', { status: 302, headers: { location } });
      await assert.rejects(get('/out', { redirectsMax: 2 }), faulty('target'));
      assert.equal(other.requests.length, 0);
      const place = other.url.replace('http://', '');
      const gate = createGate({ allowPrivate: [place] });
      const free = createHttp({ clock: systemClock, version: '1', gate });
      const headers = { Authorization: 'Bearer x', Cookie: 'a=b', 'X-Kept': '1' };
      const request = { url: `${upstream.url}/out`, deadlineMs: 5_000, bytesMax: 1_000, headers };
      const answer = await free.fetch({ ...request, redirectsMax: 2, from: 'operator' });
      await free.close();
      assert.equal(answer.body.toString(), 'inside');
      assert.equal(upstream.headers[1]?.authorization, 'Bearer x');
      assert.deepEqual(
        [other.headers[0]?.authorization, other.headers[0]?.cookie, other.headers[0]?.['x-kept']],
        [undefined, undefined, '1'],
      );
    } finally {
      await other.close();
    }
  });

  it('lets nobody’s URL into the private network: literals, names, odd spellings', async () => {
    const { port } = new URL(upstream.url);
    const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]'];
    for (const host of hosts) {
      const url = `http://${host}:${port}/`;
      await assert.rejects(get('', { url, from: 'user' }), faulty('target'), host);
    }
    await assert.rejects(get('', { url: 'http://u:p@a.example/', from: 'user' }), faulty('target'));
    await assert.rejects(get('', { url: 'ftp://a.example/', from: 'user' }), faulty('target'));
    await assert.rejects(get('', { url: 'no url', from: 'operator' }), faulty('target'));
    assert.equal(upstream.requests.length, 0);
  });

  it('lets a user’s URL reach a private place that the operator lists', async () => {
    const gate = createGate({ allowPrivate: [upstream.url.replace('http://', '')] });
    const free = createHttp({ clock: systemClock, version: '1', gate });
    upstream.set('/ok', { body: 'ok' });
    const url = `${upstream.url}/ok`;
    const answer = await free.fetch({ url, deadlineMs: 5_000, bytesMax: 100, from: 'user' });
    assert.equal(answer.body.toString(), 'ok');
    await free.close();
  });

  it('names a refused connection and an unknown host', async () => {
    const { url } = upstream;
    await upstream.close();
    await assert.rejects(get('', { url }), faulty('connect'));
    upstream = await startUpstream();
    const gone = 'http://nowhere.invalid/';
    await assert.rejects(get('', { url: gone }), (error) => {
      assert.ok(error instanceof HttpError && ['dns', 'connect'].includes(error.fault));
      return true;
    });
  });

  it('cancels at once when the caller leaves', async () => {
    upstream.set('/silent', { silent: true });
    const leave = new AbortController();
    const asked = get('/silent', { signal: leave.signal });
    leave.abort();
    await assert.rejects(asked, faulty('cancelled'));
  });
});

describe('the deadline', () => {
  for (const fault of ['silent', 'stall'] as const) {
    it(`is for the whole answer: a ${fault} server is left when it is over`, async () => {
      const clock = new ManualClock();
      const upstream = await startUpstream();
      const http = createHttp({ clock, version: '1' });
      upstream.set('/', { [fault]: true, body: 'x'.repeat(100) });
      const request = { url: `${upstream.url}/`, deadlineMs: 4_000, bytesMax: 1_000 };
      const asked = http.fetch({ ...request, from: 'operator' });
      const outcome = assert.rejects(
        asked,
        (error) => error instanceof HttpError && error.fault === 'deadline',
      );
      await clock.advance(3_999);
      assert.equal(clock.waiting, 1);
      await clock.advance(1);
      await outcome;
      await http.close();
      await upstream.close();
    });
  }
});

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  const cases: [string | undefined, number | undefined][] = [
    ['63', 63_000],
    [' 0 ', 0],
    ['1.5', 1_500],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['-5', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    ['99999999999999', undefined],
  ];
  for (const [value, want] of cases) {
    it(`${JSON.stringify(value)} is ${want} ms`, () => {
      assert.equal(retryAfterMs(value, nowMs), want);
    });
  }
});
