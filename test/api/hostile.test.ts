import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errorOf, fakeInflux, raw, startApi, type TestApi } from '../helpers/api.ts';

let api: TestApi;
const influx = fakeInflux(async function* () {});
before(async () => {
  api = await startApi({ influx });
});
after(() => api.close());

/** The status line and JSON body of a request whose path is sent exactly as it stands. */
async function send(path: string, method = 'GET') {
  const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  const answer = await raw(api.port, head);
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  return { status: Number(answer.split(' ')[1]), answer, body };
}

describe('a hostile request gets a clear refusal', () => {
  const cases: readonly [string, string, number, RegExp][] = [
    ['a NUL', '/%00', 400, /control character/],
    ['a NUL in a pair', '/btc%00usd', 400, /control character/],
    ['a line end', '/btcusd%0d%0aSet-Cookie:x', 400, /control character/],
    ['bad UTF-8', '/%ff%fe', 400, /percent-encoded/],
    ['an overlong encoding', '/%c0%af', 400, /percent-encoded/],
    ['half an escape', '/btc%2', 400, /percent-encoded/],
    ['a lone percent', '/100%', 400, /percent-encoded/],
    ['a surrogate', '/%ed%a0%80', 400, /percent-encoded/],
    ['a long pair', `/${'a'.repeat(5000)}`, 400, /not a pair/],
    ['white space', '/btc%20usd', 400, /not a pair/],
    ['a path upwards', '/..%2f..%2fetc%2fpasswd', 404, /no pair/],
    ['many segments', '/a/b/c/d', 404, /nothing at/],
    ['an unknown version', '/api/v2/pairs', 404, /nothing at/],
    ['a prototype', '/__proto__', 404, /no pair/],
    ['a constructor', '/constructor', 404, /no pair/],
    ['Flux', '/x%22)%7C%3Eto(bucket:%22x%22)', 404, /no pair/],
    ['an unknown parameter', '/btcusd?durations=1h', 400, /unknown parameter .*durations/],
    ['a repeated parameter', '/btcusd?duration=1h&duration=2h', 400, /more than once/],
    ['a prototype parameter', '/btcusd?__proto__=1', 400, /unknown parameter/],
    ['an array parameter', '/btcusd?duration[]=1h', 400, /unknown parameter/],
    ['a bad escape in a parameter', '/btcusd?duration=%zz', 400, /percent-encoded/],
    ['a NUL in a parameter', '/btcusd?exchange=a%00', 400, /control character/],
    ['an empty exchange', '/btcusd?exchange=', 400, /parameter exchange/],
    ['a long exchange', `/btcusd?exchange=${'x'.repeat(65)}`, 400, /parameter exchange/],
    ['a parameter where none is', '/healthz?x=1', 400, /unknown parameter/],
    ['a limit of zero', '/api/v1/pairs?limit=0', 400, /parameter limit/],
    ['a limit over the most', '/api/v1/pairs?limit=1001', 400, /parameter limit/],
    ['a limit that is no number', '/api/v1/pairs?limit=1e2', 400, /parameter limit/],
  ];
  for (const [title, path, status, message] of cases) {
    it(`for ${title}`, async () => {
      const got = await send(path);
      assert.equal(got.status, status);
      assert.match(JSON.parse(got.body).error.message, message);
      assert.ok(got.body.length < 1000, 'the answer does not repeat the attack');
    });
  }

  it('for a head that is too long', async () => {
    const got = await send(`/${'a'.repeat(20_000)}`);
    assert.equal(got.status, 431);
    assert.equal(JSON.parse(got.body).error.code, 'too-large');
  });

  it('for what is not HTTP', async () => {
    const answer = await raw(api.port, 'HELLO\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]!).error.code, 'invalid');
  });

  it('and none of it reaches InfluxDB', () => {
    assert.deepEqual(influx.asked, []);
  });
});

describe('methods', () => {
  it('that a route does not know get 405 and what it allows', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE']) {
      const { status, answer } = await send('/btcusd', method);
      assert.equal(status, 405, method);
      assert.match(answer, /^Allow: GET, HEAD, OPTIONS\r$/m);
    }
  });

  it('OPTIONS says what is allowed and opens nothing to other origins', async () => {
    const { status, answer } = await send('/api/v1/pairs', 'OPTIONS');
    assert.equal(status, 204);
    assert.match(answer, /^Allow: GET, HEAD, OPTIONS\r$/m);
    assert.doesNotMatch(answer, /access-control/i);
  });

  it('on a reserved word find nothing', async () => {
    assert.equal((await send('/robots.txt', 'POST')).status, 404);
    assert.equal((await send('/robots.txt', 'OPTIONS')).status, 404);
  });
});

it('a path without /api/v1, where only that has it, is told where it is', async () => {
  for (const path of ['/exchanges', '/pairs', '/ranks', '/movers', '/exchanges/kraken']) {
    const answer = await fetch(`${api.url}${path}`);
    assert.equal(answer.status, 404);
    const { details } = await errorOf(answer);
    assert.deepEqual(details, { index: '/api/v1', near: [`/api/v1${path}`] });
  }
});

describe('headers', () => {
  it('of every answer tell browsers to guess nothing', async () => {
    for (const path of ['/', '/btcusd', '/nothing/at/all', '/%00']) {
      const { headers } = await fetch(`${api.url}${path}`);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  it('carry the request id of the caller, unless it could harm a log', async () => {
    const idFor = async (id: string) => {
      const answer = await fetch(`${api.url}/healthz`, { headers: { 'x-request-id': id } });
      return answer.headers.get('x-request-id');
    };
    assert.equal(await idFor('abc-123'), 'abc-123');
    assert.match((await idFor('x'.repeat(65))) ?? '', /^request-\d+$/);
    assert.match((await idFor('a b')) ?? '', /^request-\d+$/);
  });
});

it('an error never holds a stack trace', async () => {
  const broken = await startApi({
    catalog: {
      exchangesOf: () => Promise.reject(new Error('inside at file.ts:1')),
      nearPairs: async () => [],
      pairs: async () => [],
      exchanges: async () => [],
      listedExchanges: async () => [],
    },
  });
  try {
    const error = await errorOf(await fetch(`${broken.url}/btcusd`));
    assert.equal(error.code, 'internal');
    assert.doesNotMatch(JSON.stringify(error), /inside| at |\.ts/);
  } finally {
    await broken.close();
  }
});
