import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startApi, type TestApi } from '../helpers/api.ts';

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
