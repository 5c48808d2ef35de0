import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMoves, movesOf } from '../../api/leaderboard/moves.ts';
import { column, errorOf, fakeInflux, startApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';

const NOW_MS = Date.parse('2022-10-11T04:00:00Z');

const prices = (of: Record<string, Record<string, number>>) =>
  new Map(Object.entries(of).map(([pair, places]) => [pair, new Map(Object.entries(places))]));

describe('moves of pairs', () => {
  it('are medians over the exchanges that have both prices, the largest first', () => {
    const before = prices({
      btcusd: { kraken: 100, okx: 100, gate: 100 },
      ethusd: { kraken: 10, okx: 10 },
      xmrusd: { kraken: 5 },
    });
    const after = prices({
      btcusd: { kraken: 110, okx: 120, gate: 900, mexc: 1 },
      ethusd: { kraken: 6, okx: 8 },
      xmrusd: { okx: 5 },
    });
    const moves = movesOf(before, after).map(({ pair, change, exchanges }) => {
      return [pair, Number(change.toFixed(6)), exchanges];
    });
    assert.deepEqual(moves, [
      ['ethusd', -0.3, 2],
      ['btcusd', 0.2, 3],
    ]);
  });

  it('are read once for everybody, again after a minute, and again after a failure', async () => {
    let queries = 0;
    let away = false;
    const influx = fakeInflux(async function* () {
      queries += 1;
      if (away) throw new Error('away');
      yield { columns: ['_value', 'exchange', 'pair'].map(column), rows: [['1', 'okx', 'ab']] };
    });
    const clock = new ManualClock(NOW_MS);
    const marketPrices = (stretch: object) => {
      return JSON.stringify({ query: 'marketPrices', parameters: stretch });
    };
    const moves = createMoves({ influx, queries: { marketPrices }, clock });
    const [one, two] = await Promise.all([moves('1h'), moves('1h')]);
    assert.equal(one, two);
    assert.equal(queries, 2);
    await clock.advance(61_000);
    away = true;
    await assert.rejects(moves('1h'), /away/);
    away = false;
    assert.equal((await moves('1h')).pairs.length, 1);
  });
});

describe('routes of moves', () => {
  it('say which quotes there are, and which pairs', async () => {
    const api = await startApi();
    try {
      const get = (path: string) => fetch(api.url + path);
      const quote = await get('/api/v1/movers?quote=ust');
      assert.equal(quote.status, 404);
      assert.deepEqual((await errorOf(quote)).details, { near: ['usd'] });
      const pair = await get('/api/v1/pairs/btcsud/ranks');
      assert.equal(pair.status, 404);
      assert.deepEqual((await errorOf(pair)).details, { near: ['btcusd'] });
      assert.equal((await get('/api/v1/movers?window=2h')).status, 400);
      assert.equal((await get('/api/v1/pairs/btcusd/ranks?start=1h&stop=2h')).status, 400);
    } finally {
      await api.close();
    }
  });
});
