import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { recordsAnswer } from '../../api/choice-schemas.ts';
import { systemClock } from '../../core/clock.ts';
import { fixedMs } from '../../core/duration.ts';
import { TidemarkError } from '../../core/errors.ts';
import {
  type Asked,
  errorOf,
  fakeInflux,
  gate,
  open,
  priceBatch,
  startApi,
  type TestApi,
} from '../helpers/api.ts';

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2022, 0, 21, 16, 33, 27, 500);
const at = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');

/** A point each minute of ever, its value the minute's number. */
async function* everyMinute({ query, parameters }: Asked, asked: Asked[]) {
  if (query !== 'records' && query !== 'exchangeRecords') return;
  asked.push({ query, parameters });
  const stepMs = parameters.every === undefined ? MINUTE_MS : fixedMs(parameters.every);
  const [fromMs, toMs] = [Date.parse(parameters.start!), Date.parse(parameters.stop!)];
  const rows: [string, string, string][] = [];
  for (let ms = Math.ceil(fromMs / stepMs) * stepMs; ms < toMs; ms += stepMs) {
    rows.push(['', at(ms), `${ms / MINUTE_MS}`]);
  }
  // Some at a time, as they come from a server.
  for (let from = 0; from < rows.length; from += 500)
    yield priceBatch(rows.slice(from, from + 500));
}

describe('GET /api/v1/metrics/{id}/records', () => {
  let api: TestApi;
  let asked: Asked[];
  let answer: (question: Asked) => AsyncIterable<ReturnType<typeof priceBatch>>;
  beforeEach(async () => {
    asked = [];
    answer = (question) => everyMinute(question, asked);
    const influx = fakeInflux(async function* (question) {
      yield* answer(question);
    });
    api = await startApi({ influx, clock: { ...systemClock, nowMs: () => NOW_MS } });
  });
  afterEach(() => api.close());

  const path = (query: string, id = 3) => `${api.url}/api/v1/metrics/${id}/records${query}`;
  const get = (query = '', id?: number) => fetch(path(query, id));
  const records = async (query: string) => {
    const got = await get(query);
    assert.equal(got.status, 200, await got.clone().text());
    return { rows: recordsAnswer.parse(await got.json()), next: got.headers.get('tidemark-next') };
  };

  it('is the last 24 hours by the minute, newest last, from one query', async () => {
    const { rows, next } = await records('');
    // From the minute that held this moment yesterday up to the one that runs.
    assert.equal(rows.length, 24 * 60 + 1);
    assert.equal(rows[0]?.timestamp, '2022-01-20T16:33:00Z');
    assert.equal(rows.at(-1)?.timestamp, '2022-01-21T16:33:00Z');
    assert.deepEqual(rows[0]?.value, Date.UTC(2022, 0, 20, 16, 33) / MINUTE_MS);
    assert.equal(next, null);
    assert.deepEqual(asked, [
      {
        query: 'records',
        parameters: {
          pair: 'btcusd',
          metric: 'price',
          start: '2022-01-20T16:33:00Z',
          stop: '2022-01-21T16:33:27.500Z',
          every: '1m',
        },
      },
    ]);
  });

  it('is an array with timestamp and value alone, in the digits of the store', async () => {
    answer = async function* () {
      yield priceBatch([
        ['', '2022-01-20T16:33:00Z', '42284.6'],
        ['', '2022-01-20T16:34:00Z', '1e-07'],
        ['', '2022-01-20T16:35:00.5Z', 'NaN'],
      ]);
    };
    assert.equal(
      await (await get()).text(),
      '[{"timestamp":"2022-01-20T16:33:00Z","value":42284.6},' +
        '{"timestamp":"2022-01-20T16:34:00Z","value":1e-07},' +
        '{"timestamp":"2022-01-20T16:35:00.5Z","value":null}]',
    );
  });

  it('counts a page in rows, also where the range begins long before the first of them', async () => {
    answer = async function* () {
      const minutes = ['16:31', '16:32', '16:33'];
      yield priceBatch(minutes.map((time) => ['', `2022-01-21T${time}:00Z`, '1']));
    };
    const { rows, next } = await records('?limit=2');
    assert.equal(rows.length, 2);
    assert.equal(next, '2022-01-21T16:33:00Z');
  });

  it('is an empty array where nothing was recorded', async () => {
    answer = async function* () {};
    assert.equal(await (await get()).text(), '[]');
    assert.equal(await (await get('?exchange=kraken&limit=3')).text(), '[]');
  });

  it('takes times and lengths, and ends before stop', async () => {
    for (const query of [
      '?start=2022-01-21T16:00:00Z&stop=2022-01-21T16:03:00Z',
      '?start=2022-01-21T17:00:00%2B01:00&stop=2022-01-21T16:03Z',
      '?start=-33m27s500ms&stop=-30m27s500ms',
    ]) {
      const { rows } = await records(query);
      assert.deepEqual(
        rows.map(({ timestamp }) => timestamp.slice(11, 16)),
        ['16:00', '16:01', '16:02'],
        query,
      );
    }
  });

  it('asks part by part for a long range, and loses nothing between', async () => {
    const { rows } = await records('?start=-30d');
    assert.equal(rows.length, 30 * 24 * 60 + 1);
    assert.equal(asked.length, 22);
    for (const [index, { value }] of rows.entries()) {
      assert.equal(value, rows[0]!.value! + index);
    }
    const hours = await records('?start=-30d&every=1h');
    assert.equal(hours.rows.length, 30 * 24 + 1);
    assert.equal(asked.length, 23);
  });

  it('does not look for what is older than the retention, or not yet', async () => {
    const { rows } = await records('?start=1970-01-01T00:00:00Z&stop=2099-01-01T00:00:00Z');
    assert.equal(rows.length, 30 * 24 * 60 + 1);
  });

  for (const query of ['', '&exchange=kraken']) {
    it(`goes page by page without loss or repetition${query && ', on one exchange'}`, async () => {
      const whole = (await records(`?start=-2h${query}`)).rows;
      for (const limit of [1, 7, 60, 120, 121, 500]) {
        const seen: unknown[] = [];
        let page = `/api/v1/metrics/3/records?start=-2h&limit=${limit}${query}`;
        for (;;) {
          const got = await fetch(api.url + page);
          const rows = (await got.json()) as unknown[];
          assert.ok(rows.length <= limit);
          seen.push(...rows);
          const link = /^<(.+)>; rel="next"$/.exec(got.headers.get('link') ?? '');
          assert.equal(link === null, got.headers.get('tidemark-next') === null);
          if (link === null) break;
          page = link[1]!;
        }
        assert.deepEqual(seen, whole, `limit ${limit}`);
      }
    });
  }

  it('gives the values of one exchange as they were written', async () => {
    const { rows } = await records('?exchange=Kraken&start=-90s');
    assert.deepEqual(
      rows.map(({ timestamp }) => timestamp.slice(11)),
      ['16:32:00Z', '16:33:00Z'],
    );
    assert.deepEqual(asked[0]?.parameters, {
      pair: 'btcusd',
      metric: 'price',
      start: '2022-01-21T16:31:57.500Z',
      stop: '2022-01-21T16:33:27.500Z',
      exchange: 'kraken',
    });
  });

  it('stops a query whose page is full', async () => {
    let given = 0;
    let ended = false;
    answer = async function* () {
      try {
        for (;;) yield priceBatch([['', at(given * 1000), `${given++}`]]);
      } finally {
        ended = true;
      }
    };
    const { rows, next } = await records('?exchange=kraken&limit=5');
    assert.deepEqual([rows.length, next, given, ended], [5, '1970-01-01T00:00:05Z', 6, true]);
  });

  it('has sent its first rows before the last are read', async () => {
    const last = gate();
    answer = async function* () {
      yield priceBatch([['', '2022-01-20T16:33:00Z', '1']]);
      await last.opened;
      yield priceBatch([['', '2022-01-20T16:34:00Z', '2']]);
    };
    const got = await open(path(''));
    const [first] = (await got.take(1).toArray()) as Buffer[];
    assert.match(String(first), /^\[\{"timestamp":"2022-01-20T16:33:00Z","value":1\}$/);
    last.open();
  });

  it('is a clean 503 when it fails at once, and no whole answer when it fails later', async () => {
    answer = async function* () {
      yield* [];
      throw new TidemarkError('unavailable', 'away');
    };
    assert.equal((await get()).status, 503);
    answer = async function* () {
      yield priceBatch([['', '2022-01-20T16:33:00Z', '1']]);
      throw new TidemarkError('unavailable', 'away');
    };
    // The reset may overtake the head.
    await assert.rejects(async () => (await get()).text());
  });

  it('cancels its query when the client leaves', async () => {
    const cancelled = gate();
    const influx = fakeInflux(async function* (_question, signal) {
      yield priceBatch([['', '2022-01-20T16:33:00Z', '1']]);
      await new Promise<void>((done) => signal.addEventListener('abort', () => done()));
      cancelled.open();
    });
    const other = await startApi({ influx });
    const got = await open(`${other.url}/api/v1/metrics/3/records`);
    got.destroy();
    await cancelled.opened;
    await other.close();
  });

  it('reads nothing for HEAD but what its head needs', async () => {
    const got = await open(path('?limit=5'), {}, 'HEAD');
    assert.equal(got.statusCode, 200);
    assert.equal(got.headers['tidemark-next'], '2022-01-20T16:38:00Z');
    got.resume();
  });

  for (const [query, parameter] of [
    ['start=yesterday', 'start'],
    ['start=2022-01-21', 'start'],
    ['start=2022-13-01T00:00:00Z', 'start'],
    ['stop=%22', 'stop'],
    ['start=-1h&stop=-2h', 'start'],
    ['start=-1h&stop=-1h', 'start'],
    ['every=0s', 'every'],
    ['every=500ms', 'every'],
    ['every=1mo', 'every'],
    ['every=2d', 'every'],
    ['every=1m&exchange=kraken', 'every'],
    ['cursor=5', 'cursor'],
  ] as const) {
    it(`refuses ${query}`, async () => {
      const got = await get(`?${query}`);
      assert.equal(got.status, 400, await got.clone().text());
      const { message, details } = await errorOf(got);
      assert.deepEqual(details.parameter, parameter, message);
      assert.deepEqual(asked, []);
    });
  }

  it('refuses a page of none or too many, and what it does not know', async () => {
    for (const query of ['limit=0', 'limit=10001', 'limit=-1', 'fn=mean']) {
      assert.equal((await get(`?${query}`)).status, 400, query);
    }
  });

  it('says where the pair is when the exchange does not have it', async () => {
    const got = await get('?exchange=okx');
    assert.equal(got.status, 404);
    const { details } = await errorOf(got);
    assert.deepEqual(details.exchanges, ['bitfinex', 'bitstamp', 'kraken']);
    assert.equal((await get('', 77)).status, 404);
  });
});
