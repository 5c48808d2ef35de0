import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type { Dependencies } from '../../../api/app.ts';
import { createRowsText } from '../../../api/history/format.ts';
import { ofPrice } from '../../../api/history/windows.ts';
import { formats } from '../../../api/rows/format.ts';
import type { RowBatch } from '../../../core/influx/tables.ts';
import {
  type Asked,
  column,
  errorOf,
  fakeCatalog,
  fakeInflux,
  gate,
  open,
  priceBatch,
  startApi,
  type TestApi,
} from '../../helpers/api.ts';

const NOW_MS = Date.parse('2022-10-11T04:00:00Z');
const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0, sleep: async () => {} };
const name = (query: Asked['query']) => (parameters: object) =>
  JSON.stringify({ query, parameters });
const HOUR_MS = 3_600_000;
const kept = {
  rawFromMs: NOW_MS - 48 * HOUR_MS,
  levels: [
    { level: '1h' as const, keptFromMs: 0, holes: [] },
    { level: '5m' as const, keptFromMs: NOW_MS - 720 * HOUR_MS, holes: [] },
  ],
};
const history: Dependencies['history'] = {
  queries: {
    raw: name('raw'),
    rollup: (range, level, fields) => name('rollup')({ ...range, level, fields }),
    marks: name('marks'),
  },
  kept: { at: async () => kept },
};

const fieldColumns = ['_time', '_value', '_field', 'exchange'].map(column);
const steps = (rows: readonly string[][]): RowBatch => ({ columns: fieldColumns, rows });

const influx = fakeInflux(async function* ({ query }) {
  if (query === 'raw') {
    yield priceBatch([
      ['bisq', '2022-10-11T03:55:00Z', '7'],
      ['kraken', '2022-10-11T03:59:59.999Z', '1e21'],
    ]);
    return;
  }
  yield steps([
    ['2022-10-11T01:00:00Z', '3', 'count', 'kraken'],
    ['2022-10-11T02:00:00Z', '1', 'count', 'kraken'],
  ]);
  yield steps([
    ['2022-10-11T01:00:00Z', '10', 'mean', 'kraken'],
    ['2022-10-11T02:00:00Z', '20', 'mean', 'kraken'],
  ]);
});

let api: TestApi;
before(async () => {
  api = await startApi({ influx, clock, history });
});
after(() => api.close());
const path = '/api/v1/pairs/btcusd/prices';
const get = (query: string) => fetch(`${api.url}${path}?${query}`);
const asked = () => influx.asked.at(-1);

describe('GET /api/v1/pairs/{pair}/prices', () => {
  it('weighs the means of steps by how many prices they have', async () => {
    const answer = await get('start=-4h&stop=-1h&every=2h');
    assert.equal(
      await answer.text(),
      '{"pair":"btcusd","start":"2022-10-11T00:00:00.000Z","stop":"2022-10-11T03:00:00.000Z",' +
        '"every":"2h","fn":"mean","sources":["1h"],"prices":[' +
        '{"price":10,"time":"2022-10-11T00:00:00.000Z","exchange":"kraken"},' +
        '{"price":20,"time":"2022-10-11T02:00:00.000Z","exchange":"kraken"}]}',
    );
    const whole = await get('start=-4h&stop=-1h&every=4h');
    assert.match(await whole.text(), /\{"price":12\.5,/);
  });

  it('writes each format by its own rules', async () => {
    const range = 'start=-5m&every=1m&fn=last';
    const csv = await get(`${range}&format=csv`);
    assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
    assert.equal(
      await csv.text(),
      'price,time,exchange\r\n7,2022-10-11T03:55:00.000Z,bisq\r\n' +
        '1e+21,2022-10-11T03:59:00.000Z,kraken\r\n',
    );
    const lines = await fetch(`${api.url}${path}?${range}`, {
      headers: { accept: 'application/x-ndjson' },
    });
    assert.equal(
      await lines.text(),
      '{"price":7,"time":"2022-10-11T03:55:00.000Z","exchange":"bisq"}\n' +
        '{"price":1e+21,"time":"2022-10-11T03:59:00.000Z","exchange":"kraken"}\n',
    );
    assert.equal(lines.headers.get('tidemark-every'), '1m');
    assert.equal(lines.headers.get('tidemark-source'), 'raw');
  });

  it('quotes the names of exchanges', () => {
    const window = ofPrice('a,"b', NOW_MS, 7);
    const text = (media: 'text/csv' | 'application/json') =>
      createRowsText(media, 'max', formats[media].quote)([window]);
    assert.equal(text('text/csv'), '7,2022-10-11T04:00:00.000Z,"a,""b"\r\n');
    assert.deepEqual(JSON.parse(text('application/json')).exchange, 'a,"b');
  });

  it('takes any spelling of a time, and of the pair', async () => {
    const starts = ['2022-10-11T03:00:00Z', '2022-10-11T05:00:00%2B02:00', '1665457200'];
    for (const start of [...starts, '2022-10-11T05:00:00+02:00', '1665457200000', '-1h', '60m']) {
      const answer = await fetch(`${api.url}/api/v1/pairs/BTC/USD/prices?start=${start}&fn=min`);
      assert.equal(answer.status, 200, start);
      const { start: begun } = (await answer.json()) as { start: string };
      assert.equal(begun, '2022-10-11T03:00:00.000Z', start);
    }
  });

  it('chooses windows that are few enough, and none for a short range', async () => {
    const every = async (query: string) => {
      const answer = (await (await get(query)).json()) as { every: string | null };
      return answer.every;
    };
    assert.equal(await every(''), '1m');
    assert.equal(await every('start=-1h'), null);
    assert.equal(await every('start=-61m'), '5s');
    assert.equal(await every('start=-1h&fn=ohlc'), '5s');
    assert.equal(await every('start=-50h'), '5m');
    assert.equal(await every('start=-700h'), '30m');
    assert.equal(await every('start=-721h'), '1h');
    assert.equal(await every('start=-1y'), '6h');
    assert.equal(await every('start=0'.padEnd(17, '0')), '14d');
  });

  it('asks for nothing but the fields of the function, in whole steps', async () => {
    await (await get('start=-4h&stop=-1h&every=3h&fn=max')).text();
    assert.deepEqual(asked(), {
      query: 'rollup',
      parameters: {
        pair: 'btcusd',
        start: '2022-10-11T00:00:00.000Z',
        stop: '2022-10-11T03:00:00.000Z',
        level: '1h',
        fields: ['max'],
      },
    });
  });

  const wrong: readonly (readonly [string, number, string])[] = [
    ['every=0', 400, 'every'],
    ['every=0s', 400, 'every'],
    ['every=1mo', 400, 'every'],
    ['every=1500ms', 400, 'every'],
    ['every=-5m', 400, 'every'],
    ['every=', 400, 'every'],
    ['fn=median', 400, 'fn'],
    ['format=xml', 400, 'format'],
    ['since=1h', 400, 'since'],
    ['start=-1h&start=-2h', 400, 'more than once'],
    ['start=yesterday', 400, 'start'],
    ['start=12', 400, 'start'],
    ['start=2022-10-11T05:00:00Z', 400, 'future'],
    ['start=-1h&stop=-2h', 400, 'not before stop'],
    ['start=-1h&stop=-1h', 400, 'not before stop'],
    ['exchange=mtgox', 404, 'exchanges'],
    ['exchange=okx', 404, 'not on okx'],
    ['start=-100h&every=1m', 422, '"smallest":"5m"'],
    ['start=-100h&every=7m', 422, '"smallest":"5m"'],
    ['start=-721h&every=5m', 422, '"smallest":"1h"'],
    ['start=1990-01-01T00:00:00Z&every=1h&exchange=kraken', 200, ''],
    ['start=1930-01-01T00:00:00Z&every=1h', 200, ''],
  ];
  for (const [query, status, text] of wrong) {
    it(`is ${status} for ${query}`, async () => {
      const answer = await get(query);
      assert.equal(answer.status, status);
      if (status === 200) return void (await answer.body?.cancel());
      assert.ok(JSON.stringify(await errorOf(answer)).includes(text));
    });
  }

  it('is 422 for more rows than an answer has, with the windows that would do', async () => {
    const exchanges = Array.from({ length: 27 }, (_, index) => `ex${index}`);
    const many = await startApi({
      influx,
      clock,
      history,
      catalog: { ...fakeCatalog, exchangesOf: async () => exchanges },
    });
    try {
      const answer = await fetch(`${many.url}${path}?start=-30h&every=1s`);
      assert.equal(answer.status, 422);
      const { details } = await errorOf(answer);
      assert.deepEqual([details.rows, details.most], [2_916_027, 2_000_000]);
      assert.equal(details.smallest, '2s');
      const old = await fetch(`${many.url}${path}?start=1990-01-01T00:00:00Z&every=1h`);
      assert.equal((await errorOf(old)).details.smallest, '6h');
      const least = await fetch(`${many.url}${path}?start=1990-01-01T00:00:00Z&every=6h`);
      assert.equal(least.status, 200);
      await least.body?.cancel();
    } finally {
      await many.close();
    }
  });

  it('ends its query when the client leaves', async () => {
    const ended = gate();
    const endless = fakeInflux(async function* (_, signal) {
      try {
        for (let minute = 0; !signal.aborted; minute++) {
          const time = new Date(NOW_MS - 40 * HOUR_MS + minute * 1000).toISOString();
          yield priceBatch([['kraken', time, '1']]);
          await new Promise(setImmediate);
        }
      } finally {
        ended.open();
      }
    });
    const other = await startApi({ influx: endless, clock, history });
    try {
      const answer = await open(`${other.url}${path}?start=-47h&every=1s&exchange=kraken`);
      await once(answer, 'data');
      answer.destroy();
      await ended.opened;
    } finally {
      await other.close();
    }
  });

  it('is 502 for fields in an order that it could only guess from', async () => {
    const odd = fakeInflux(async function* () {
      yield steps([
        ['2022-10-11T01:00:00Z', '10', 'mean', 'kraken'],
        ['2022-10-11T01:00:00Z', '3', 'count', 'kraken'],
      ]);
    });
    const other = await startApi({ influx: odd, clock, history });
    try {
      const answer = await fetch(`${other.url}${path}?start=-4h&stop=-1h&every=3h`);
      assert.equal(answer.status, 502);
    } finally {
      await other.close();
    }
  });
});
