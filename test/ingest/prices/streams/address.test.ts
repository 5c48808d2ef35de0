import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isCode } from '../../../../core/errors.ts';
import { createHttp, type HttpClient } from '../../../../core/http.ts';
import { silentLog } from '../../../../core/log.ts';
import { exchanges } from '../../../../ingest/prices/exchanges/list.ts';
import { Refusal } from '../../../../ingest/prices/refusal.ts';
import { createAddress } from '../../../../ingest/prices/streams/address.ts';
import { ManualClock } from '../../../helpers/clock.ts';
import { startUpstream, type Upstream } from '../../../helpers/upstream.ts';

const TICKET = '/api/v1/bullet-public';
const never = new AbortController().signal;

describe('where a stream is', () => {
  let clock: ManualClock;
  let http: HttpClient;
  let upstream: Upstream;
  let pauses: Map<string, number>;

  beforeEach(async () => {
    clock = new ManualClock();
    http = createHttp({ clock, version: '1' });
    upstream = await startUpstream();
    pauses = new Map();
  });
  afterEach(async () => {
    await http.close();
    await upstream.close();
  });

  const addressOf = (id: string, streamUrl?: string) => {
    const adapter = exchanges.find((each) => each.id === id);
    assert.ok(adapter?.stream);
    const options = {
      ...{ exchange: { adapter, baseUrl: upstream.url }, http, clock, pauses, streamUrl },
      ...{ deadlineMs: 5_000, intervalMs: 1_000, random: Math.random, log: silentLog },
      connect: () => assert.fail('only the address is asked'),
    };
    return createAddress(options, adapter.stream);
  };

  it('is what the exchange documents, or that path elsewhere', async () => {
    const own = await addressOf('binance')(never, 'c');
    assert.equal(own, 'wss://stream.binance.com:9443/ws/!miniTicker@arr');
    const there = await addressOf('binance', 'ws://127.0.0.1:9001')(never, 'c');
    assert.equal(there, 'ws://127.0.0.1:9001/ws/!miniTicker@arr');
    assert.equal(await addressOf('kraken', 'ws://h:1/')(never, 'c'), 'ws://h:1/v2');
  });

  it('is asked for with a POST where a ticket is needed, anew for each connection', async () => {
    let methods = '';
    upstream.set(TICKET, (request) => {
      methods += request.method;
      const instanceServers = [{ endpoint: 'wss://ws-api-spot.kucoin.com/', pingInterval: 18000 }];
      return { body: { code: '200000', data: { token: `t${methods.length}=`, instanceServers } } };
    });
    const next = addressOf('kucoin');
    assert.equal(
      await next(never, 'one'),
      'wss://ws-api-spot.kucoin.com/?token=t4%3D&connectId=one',
    );
    const moved = await addressOf('kucoin', 'ws://127.0.0.1:9')(never, 'two');
    assert.equal(moved, 'ws://127.0.0.1:9/?token=t8%3D&connectId=two');
    assert.equal(methods, 'POSTPOST');
  });

  it('is not asked for while the host wants to be left alone, whoever was told so', async () => {
    upstream.set(TICKET, { status: 429, headers: { 'retry-after': '30' }, body: {} });
    const next = addressOf('kucoin');
    const refused = (pauseMs: number) => (error: unknown) =>
      error instanceof Refusal && error.reason === 'rate-limited' && error.pauseMs === pauseMs;
    await assert.rejects(next(never, 'c'), refused(30_000));
    assert.equal(pauses.get(upstream.url), clock.nowMs() + 30_000);
    clock.jump(10_000);
    await assert.rejects(next(never, 'c'), refused(20_000));
    assert.equal(upstream.requests.length, 1);
    clock.jump(20_000);
    await assert.rejects(next(never, 'c'));
    assert.equal(upstream.requests.length, 2);
  });

  it('is refused when the answer is none', async () => {
    const reasons: [object, string][] = [
      [{ body: '<html>', headers: { 'content-type': 'text/html' } }, 'html'],
      [{ body: '{"code":"2000' }, 'not-json'],
      [{ body: { code: '200000', data: { token: 't' } } }, 'shape'],
      [{ reset: true }, 'reset'],
      [{ body: 'x'.repeat(100_000) }, 'too-large'],
    ];
    for (const [reply, reason] of reasons) {
      upstream.set(TICKET, reply);
      await assert.rejects(
        addressOf('kucoin')(never, 'c'),
        (error) => error instanceof Refusal && error.reason === reason,
        reason,
      );
    }
  });

  it('is not moved to what is no plain address', () => {
    for (const url of ['http://h:1', 'ws://h:1/path', 'ws://h:1/?q', 'nonsense']) {
      assert.throws(
        () => addressOf('kraken', url),
        (error) => isCode(error, 'invalid'),
      );
    }
  });
});
