import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openApiDocument } from '../../scripts/client.ts';
import { errorOf, raw, startApi, type TestApi } from '../helpers/api.ts';

let api: TestApi;
before(async () => {
  api = await startApi();
});
after(() => api.close());

describe('a path that is written out', () => {
  const cases = [
    ['PATCH', '/api/v1/rules/test', 'OPTIONS, POST'],
    ['DELETE', '/rules/test/', 'OPTIONS, POST'],
    ['PATCH', '/api/v1/alerts/preview', 'OPTIONS, POST'],
    ['DELETE', '/api/v1/alerts/events', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/feeds/opml', 'GET, HEAD, OPTIONS, POST'],
    ['GET', '/api/v1/deliveries/replay', 'OPTIONS, POST'],
  ] as const;
  for (const [method, path, allowed] of cases) {
    it(`is nobody's number: ${method} ${path}`, async () => {
      const answer = await fetch(api.url + path, { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), allowed);
      const options = await fetch(api.url + path, { method: 'OPTIONS' });
      assert.equal(options.headers.get('allow'), allowed);
    });
  }

  it('leaves the numbers beside it as they are', async () => {
    assert.equal((await fetch(`${api.url}/api/v1/rules/1`)).status, 404);
    assert.equal((await fetch(`${api.url}/rules/none`)).status, 404);
  });
});

it('a page may begin behind any number that a thing can have', async () => {
  for (const path of ['/api/v1/metrics?after=2147483647', '/monitors?after=2147483647']) {
    assert.equal((await fetch(api.url + path)).status, 200, path);
  }
  assert.equal((await fetch(`${api.url}/monitors?after=2147483648`)).status, 400);
});

describe('every path of the document', () => {
  const PLACES: Readonly<Record<string, string>> = { id: '1', pair: 'btcusd', exchange: 'kraken' };
  for (const [path, methods] of Object.entries(openApiDocument().paths)) {
    const there = Object.keys(methods).map((method) => method.toUpperCase());
    if (there.includes('GET')) there.push('HEAD');
    const allowed = [...there, 'OPTIONS'].sort();
    const allow = allowed.join(', ');
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => PLACES[name] ?? name);

    it(`says exactly what can be done there: ${path} (${allow})`, async () => {
      const options = await fetch(api.url + filled, { method: 'OPTIONS' });
      assert.deepEqual([options.status, await options.text()], [204, '']);
      assert.equal(options.headers.get('allow'), allow);
      assert.equal(options.headers.get('access-control-allow-origin'), null);
      const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'LOCK'];
      for (const method of others.filter((other) => !allowed.includes(other))) {
        const answer = await fetch(api.url + filled, { method });
        assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allow], method);
        if (method === 'HEAD') continue;
        const { code, details } = await errorOf(answer);
        assert.deepEqual([code, details.allowed], ['method-not-allowed', allowed], method);
      }
    });

    it(`is no place to trace or to tunnel: ${path}`, async () => {
      for (const [method, wanted] of [['TRACE', allow] as const, ['CONNECT', ''] as const]) {
        const head = `${method} ${filled} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
        const answer = await raw(api.port, head);
        assert.match(answer, /^HTTP\/1\.1 405 /, method);
        assert.equal(/^Allow: ?([^\r]*)\r$/m.exec(answer)?.[1], wanted, method);
        const { error } = JSON.parse(answer.split('\r\n\r\n')[1]!);
        assert.equal(error.code, 'method-not-allowed');
      }
    });
  }
});
