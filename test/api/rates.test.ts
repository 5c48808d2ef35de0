import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clientAddress, clientOf } from '../../api/http/address.ts';
import { Buckets, limitOf, rateHeaders } from '../../api/keys/rates.ts';
import { addressRanges } from '../../core/address-ranges.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import { FakeKeys, servingFrom } from '../helpers/keys.ts';

describe('buckets', () => {
  it('give a burst after a rest, and then the rate', async () => {
    const clock = new ManualClock();
    const buckets = new Buckets(clock);
    const limit = limitOf(2);
    const taken = () => buckets.take('a', limit);
    assert.deepEqual(limit, { perSecond: 2, burst: 8 });
    for (let left = 7; left >= 0; left -= 1) assert.equal(taken().left, left);
    const refused = taken();
    assert.deepEqual([refused.ok, refused.left, refused.waitMs], [false, 0, 500]);
    assert.ok(buckets.take('b', limit).ok, 'each has its own');
    await clock.advance(499);
    assert.equal(taken().ok, false);
    await clock.advance(1);
    assert.equal(taken().ok, true);
    await clock.advance(60_000);
    assert.equal(taken().left, 7, 'no more than the burst');
  });

  it('are bounded: the one that was not asked for longest is forgotten', () => {
    const buckets = new Buckets(new ManualClock(), 3);
    const limit = limitOf(0.25);
    for (const name of ['a', 'b', 'c', 'a', 'd']) buckets.take(name, limit);
    assert.equal(buckets.size, 3);
    assert.equal(buckets.take('a', limit).ok, false, 'still known');
    assert.equal(buckets.take('b', limit).ok, true, 'forgotten, and so full');
  });

  it('are told in headers', () => {
    const limit = limitOf(0.5);
    const taken = new Buckets(new ManualClock()).take('a', limit);
    assert.deepEqual(rateHeaders(limit, taken), {
      'RateLimit-Limit': '2',
      'RateLimit-Remaining': '1',
      'RateLimit-Reset': '2',
      'RateLimit-Policy': '2;w=4',
    });
  });
});

describe('addresses of clients', () => {
  const context = (remoteAddress: string, forwarded = '') =>
    ({ req: { socket: { remoteAddress } }, get: () => forwarded }) as never;
  const proxies = addressRanges(['10.0.0.0/8', '::1', '2001:db8::/32']);
  for (const [remote, forwarded, expected] of [
    ['192.0.2.1', '', '192.0.2.1'],
    ['::ffff:192.0.2.1', '', '192.0.2.1'],
    ['192.0.2.1', '1.2.3.4', '192.0.2.1'],
    ['10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['::ffff:10.0.0.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
    ['10.0.0.1', '6.6.6.6, 1.2.3.4, 10.9.9.9', '1.2.3.4'],
    ['10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '1.2.3.4:567', '1.2.3.4'],
    ['::1', '[2001:DB8::7]:80, 10.0.0.9', '2001:db8::7'],
    ['::1', '2001:db9::7', '2001:db9::7'],
    ['10.0.0.1', `${'6.6.6.6,'.repeat(100)}`, '10.0.0.1'],
  ] as const) {
    it(`${remote} for "${forwarded.slice(0, 40)}" is ${expected}`, () => {
      assert.equal(clientAddress(context(remote, forwarded), proxies), expected);
    });
  }

  it('count as one by the network that one machine is given', () => {
    assert.equal(clientOf('192.0.2.1'), '192.0.2.1');
    assert.equal(clientOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(clientOf('2001:db8:1:2::9'), '2001:db8:1:2::/64');
    assert.equal(clientOf('::1'), '0:0:0:0::/64');
  });

  it('of ranges that are none are refused', () => {
    for (const wrong of [
      '10.0.0.0/33',
      '10.0.0/8',
      'proxy',
      '::1/129',
      '10.0.0.0/8/8',
      '1.2.3.4/',
    ]) {
      assert.throws(() => addressRanges([wrong]), { code: 'invalid' }, wrong);
    }
  });
});

const SHORT = 'short-secret-of-24-chars';
const LONG = 'a-long-secret-of-more-than-32-characters';

describe('requests', () => {
  const clock = new ManualClock();
  const source = new FakeKeys(clock);
  let api: TestApi;
  let close: () => Promise<void>;
  before(async () => {
    const keys = [
      { name: 'short', role: 'read', secret: SHORT },
      { name: 'long', role: 'read', secret: LONG },
    ] as const;
    const serving = await servingFrom(source, { clock, keys });
    const proxies = addressRanges(['127.0.0.1']);
    api = await startApi({ ...serving, clock, proxies, apiRate: 2 });
    close = () => serving.keyring.close();
  });
  after(async () => {
    await close();
    await api.close();
  });
  const get = (path: string, { secret, from = '1.1.1.1' }: { secret?: string; from?: string }) =>
    fetch(`${api.url}${path}`, {
      headers: { 'x-forwarded-for': from, ...(secret && { authorization: `Bearer ${secret}` }) },
    });
  const statuses = async (count: number, ask: () => Promise<Response>) => {
    const found = [];
    for (let i = 0; i < count; i += 1) found.push((await ask()).status);
    return found;
  };

  it('of one key are limited wherever they come from, and say so', async () => {
    await clock.advance(60_000);
    const first = await get('/api/v1/me', { secret: LONG });
    assert.equal(first.headers.get('ratelimit-limit'), '8');
    assert.equal(first.headers.get('ratelimit-remaining'), '7');
    assert.deepEqual(((await first.json()) as { limits: object }).limits, {
      ratePerSecond: 2,
      burst: 8,
    });
    const more = await statuses(8, () => get('/api/v1/me', { secret: LONG, from: '2.2.2.2' }));
    assert.deepEqual(more, [...new Array(7).fill(200), 429]);
    const refused = await get('/api/v1/me', { secret: LONG });
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(refused.headers.get('ratelimit-remaining'), '0');
    const { code, details } = await errorOf(refused);
    assert.equal(code, 'too-many-requests');
    assert.deepEqual(details, { ratePerSecond: 2, burst: 8, retryAfterMs: 500 });
    assert.equal((await get('/api/v1/me', { secret: SHORT })).status, 200, 'another key');
    await clock.advance(500);
    assert.equal((await get('/api/v1/me', { secret: LONG })).status, 200);
  });

  it('without a key are limited by address, but for health', async () => {
    await clock.advance(60_000);
    const ask = (from: string) => () => get('/openapi.json', { from });
    assert.deepEqual(await statuses(9, ask('3.3.3.3')), [...new Array(8).fill(200), 429]);
    assert.equal((await get('/openapi.json', { from: '3.3.3.4' })).status, 200);
    assert.equal((await get('/btcusd', { from: '3.3.3.3' })).status, 429);
    assert.equal((await get('/healthz', { from: '3.3.3.3' })).status, 200);
  });

  it('with wrong keys end soon, and what is right is then not told from what is wrong', async () => {
    await clock.advance(600_000);
    let asked = 0;
    // Two a second are below the limit of requests; guesses are few whatever that is.
    const guess = async (secret = `guess-number-${asked}`) => {
      asked += 1;
      await clock.advance(1);
      return (await get('/healthz', { secret, from: '4.4.4.4' })).status;
    };
    const before = [];
    for (let i = 0; i < 20; i += 1) before.push(await guess());
    assert.deepEqual(before, new Array(20).fill(200), 'health is open, the guesses are counted');
    assert.equal(await guess(), 429);
    assert.equal(await guess(SHORT), 429);
    assert.equal(await guess(LONG), 200, 'nobody guesses this one');
    assert.equal((await get('/btcusd', { secret: SHORT, from: '5.5.5.5' })).status, 200);
    await clock.advance(3_000);
    assert.equal(await guess(SHORT), 200);
  });

  it('are counted', async () => {
    await clock.advance(60_000);
    const { text } = await api.metrics.read();
    assert.match(text, /^tidemark_http_limited_total\{sender="key"\} [1-9]/m);
    assert.match(text, /^tidemark_http_limited_total\{sender="stranger"\} [1-9]/m);
    assert.match(text, /^tidemark_http_unknown_keys_total [1-9]/m);
  });
});

it('while there are no keys nothing is limited', async () => {
  const api = await startApi({ apiRate: 0.25 });
  try {
    for (let i = 0; i < 5; i += 1) {
      const answer = await fetch(`${api.url}/api/v1/me`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('ratelimit-limit'), null);
      assert.deepEqual(await answer.json(), {
        ...{ name: 'anybody', role: 'admin', source: 'open', id: null, expires: null },
        limits: { ratePerSecond: 0, burst: 0 },
      });
    }
  } finally {
    await api.close();
  }
});
