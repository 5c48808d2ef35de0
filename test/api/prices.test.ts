import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TidemarkError } from '../../core/errors.ts';
import {
  type Asked,
  errorOf,
  fakeInflux,
  open,
  priceBatch,
  pricesOf,
  rankBatch,
  startApi,
  type TestApi,
} from '../helpers/api.ts';

const rows = priceBatch([
  ['bisq', '2022-10-11T03:35:02.358Z', '20966.789'],
  ['bisq', '2022-10-11T03:36:00Z', '0.00000012'],
  ['kraken', '2022-10-11T03:35:00.123456789Z', '1e+21'],
]);

const influx = fakeInflux(async function* ({ query, parameters }) {
  if (query === 'rank') {
    if (parameters.pair !== 'ethbtc') yield rankBatch('4', '9');
  } else if (parameters.pair !== 'ethbtc') {
    yield rows;
  }
});

let api: TestApi;
before(async () => {
  api = await startApi({ influx });
});
after(() => api.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${api.url}${path}`, { headers });
const asked = (query: Asked['query']) =>
  influx.asked.findLast((question) => question.query === query)?.parameters;

describe('GET /{pair}', () => {
  it('answers in exactly the promised shape', async () => {
    const answer = await get('/btcusd?duration=-1h');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    assert.equal(
      await answer.text(),
      '{"pair":"btcusd","rank":"4/9","duration":"-1h","prices":[' +
        '{"price":20966.789,"time":"2022-10-11T03:35:02.358Z","exchange":"bisq"},' +
        '{"price":0.00000012,"time":"2022-10-11T03:36:00.000Z","exchange":"bisq"},' +
        '{"price":1e+21,"time":"2022-10-11T03:35:00.123Z","exchange":"kraken"}]}',
    );
  });

  it('reads 24 h of every exchange when nothing is asked', async () => {
    const { duration } = await pricesOf(await get('/btcusd'));
    assert.equal(duration, '-24h');
    assert.deepEqual(asked('prices'), { pair: 'btcusd', start: '1d' });
    assert.deepEqual(asked('rank'), { pair: 'btcusd' });
  });

  it('asks prices and rank of one exchange', async () => {
    await (await get('/btcusd?exchange=KRAKEN&duration=90m')).json();
    assert.deepEqual(asked('prices'), { pair: 'btcusd', exchange: 'kraken', start: '90m' });
    assert.deepEqual(asked('rank'), { pair: 'btcusd', exchange: 'kraken' });
  });

  it('says null and no prices where there are none yet', async () => {
    assert.equal(
      await (await get('/ethbtc')).text(),
      '{"pair":"ethbtc","rank":null,"duration":"-24h","prices":[]}',
    );
  });

  for (const duration of ['1h', '-1h', '1d12h', '-90s', '30d', '1ms', '2w', '720h']) {
    it(`takes the duration ${duration} and echoes it`, async () => {
      const answer = await get(`/btcusd?duration=${duration}`);
      assert.equal(answer.status, 200);
      assert.equal((await pricesOf(answer)).duration, duration);
    });
  }

  for (const duration of ['', '1', 'h', '0s', '1.5h', '31d', '2mo', '1y', '1h;drop', '%2B1h']) {
    it(`refuses the duration "${duration}" and says what is allowed`, async () => {
      const answer = await get(`/btcusd?duration=${duration}`);
      assert.equal(answer.status, 400);
      const error = await errorOf(answer);
      assert.equal(error.code, 'invalid');
      assert.equal(error.details.longest, '30d');
      assert.match(String(error.details.expected), /Flux duration/);
    });
  }
});

describe('the name of a pair', () => {
  const spellings = {
    '/btcusd': 'btcusd',
    '/BTCUSD': 'btcusd',
    '/BTC/USD': 'btcusd',
    '/BTC%2FUSD': 'btcusd',
    '/btc-usd': 'btcusd',
    '/BTC_USD': 'btcusd',
    '/btcusd/': 'btcusd',
    '/ABC/USD': 'abcusd',
    '/AB/CUSD': 'ab-cusd',
  };
  for (const [path, pair] of Object.entries(spellings)) {
    it(`is read from ${path}`, async () => {
      const answer = await get(path);
      assert.equal(answer.status, 200);
      assert.equal((await pricesOf(answer)).pair, pair);
    });
  }

  it('falls back to the joined name on an exchange that has only that', async () => {
    assert.equal((await pricesOf(await get('/AB/CUSD?exchange=okx'))).pair, 'abcusd');
  });

  it('gets near matches when it is unknown', async () => {
    const answer = await get('/btcsud');
    assert.equal(answer.status, 404);
    const error = await errorOf(answer);
    assert.equal(error.code, 'not-found');
    assert.deepEqual(error.details, { near: ['btcusd'] });
  });

  it('gets the list of exchanges when the exchange is unknown', async () => {
    const answer = await get('/btcusd?exchange=mtgox');
    assert.equal(answer.status, 404);
    const exchanges = ['bitfinex', 'bitstamp', 'kraken', 'okx'];
    assert.deepEqual((await errorOf(answer)).details, { exchanges });
  });

  it('gets where it is when it is not on that exchange', async () => {
    const answer = await get('/btcusd?exchange=okx');
    assert.equal(answer.status, 404);
    const { message, details } = await errorOf(answer);
    assert.equal(message, 'btcusd is not on okx');
    assert.deepEqual(details, { pair: 'btcusd', exchanges: ['bitfinex', 'bitstamp', 'kraken'] });
  });

  for (const word of ['robots.txt', 'api', 'API', 'ws/usd']) {
    it(`is never /${word}`, async () => {
      const answer = await get(`/${word}`);
      assert.equal(answer.status, 404);
      assert.match((await errorOf(answer)).message, /^nothing at/);
    });
  }

  for (const word of [
    ...['feeds', 'RULES', 'articles', 'jobs', 'monitors'],
    ...['alerts', 'silences', 'DELIVERIES', 'channels'],
  ]) {
    it(`is never /${word}, nor anything below it`, async () => {
      const { items, next } = (await (await get(`/${word}`)).json()) as Record<string, unknown>;
      assert.deepEqual([items, next], [[], null]);
      const below = await get(`/${word}/usd`);
      assert.equal(below.status, 404);
      assert.match((await errorOf(below)).message, /^no \w+ usd$/);
    });
  }
});

describe('the format', () => {
  it('is NDJSON when asked, rank and pair in headers', async () => {
    const answer = await get('/btcusd', { accept: 'application/x-ndjson' });
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    assert.equal(answer.headers.get('tidemark-rank'), '4/9');
    const lines = (await answer.text()).trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.deepEqual(JSON.parse(lines[0]!), {
      price: 20966.789,
      time: '2022-10-11T03:35:02.358Z',
      exchange: 'bisq',
    });
  });

  it('is CSV when asked', async () => {
    const answer = await get('/btcusd', { accept: 'text/csv, application/json;q=0.5' });
    assert.match(answer.headers.get('content-type') ?? '', /^text\/csv/);
    const [head, first] = (await answer.text()).split('\r\n');
    assert.equal(head, 'price,time,exchange');
    assert.equal(first, '20966.789,2022-10-11T03:35:02.358Z,bisq');
  });

  for (const [accept, type] of [
    ['*/*', 'application/json'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['text/csv;q=0.1, application/x-ndjson;q=0.2', 'application/x-ndjson'],
    ['application/*', 'application/json'],
  ] as const) {
    it(`is ${type} for ${accept}`, async () => {
      const answer = await get('/btcusd', { accept });
      assert.equal(answer.headers.get('content-type'), type);
      await answer.text();
    });
  }

  it('is refused with the list when there is none such', async () => {
    const answer = await get('/btcusd', { accept: 'text/html' });
    assert.equal(answer.status, 406);
    const error = await errorOf(answer);
    assert.deepEqual(error.details.available, [
      'application/json',
      'application/x-ndjson',
      'text/csv',
    ]);
  });

  it('is gzip when asked, and plain when not', async () => {
    const packed = await open(`${api.url}/btcusd`, { 'accept-encoding': 'gzip' });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    packed.destroy();
    const plain = await open(`${api.url}/btcusd`);
    assert.equal(plain.headers['content-encoding'], undefined);
    plain.destroy();
    assert.equal((await pricesOf(await get('/btcusd'))).prices.length, 3);
  });

  it('is only a head for HEAD', async () => {
    const answer = await open(`${api.url}/btcusd`, {}, 'HEAD');
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['tidemark-rank'], '4/9');
    answer.resume();
  });
});

describe('a failure before the first row', () => {
  const failing = (error: unknown) =>
    // biome-ignore lint/correctness/useYield: it fails before its first row.
    fakeInflux(async function* ({ query }) {
      if (query === 'prices') throw error;
    });
  const cases: readonly [string, unknown, number, string, string | null][] = [
    ['InfluxDB is away', new TidemarkError('unavailable', 'away'), 503, 'unavailable', '5'],
    [
      'InfluxDB says when to come back',
      new TidemarkError('unavailable', 'busy', { retryAfterMs: 1500 }),
      503,
      'unavailable',
      '2',
    ],
    ['our token is refused', new TidemarkError('unauthorized', 'token'), 503, 'unavailable', '5'],
    ['our bucket is gone', new TidemarkError('not-found', 'bucket'), 503, 'unavailable', '5'],
    ['a deadline passes', new TidemarkError('timeout', 'late'), 504, 'timeout', '5'],
    ['InfluxDB talks nonsense', new TidemarkError('upstream', 'huh'), 502, 'upstream', '5'],
    ['our query is wrong', new TidemarkError('invalid', 'flux'), 500, 'internal', null],
    ['we have a bug', new TypeError('secret of ours'), 500, 'internal', null],
  ];
  for (const [title, error, status, code, retryAfter] of cases) {
    it(`is ${status} when ${title}`, async () => {
      const broken = await startApi({ influx: failing(error) });
      try {
        const answer = await fetch(`${broken.url}/btcusd`);
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get('retry-after'), retryAfter);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        const body = await errorOf(answer);
        assert.equal(body.code, code);
        if (status === 500) {
          assert.equal(body.details.requestId, answer.headers.get('x-request-id'));
          assert.ok(!JSON.stringify(body).includes('secret of ours'));
        }
      } finally {
        await broken.close();
      }
    });
  }
});
