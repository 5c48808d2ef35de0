import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createRanks } from '../../api/leaderboard/ranks.ts';
import { exchangesAnswer, pairsAnswer } from '../../api/schemas.ts';
import { TidemarkError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { errorOf, open, startApi, type TestApi } from '../helpers/api.ts';

let api: TestApi;
before(async () => {
  api = await startApi();
});
after(() => api.close());

const get = (path: string) => fetch(`${api.url}${path}`);
const pairs = async (query: string) =>
  pairsAnswer.strict().parse(await (await get(`/api/v1/pairs${query}`)).json());

describe('GET /api/v1/pairs', () => {
  it('lists pairs with where they are and their rank', async () => {
    const { items, next } = await pairs('');
    assert.deepEqual(
      items.map(({ pair }) => pair),
      ['ab-cusd', 'abcusd', 'btcusd', 'ethbtc'],
    );
    assert.equal(next, null);
    assert.deepEqual(items[2], {
      pair: 'btcusd',
      base: 'btc',
      quote: 'usd',
      exchanges: ['bitfinex', 'bitstamp', 'kraken'],
      rank: '1/4',
    });
    assert.equal(items[3]?.rank, null);
  });

  it('goes page by page without loss or repetition', async () => {
    const seen: string[] = [];
    let query = '?limit=1';
    for (;;) {
      const { items, next } = await pairs(query);
      seen.push(...items.map(({ pair }) => pair));
      if (next === null) break;
      query = `?limit=1&after=${next}`;
    }
    assert.deepEqual(seen, ['ab-cusd', 'abcusd', 'btcusd', 'ethbtc']);
  });

  it('filters by part of a name and by exchange', async () => {
    const names = async (query: string) => (await pairs(query)).items.map(({ pair }) => pair);
    assert.deepEqual(await names('?q=BTC'), ['btcusd', 'ethbtc']);
    assert.deepEqual(await names('?q=BTC/USD'), ['btcusd']);
    assert.deepEqual(await names('?exchange=OKX'), ['abcusd']);
    assert.deepEqual(await names('?q=nothing'), []);
  });

  it('names the exchanges when it is asked for an unknown one', async () => {
    const answer = await get('/api/v1/pairs?exchange=mtgox');
    assert.equal(answer.status, 404);
    assert.ok((await errorOf(answer)).details.exchanges);
  });

  it('answers 304 to who has it already', async () => {
    const etag = (await get('/api/v1/pairs')).headers.get('etag') ?? '';
    assert.match(etag, /^"[\w-]{22}"$/);
    const headers = { 'if-none-match': etag };
    const again = await open(`${api.url}/api/v1/pairs`, headers);
    assert.equal(again.statusCode, 304);
    again.resume();
    const other = await open(`${api.url}/api/v1/pairs?q=eth`, headers);
    assert.equal(other.statusCode, 200);
    other.resume();
  });
});

describe('GET /api/v1/exchanges', () => {
  const read = async (query: string) =>
    exchangesAnswer.strict().parse(await (await get(`/api/v1/exchanges${query}`)).json());

  it('tells state, times and what was dropped', async () => {
    const { items } = await read('');
    assert.equal(items.length, 4);
    assert.deepEqual(items[0], {
      exchange: 'bitfinex',
      enabled: true,
      interval: '1m',
      mode: 'poll',
      state: 'ok',
      lastSuccess: '2022-10-11T03:35:02.358Z',
      lastAttempt: '2022-10-11T03:35:02.358Z',
      pausedUntil: null,
      latenessMs: 12.5,
      rows: 3,
      dropped: { dead: 2 },
      consecutiveFailures: 0,
      streaming: false,
      error: null,
    });
  });

  it('goes page by page', async () => {
    const first = await read('?limit=3');
    assert.equal(first.next, 'kraken');
    const second = await read('?limit=3&after=kraken');
    assert.deepEqual([second.items.map(({ exchange }) => exchange), second.next], [['okx'], null]);
  });
});

describe('ranks of the pairs', () => {
  function ranksOver(failing: () => boolean) {
    let nowMs = 0;
    let queries = 0;
    const column = (label: string) => ({ label, type: 'string', group: false });
    const ranks = createRanks({
      influx: {
        queryCsv: () => assert.fail('ranks are few'),
        async *queryRows() {
          queries++;
          if (failing()) throw new TidemarkError('unavailable', 'away');
          yield { columns: ['of', 'pair', 'rank'].map(column), rows: [['9', 'btcusd', '4']] };
        },
      },
      flux: () => '',
      clock: { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {} },
      log: silentLog,
    });
    const pass = (ms: number) => {
      nowMs += ms;
    };
    return { ranks, pass, queries: () => queries };
  }

  it('are read once for everybody who asks within seconds', async () => {
    const { ranks, pass, queries } = ranksOver(() => false);
    const [one, two] = await Promise.all([ranks.newest(), ranks.newest()]);
    assert.equal(one.get('btcusd'), '4/9');
    assert.equal(one, two);
    assert.equal(queries(), 1);
    pass(10_000);
    await ranks.newest();
    assert.equal(queries(), 2);
  });

  it('are absent while InfluxDB is away, and are back after', async () => {
    let away = true;
    const { ranks, pass } = ranksOver(() => away);
    assert.equal((await ranks.newest()).size, 0);
    away = false;
    pass(10_000);
    assert.equal((await ranks.newest()).size, 1);
  });
});
