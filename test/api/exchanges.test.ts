import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { exchangeAnswer, exchangesAnswer } from '../../api/schemas.ts';
import {
  column,
  errorOf,
  fakeCatalog,
  fakeInflux,
  listed,
  startApi,
  type TestApi,
} from '../helpers/api.ts';
import { chosenCatalog, type FakeChoices, fakeChoices } from '../helpers/choices.ts';
import { send } from '../helpers/send.ts';

let api: TestApi;
let choices: FakeChoices;
beforeEach(async () => {
  choices = fakeChoices(listed);
  const catalog = chosenCatalog(fakeCatalog, choices);
  api = await startApi({ catalog, choices });
});
afterEach(() => api.close());

const call = (route: string, body?: unknown) => send(api.url, route, body);
const changed = async (route: string, body?: unknown) => {
  const answer = await call(route, body);
  const text = await answer.clone().text();
  assert.ok(answer.status === 200 || answer.status === 201, text);
  return exchangeAnswer.strict().parse(await answer.json());
};

describe('GET /api/v1/exchanges', () => {
  it('tells what was chosen beside how it does', async () => {
    const answer = await call('GET /api/v1/exchanges?limit=1');
    const { items } = exchangesAnswer.strict().parse(await answer.json());
    assert.equal(items[0]?.enabled, true);
    assert.equal(items[0]?.interval, '1m');
    assert.equal(items[0]?.mode, 'poll');
  });

  it('gives one by its id, in any case', async () => {
    assert.equal((await changed('GET /api/v1/exchanges/Kraken')).exchange, 'kraken');
  });

  it('says which are near, and what could be added', async () => {
    const wrong = await call('GET /api/v1/exchanges/krakn');
    assert.equal(wrong.status, 404);
    const { details } = await errorOf(wrong);
    assert.deepEqual(details.near, ['kraken']);
    assert.equal(details.add, undefined);
    const { details: addable } = await errorOf(await call('GET /api/v1/exchanges/gate'));
    assert.match(String(addable.add), /POST/);
  });
});

describe('GET /api/v1/exchanges/{exchange}/slots', () => {
  const columns = ['ok', 'rows', '_time', 'late_ms', 'took_ms'].map(column);
  const slots = fakeInflux(async function* ({ query }) {
    assert.equal(query, 'slots');
    const row = (minute: number) => ['true', '3', `2026-01-01T00:0${minute}:00Z`, '0', '12.5'];
    yield { columns, rows: [row(1), row(2), row(3)] };
  });

  it('tells of each slot how punctual it was, page by page', async () => {
    const other = await startApi({ influx: slots });
    try {
      const path = '/api/v1/exchanges/kraken/slots?start=-1h&limit=2';
      const answer = await send(other.url, `GET ${path}`);
      assert.equal(answer.headers.get('tidemark-next'), '2026-01-01T00:03:00Z');
      assert.equal(
        await answer.text(),
        '[{"slot":"2026-01-01T00:01:00Z","lateMs":0,"tookMs":12.5,"rows":3,"ok":true},' +
          '{"slot":"2026-01-01T00:02:00Z","lateMs":0,"tookMs":12.5,"rows":3,"ok":true}]',
      );
      assert.equal(slots.asked[0]?.parameters.exchange, 'kraken');
    } finally {
      await other.close();
    }
  });

  it('is there for exchanges of the list alone, and for ranges', async () => {
    assert.equal((await call('GET /api/v1/exchanges/mtgox/slots')).status, 404);
    assert.equal((await call('GET /api/v1/exchanges/kraken/slots?start=x')).status, 400);
    assert.equal(await (await call('GET /api/v1/exchanges/kraken/slots')).text(), '[]');
  });
});

describe('choosing exchanges', () => {
  it('changes the interval', async () => {
    const kraken = await changed('PATCH /api/v1/exchanges/kraken', { interval: '5s' });
    assert.equal(kraken.interval, '5s');
    assert.deepEqual(choices.changes, [['kraken', { intervalMs: 5_000 }]]);
  });

  it('goes back to the settings by null, and leaves what is not named', async () => {
    await changed('PATCH /api/v1/exchanges/kraken', { interval: '5s', enabled: false });
    const kraken = await changed('PATCH /api/v1/exchanges/kraken', { interval: null });
    assert.deepEqual([kraken.interval, kraken.enabled], ['1m', false]);
  });

  it('switches off by DELETE, any number of times, and on by POST', async () => {
    for (let time = 0; time < 2; time++) {
      assert.equal((await changed('DELETE /api/v1/exchanges/okx')).enabled, false);
    }
    const answer = await call('POST /api/v1/exchanges', { exchange: 'OKX' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('location'), '/api/v1/exchanges/okx');
    assert.equal((await changed('GET /api/v1/exchanges/okx')).enabled, true);
  });

  it('adds one that was not in the list', async () => {
    const answer = await call('POST /api/v1/exchanges', { exchange: 'gate', interval: '10s' });
    assert.equal(answer.status, 201);
    assert.equal((await changed('GET /api/v1/exchanges/gate')).interval, '10s');
  });

  it('takes those of another library under their own name, and says what is wrong with one', async () => {
    const answer = await call('POST /api/v1/exchanges', { exchange: 'ccxt:lbank' });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('location'), '/api/v1/exchanges/lbank');
    assert.equal((await changed('GET /api/v1/exchanges/lbank')).enabled, true);
    const wrong = await call('POST /api/v1/exchanges', { exchange: 'ccxt:nobank' });
    assert.equal(wrong.status, 422);
    assert.match((await errorOf(wrong)).message, /ccxt has no/);
  });

  it('streams only where there is a stream', async () => {
    assert.equal(
      (await changed('PATCH /api/v1/exchanges/kraken', { mode: 'stream' })).mode,
      'stream',
    );
    const answer = await call('PATCH /api/v1/exchanges/okx', { mode: 'stream' });
    assert.equal(answer.status, 422);
    assert.deepEqual((await errorOf(answer)).details, { field: 'mode', allowed: ['poll'] });
  });

  it('names what is near an exchange that nobody knows', async () => {
    const answer = await call('POST /api/v1/exchanges', { exchange: 'bitfinx' });
    assert.equal(answer.status, 422);
    const { details } = await errorOf(answer);
    assert.deepEqual([details.field, details.near], ['exchange', ['bitfinex']]);
    assert.equal((await call('PATCH /api/v1/exchanges/mtgox', { interval: '5s' })).status, 404);
    assert.equal((await call('DELETE /api/v1/exchanges/mtgox')).status, 404);
    assert.deepEqual(choices.changes, []);
  });

  for (const [interval, near] of [
    ['7s', ['6s', '8s']],
    ['500ms', ['1s']],
    ['2h', ['1h']],
    ['0s', ['1s']],
    ['1500ms', ['1s', '2s']],
    ['soon', ['10s', '1m']],
    ['-5s', ['10s', '1m']],
    ['1mo', ['10s', '1m']],
  ] as const) {
    it(`refuses the interval ${interval} and says what is near`, async () => {
      const answer = await call('PATCH /api/v1/exchanges/kraken', { interval });
      assert.equal(answer.status, 400);
      const { message, details } = await errorOf(answer);
      assert.match(message, /^field interval: expected whole seconds that divide an hour/);
      assert.deepEqual([details.field, details.near], ['interval', near]);
      assert.deepEqual(choices.changes, []);
    });
  }

  it('takes every interval that it says is allowed', async () => {
    const refused = await call('PATCH /api/v1/exchanges/kraken', { interval: '7s' });
    const { allowed } = (await errorOf(refused)).details;
    assert.equal((allowed as string[]).length, 45);
    for (const interval of allowed as string[]) {
      const { interval: shown } = await changed('PATCH /api/v1/exchanges/kraken', { interval });
      assert.equal(shown, interval);
    }
  });

  for (const [title, body, field] of [
    ['nothing', {}, undefined],
    ['an unknown field', { intervall: '5s' }, 'intervall'],
    ['a prototype', JSON.parse('{"__proto__": {"enabled": false}}'), '__proto__'],
    ['a number for a length', { interval: 5 }, 'interval'],
    ['a word for a switch', { enabled: 'no' }, 'enabled'],
    ['an unknown mode', { mode: 'push' }, 'mode'],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const answer = await call('PATCH /api/v1/exchanges/kraken', body);
      assert.equal(answer.status, 400, await answer.clone().text());
      assert.equal((await errorOf(answer)).details.field, field);
      assert.deepEqual(choices.changes, []);
    });
  }

  it('says which methods there are', async () => {
    const answer = await call('PUT /api/v1/exchanges/kraken', {});
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.get('allow'), 'DELETE, GET, HEAD, OPTIONS, PATCH');
  });
});
