import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { raw, startApi, type TestApi } from '../helpers/api.ts';

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As a browser might, with any head; `fetch` would not let it. */
function status(api: TestApi, { method = 'GET', path, headers, body }: Sent): Promise<number> {
  return new Promise((resolve, reject) => {
    const to = `${api.url}${path ?? '/api/v1/pairs'}`;
    const sent = request(to, { method, headers: { ...headers }, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const POST = {
  method: 'POST',
  path: '/api/v1/metrics',
  body: '{"pair":"btcusd"}',
} as const;
const json = { 'content-type': 'application/json' };
const SECRET = 'a-secret-of-16-or-more';

describe('without keys', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.close());

  for (const host of ['localhost', 'LOCALHOST:8001', '127.0.0.1:1', '127.8.9.1', '[::1]:8001']) {
    it(`answers as ${host}`, async () => {
      assert.equal(await status(api, { headers: { host } }), 200);
    });
  }

  // A page whose name was made to resolve to loopback.
  for (const host of ['evil.example', 'evil.example:8001', '127.0.0.1.evil.example', '10.0.0.1']) {
    it(`refuses to be ${host}, to whoever reads and writes`, async () => {
      assert.equal(await status(api, { headers: { host } }), 403);
      assert.equal(await status(api, { path: '/healthz', headers: { host } }), 403);
      assert.equal(await status(api, { ...POST, headers: { ...json, host } }), 403);
    });
  }

  it('answers who sends no host, as HTTP/1.0 may', async () => {
    assert.match(await raw(api.port, 'GET /healthz HTTP/1.0\r\n\r\n'), / 200 /);
  });

  it('takes writes of programs and of its own pages', async () => {
    const own = `http://127.0.0.1:${api.port}`;
    for (const headers of [
      {},
      { origin: own },
      { origin: own, 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ]) {
      assert.equal(await status(api, { ...POST, headers: { ...json, ...headers } }), 200);
    }
  });

  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'nonsense' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ] as const) {
    it(`refuses writes of a page elsewhere: ${JSON.stringify(headers)}`, async () => {
      assert.equal(await status(api, { ...POST, headers: { ...json, ...headers } }), 403);
      const path = '/api/v1/metrics/1';
      assert.equal(await status(api, { method: 'DELETE', path, headers }), 403);
      assert.equal(await status(api, { headers }), 200, 'reading shows the page nothing');
    });
  }
});

describe('with keys', () => {
  let api: TestApi;
  const role = (name: string) => ({ authorization: `Bearer ${name}-${SECRET}` });
  before(async () => {
    const roles = ['read', 'write', 'admin'] as const;
    const keys = roles.map((name) => ({ name, role: name, secret: `${name}-${SECRET}` }));
    api = await startApi({ keys });
  });
  after(() => api.close());

  it('any name does: the key says who may', async () => {
    const headers = { ...role('read'), host: 'tidemark.example' };
    assert.equal(await status(api, { headers }), 200);
  });

  it('writing needs the role write, before the body is read', async () => {
    assert.equal(await status(api, { ...POST, headers: json }), 401);
    assert.equal(await status(api, { ...POST, headers: { ...json, ...role('read') } }), 403);
    assert.equal(await status(api, { ...POST, body: '{', headers: role('read') }), 403);
    for (const name of ['write', 'admin']) {
      assert.equal(await status(api, { ...POST, headers: { ...json, ...role(name) } }), 200);
    }
    const route = { method: 'DELETE', path: '/api/v1/metrics/1' };
    assert.equal(await status(api, { ...route, headers: role('read') }), 403);
    assert.equal(await status(api, { ...route, headers: role('write') }), 204);
  });

  it('writes of a page elsewhere are refused all the same', async () => {
    const headers = { ...json, ...role('write'), origin: 'https://evil.example' };
    assert.equal(await status(api, { ...POST, headers }), 403);
  });
});
