import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { startApi, type TestApi } from '../helpers/api.ts';
import { FakeEvents } from '../helpers/events.ts';

const APP = 'https://app.example';
const EVIL = 'https://evil.example';
const SECRET = 'a-secret-of-more-than-16';
const keys = [{ name: 'page', role: 'write', secret: SECRET }] as const;
const authorization = `Bearer ${SECRET}`;

const preflight = (api: TestApi, origin: string, path = '/api/v1/metrics') =>
  fetch(`${api.url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
      'sec-fetch-site': 'cross-site',
    },
  });

describe('pages of listed origins', () => {
  const { hub } = new FakeEvents();
  let api: TestApi;
  before(async () => {
    api = await startApi({ keys, hub, corsOrigins: [APP, 'http://localhost:3000'] });
  });
  after(async () => {
    await hub.close();
    await api.close();
  });
  const get = (path: string, origin: string, more: Record<string, string> = {}) =>
    fetch(`${api.url}${path}`, { headers: { origin, authorization, ...more } });

  it('may read, also errors and streams, and what stands in headers', async () => {
    for (const path of ['/btcusd', '/api/v1/pairs', '/nothing/here/at/all', '/api/v1/metrics/x']) {
      const answer = await get(path, APP);
      assert.equal(answer.headers.get('access-control-allow-origin'), APP, path);
      assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/, path);
      const exposed = answer.headers.get('access-control-expose-headers') ?? '';
      for (const name of ['ETag', 'X-Request-Id', 'Retry-After', 'Link', 'RateLimit-Remaining']) {
        assert.ok(exposed.split(', ').includes(name), name);
      }
      assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    }
  });

  it('may write', async () => {
    const answer = await fetch(`${api.url}/api/v1/metrics`, {
      method: 'POST',
      headers: {
        ...{ origin: APP, authorization, 'content-type': 'application/json' },
        'sec-fetch-site': 'cross-site',
      },
      body: '{"pair":"btcusd"}',
    });
    assert.equal(answer.status, 200);
  });

  it('are told before what they may send', async () => {
    const answer = await preflight(api, APP);
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get('access-control-allow-origin'), APP);
    assert.match(answer.headers.get('access-control-allow-methods') ?? '', /\bDELETE\b/);
    assert.match(answer.headers.get('access-control-allow-headers') ?? '', /\bAuthorization\b/);
    assert.equal(answer.headers.get('access-control-max-age'), '600');
  });

  it('get events, by stream and by websocket', async () => {
    const leaving = new AbortController();
    const stream = await fetch(`${api.url}/events?key=${SECRET}`, {
      headers: { origin: APP },
      signal: leaving.signal,
    });
    assert.equal(stream.headers.get('access-control-allow-origin'), APP);
    leaving.abort();
    const url = `${api.url.replace('http', 'ws')}/ws?key=${SECRET}`;
    const opened = (origin: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(url, { origin });
        socket.on('open', () => {
          socket.terminate();
          resolve(true);
        });
        socket.on('error', () => resolve(false));
      });
    assert.equal(await opened(APP), true);
    assert.equal(await opened(EVIL), false);
  });

  it('are those that are listed, exactly', async () => {
    for (const origin of [
      EVIL,
      `${APP}:8443`,
      'http://app.example',
      `${APP}.evil.example`,
      'null',
    ]) {
      const answer = await get('/btcusd', origin);
      assert.equal(answer.status, 200, 'a program may say what it likes');
      assert.equal(answer.headers.get('access-control-allow-origin'), null, origin);
      assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/);
      const before = await preflight(api, origin);
      assert.equal(before.headers.get('access-control-allow-origin'), null);
      assert.equal(before.headers.get('access-control-allow-methods'), null);
    }
  });
});

describe('pages of all origins', () => {
  it('may use the API where there are keys', async () => {
    const api = await startApi({ keys, corsOrigins: ['*'] });
    try {
      const answer = await fetch(`${api.url}/btcusd`, { headers: { origin: EVIL, authorization } });
      assert.equal(answer.headers.get('access-control-allow-origin'), EVIL);
    } finally {
      await api.close();
    }
  });

  it('may not where there are none', async () => {
    const api = await startApi({ corsOrigins: ['*'] });
    try {
      const answer = await fetch(`${api.url}/btcusd`, { headers: { origin: EVIL } });
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
      const write = { method: 'POST', headers: { origin: EVIL, 'content-type': 'text/plain' } };
      assert.equal((await fetch(`${api.url}/api/v1/metrics`, write)).status, 403);
    } finally {
      await api.close();
    }
  });
});

describe('headers of every answer', () => {
  it('keep browsers from guessing types, framing and telling on; a page has its own policy', async () => {
    const api = await startApi({ secure: true });
    try {
      for (const path of ['/btcusd', '/healthz', '/nothing/here/at/all']) {
        const { headers } = await fetch(`${api.url}${path}`);
        assert.equal(headers.get('x-content-type-options'), 'nosniff');
        assert.equal(headers.get('referrer-policy'), 'no-referrer');
        assert.equal(headers.get('x-frame-options'), 'DENY');
        assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/);
        assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
        assert.equal(headers.get('strict-transport-security'), 'max-age=31536000');
        assert.equal(headers.get('x-powered-by'), null);
        assert.equal(headers.get('access-control-allow-origin'), null);
      }
    } finally {
      await api.close();
    }
  });

  it('ask for https only where people come by it', async () => {
    const api = await startApi();
    try {
      const { headers } = await fetch(`${api.url}/healthz`);
      assert.equal(headers.get('strict-transport-security'), null);
    } finally {
      await api.close();
    }
  });
});
