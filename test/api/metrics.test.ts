import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import { errorOf, fakeInflux, rankBatch, startApi, type TestApi } from '../helpers/api.ts';
import { send } from '../helpers/send.ts';

let api: TestApi;
let ranked: boolean;
let away: boolean;
beforeEach(async () => {
  ranked = true;
  away = false;
  const influx = fakeInflux(async function* ({ query }) {
    if (away) throw new TidemarkError('unavailable', 'away');
    if (query === 'rank' && ranked) yield rankBatch('6', '505');
  });
  api = await startApi({ influx });
});
afterEach(() => api.close());

const call = (route: string, body?: unknown) => send(api.url, route, body);
const text = async (route: string) => (await call(route)).text();

describe('GET /api/v1/metrics', () => {
  it('is a bare list of numbers, pairs and metrics, one price for each pair', async () => {
    assert.equal(
      await text('GET /api/v1/metrics'),
      '[{"id":1,"pair":"AB/CUSD","metric":"price"},{"id":2,"pair":"ABC/USD","metric":"price"},' +
        '{"id":3,"pair":"BTC/USD","metric":"price"},{"id":4,"pair":"ETH/BTC","metric":"price"}]',
    );
  });

  it('goes page by page, by header and by link', async () => {
    const seen: number[] = [];
    let path: string | undefined = '/api/v1/metrics?limit=3&metric=price';
    while (path) {
      const answer = await call(`GET ${path}`);
      const items = (await answer.json()) as { id: number }[];
      seen.push(...items.map(({ id }) => id));
      const next = answer.headers.get('tidemark-next');
      assert.equal(next === null, answer.headers.get('link') === null);
      if (next !== null) assert.equal(next, String(items.at(-1)?.id));
      path = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  it('filters by pair, in any spelling, and by metric', async () => {
    const ids = async (query: string) =>
      ((await (await call(`GET /api/v1/metrics?${query}`)).json()) as { id: number }[]).map(
        ({ id }) => id,
      );
    for (const pair of ['BTC/USD', 'btcusd', 'btc-usd', 'BTC_USD']) {
      assert.deepEqual(await ids(`pair=${encodeURIComponent(pair)}`), [3]);
    }
    assert.deepEqual(await ids('pair=AB/CUSD'), [1]);
    assert.deepEqual(await ids('pair=nousd'), []);
    assert.deepEqual(await ids('metric=volume'), []);
  });

  for (const query of ['metric=rank', 'limit=0', 'limit=10001', 'after=x', 'pair=', 'page=2']) {
    it(`refuses ${query}`, async () => {
      const answer = await call(`GET /api/v1/metrics?${query}`);
      assert.equal(answer.status, 400);
      assert.ok((await errorOf(answer)).details.allowed);
    });
  }
});

describe('GET /api/v1/metrics/{id}', () => {
  it('is the metric with the rank of its pair, in this order', async () => {
    const wanted = '{"rank":6,"id":3,"pair":"BTC/USD","metric":"price"}';
    assert.equal(await text('GET /api/v1/metrics/3'), wanted);
  });

  it('has null until there is a rank, and fails when that cannot be known', async () => {
    ranked = false;
    assert.match(await text('GET /api/v1/metrics/3'), /^\{"rank":null,/);
    away = true;
    assert.equal((await call('GET /api/v1/metrics/3')).status, 503);
  });

  for (const id of ['99', '0', '-1', '1.5', '01', 'x', '4294967297', '1e3', '%201']) {
    it(`has none for ${id}`, async () => {
      const answer = await call(`GET /api/v1/metrics/${id}`);
      assert.equal(answer.status, 404);
      assert.equal((await errorOf(answer)).details.list, '/api/v1/metrics');
    });
  }
});

describe('adding and removing metrics', () => {
  const volume = { pair: 'BTC/USD', metric: 'volume' };

  it('adds one, once', async () => {
    const first = await call('POST /api/v1/metrics', volume);
    assert.equal(first.status, 201);
    assert.equal(first.headers.get('location'), '/api/v1/metrics/5');
    assert.equal(await first.text(), '{"id":5,"pair":"BTC/USD","metric":"volume"}');
    const again = await call('POST /api/v1/metrics', volume);
    assert.equal(again.status, 200);
    assert.equal(await again.text(), '{"id":5,"pair":"BTC/USD","metric":"volume"}');
  });

  it('removes one, which comes back under its number', async () => {
    await call('POST /api/v1/metrics', volume);
    assert.equal((await call('DELETE /api/v1/metrics/5')).status, 204);
    assert.equal((await call('DELETE /api/v1/metrics/5')).status, 404);
    assert.equal((await call('GET /api/v1/metrics/5')).status, 404);
    const back = await call('POST /api/v1/metrics', volume);
    assert.deepEqual([back.status, ((await back.json()) as { id: number }).id], [201, 5]);
  });

  it('switches a pair off with its price, and on again', async () => {
    await call('POST /api/v1/metrics', volume);
    assert.equal((await call('DELETE /api/v1/metrics/3')).status, 204);
    assert.equal((await call('GET /api/v1/metrics/5')).status, 404);
    assert.equal((await call('POST /api/v1/metrics', volume)).status, 409);
    const back = await call('POST /api/v1/metrics', { pair: 'btcusd' });
    assert.equal(back.status, 201);
    assert.equal(await back.text(), '{"id":3,"pair":"BTC/USD","metric":"price"}');
  });

  it('names pairs near one that nobody lists', async () => {
    const answer = await call('POST /api/v1/metrics', { pair: 'btcsud' });
    assert.equal(answer.status, 422);
    assert.deepEqual((await errorOf(answer)).details, { field: 'pair', near: ['btcusd'] });
  });

  for (const [title, body, field] of [
    ['no pair', { metric: 'price' }, 'pair'],
    ['an unknown metric', { pair: 'btcusd', metric: 'rank' }, 'metric'],
    ['a number of its own', { pair: 'btcusd', id: 7 }, 'id'],
    ['a list', [{ pair: 'btcusd' }], undefined],
    ['a text', 'btcusd', undefined],
    ['null', null, undefined],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const answer = await call('POST /api/v1/metrics', body);
      assert.equal(answer.status, 400);
      assert.equal((await errorOf(answer)).details.field, field);
    });
  }
});
