import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertSafeHost, type Caller, demandRole } from '../../api/keys/auth.ts';
import { settingsKeyring } from '../../api/keys/keyring.ts';
import { listen } from '../../api/server.ts';
import { systemClock as clock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import { silentLog as log } from '../../core/log.ts';
import { startApi, type TestApi } from '../helpers/api.ts';

const keys = [
  { name: 'grafana', role: 'read', secret: 'a-secret-for-reading' },
  { name: 'ops', role: 'admin', secret: 'a-secret-for-everything' },
] as const;

describe('with keys', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi({
      keys,
      probes: [{ name: 'influx', check: async () => ({ ok: false, reason: 'http://10.0.0.1' }) }],
    });
  });
  after(() => api.close());

  const get = (path: string, authorization?: string) =>
    fetch(`${api.url}${path}`, authorization ? { headers: { authorization } } : {});

  it('reading needs one', async () => {
    for (const path of ['/btcusd', '/BTC/USD', '/api/v1/pairs', '/api/v1/exchanges', '/metrics']) {
      const answer = await get(path);
      assert.equal(answer.status, 401, path);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
      assert.equal((await get(path, 'Bearer a-secret-for-reading')).status, 200, path);
    }
  });

  for (const header of [
    'Bearer a-secret-for-reading',
    'Token a-secret-for-reading',
    'bearer a-secret-for-everything',
  ]) {
    it(`takes "${header}"`, async () => assert.equal((await get('/btcusd', header)).status, 200));
  }
  for (const header of [
    'Bearer wrong',
    'Bearer ',
    'Bearer',
    'a-secret-for-reading',
    'Basic a-secret-for-reading',
    'Bearer a-secret-for-readinG',
    'Bearer a-secret-for-reading-and-more',
    'Bearer grafana',
  ]) {
    it(`refuses "${header}"`, async () => assert.equal((await get('/btcusd', header)).status, 401));
  }

  it('health needs none, and readiness keeps its reasons from strangers', async () => {
    assert.equal((await get('/healthz')).status, 200);
    const stranger = await get('/readyz');
    assert.equal(stranger.status, 503);
    assert.doesNotMatch(await stranger.text(), /10\.0\.0\.1/);
    assert.match(await (await get('/readyz', `Bearer ${keys[0].secret}`)).text(), /10\.0\.0\.1/);
  });

  it('a refusal says nothing of the secret', async () => {
    assert.doesNotMatch(await (await get('/btcusd', 'Bearer guess')).text(), /guess/);
  });
});

it('a role may do what is below it and nothing above', () => {
  const keyring = settingsKeyring({ settings: keys, host: '127.0.0.1', clock, log });
  const callerOf = (secret: string): Caller => keyring.identify(secret)!.caller;
  const reader = callerOf('a-secret-for-reading');
  demandRole(reader, 'read');
  demandRole(callerOf('a-secret-for-everything'), 'write');
  assert.throws(() => demandRole(reader, 'write'), { code: 'forbidden' });
  assert.throws(() => demandRole(undefined, 'read'), { code: 'unauthorized', message: /needs an/ });
  const sent = { code: 'unauthorized', message: /not known, or it is revoked or has expired/ };
  assert.throws(() => demandRole(undefined, 'read', true), sent);
});

describe('without keys', () => {
  for (const host of ['127.0.0.1', '127.8.9.1', 'localhost', '::1', '[::1]', 'LOCALHOST']) {
    it(`${host} is served`, () => assertSafeHost(host, false));
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.0.0.1.example.com', '']) {
    it(`"${host}" is refused, with a key it is served`, () => {
      assert.throws(() => assertSafeHost(host, false), /tidemark keys create.*set API_KEYS/);
      assertSafeHost(host, true);
    });
  }

  it('the server itself refuses to listen beyond loopback', async () => {
    const { default: Koa } = await import('koa');
    const host = '0.0.0.0';
    const keyring = settingsKeyring({ settings: [], host, clock, log });
    await assert.rejects(
      listen({ app: new Koa(), host, port: 0, keyring, clock }),
      (error) => error instanceof TidemarkError && error.code === 'invalid',
    );
  });
});
