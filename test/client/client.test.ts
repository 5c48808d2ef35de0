import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient, TidemarkApiError } from '../../client/index.ts';
import { fakeInflux, priceBatch, rankBatch, startApi, type TestApi } from '../helpers/api.ts';
import { fakeMonitors } from '../helpers/monitor-desk.ts';

const minute = (index: number) =>
  new Date(Date.UTC(2022, 9, 11, 3, index)).toISOString().replace('.000Z', 'Z');

let api: TestApi;
before(async () => {
  const influx = fakeInflux(async function* ({ query }) {
    if (query === 'rank') yield rankBatch('4', '9');
    else if (query === 'records') {
      yield priceBatch([0, 1, 2].map((index) => ['', minute(index), `${index}.5`] as const));
    } else {
      for (let index = 0; index < 3; index++) {
        yield priceBatch([['kraken', minute(index), `${index}.25`]]);
      }
    }
  });
  api = await startApi({ influx, monitors: fakeMonitors() });
});
after(() => api.close());

const client = () => createClient({ url: api.url });

describe('the client', () => {
  it('reads the prices of a pair in any spelling, with a path in its address', async () => {
    const prices = await createClient({ url: `${api.url}/` }).prices('BTC/USD', {
      duration: '-1h',
      exchange: 'kraken',
    });
    assert.deepEqual(
      prices.map(({ price, exchange }) => [price, exchange]),
      [
        [0.25, 'kraken'],
        [1.25, 'kraken'],
        [2.25, 'kraken'],
      ],
    );
  });

  it('reads prices one by one, and leaves in the middle', async () => {
    const found: (number | null)[] = [];
    for await (const { price } of client().priceStream('btcusd')) {
      found.push(price);
      if (found.length === 2) break;
    }
    assert.deepEqual(found, [0.25, 1.25]);
  });

  it('reads every item of a list over its pages', async () => {
    const asked: string[] = [];
    const counted = createClient({
      url: api.url,
      fetch: (address, init) => {
        asked.push(String(address));
        return fetch(address, init);
      },
    });
    const pairs: string[] = [];
    for await (const { pair } of counted.all('pairs', { query: { limit: 2 } })) pairs.push(pair);
    assert.deepEqual(pairs, ['ab-cusd', 'abcusd', 'btcusd', 'ethbtc']);
    assert.deepEqual(
      asked.map((address) => new URL(address).search),
      ['?limit=2', '?limit=2&after=abcusd'],
    );
  });

  it('follows a bare list by its header', async () => {
    const all = [];
    for await (const { id } of client().all('listMetrics', { query: { limit: 3 } })) all.push(id);
    assert.deepEqual(all, [1, 2, 3, 4]);
  });

  it('changes things, and reads what became of them', async () => {
    const made = await client().call('addMonitor', { body: { url: 'https://shop.example/btc' } });
    assert.equal(made.interval, '1m');
    const paused = await client().call('changeMonitor', {
      params: { id: made.id },
      body: { active: false },
    });
    assert.equal(paused.active, false);
    const { items } = await client().call('monitors', { query: { active: false } });
    assert.deepEqual(
      items.map(({ id }) => id),
      [made.id],
    );
  });

  it('sends a list of feeds as it is', async () => {
    const opml = '<opml version="2.0"><body><outline xmlUrl="https://a.example/"/></body></opml>';
    const { added } = await client().call('importFeeds', { body: opml });
    assert.equal(added, 1);
    assert.match(await client().call('exportFeeds'), /xmlUrl="https:\/\/a\.example\/"/);
  });

  it('gives an answer as it comes, in another format', async () => {
    const params = { pair: 'btcusd' };
    const answer = await client().response('prices', { params, accept: 'text/csv' });
    assert.equal(answer.headers.get('tidemark-rank'), '4/9');
    assert.match(await answer.text(), /^price,time,exchange\r\n0\.25,/);
  });

  it('says what was wrong as the API does', async () => {
    const wrong = client().prices('btcsud');
    await assert.rejects(wrong, (error) => {
      assert.ok(error instanceof TidemarkApiError);
      const { status, code, details, requestId } = error;
      assert.deepEqual([status, code, details.near], [404, 'not-found', ['btcusd']]);
      assert.match(requestId ?? '', /^request-\d+$/);
      return true;
    });
  });

  it('sends its key', async () => {
    const keys = [{ name: 'reader', role: 'read' as const, secret: 'a-secret-for-reading' }];
    const locked = await startApi({ keys });
    try {
      const reader = createClient({ url: locked.url, key: 'a-secret-for-reading' });
      assert.equal((await reader.call('pairs')).items.length, 4);
      const writing = reader.call('addMonitor', { body: { url: 'https://shop.example/' } });
      await assert.rejects(writing, { status: 403, code: 'forbidden' });
      const stranger = createClient({ url: locked.url });
      await assert.rejects(stranger.call('pairs'), { status: 401, code: 'unauthorized' });
    } finally {
      await locked.close();
    }
  });

  it('wants an address, and every part of a path', async () => {
    assert.throws(() => createClient({ url: 'tidemark' }), TypeError);
    await assert.rejects(client().call('monitor', { params: { id: '' as unknown as number } }), {
      name: 'TypeError',
      message: 'monitor: params.id is missing',
    });
  });
});
