import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backfillAnswer, backfillOffer, backfillsAnswer } from '../../api/backfill-schemas.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { fakeBackfills } from '../helpers/backfills.ts';

const KEY = 'a-secret-of-16-or-more';

describe('backfills over the API', () => {
  let api: TestApi;
  const desk = fakeBackfills();

  before(async () => {
    api = await startApi({
      backfills: desk,
      keys: [
        { name: 'reader', role: 'read', secret: `${KEY}-read` },
        { name: 'writer', role: 'write', secret: KEY },
      ],
    });
  });
  after(() => api?.close());

  const call = (method: string, path: string, body?: unknown, secret = KEY) =>
    fetch(`${api.url}/api/v1/backfills${path}`, {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it('are asked for, in whole minutes, and told where to look', async () => {
    const body = { exchanges: ['kraken'], pairs: ['BTC/USD'], from: '2022-10-11T00:00:59Z' };
    const answer = await call('POST', '', body);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('location'), '/api/v1/backfills/7');
    const offer = backfillOffer.strict().parse(await answer.json());
    assert.deepEqual([offer.id, offer.resumed, offer.requests], [7, false, 1]);
    assert.deepEqual(desk.wishes, [
      { exchanges: ['kraken'], pairs: ['BTC/USD'], fromMs: Date.UTC(2022, 9, 11), toMs: undefined },
    ]);
    assert.equal((await call('POST', '', body)).status, 200, 'the same again goes on');
  });

  it('with dryRun are only told of', async () => {
    const answer = await call('POST', '', { exchanges: ['kraken'], from: '24h', dryRun: true });
    assert.equal(answer.status, 200);
    const offer = backfillOffer.strict().parse(await answer.json());
    assert.deepEqual([offer.id, offer.resumed], [undefined, undefined]);
  });

  it('are shown, listed page by page, and stopped', async () => {
    const shown = backfillAnswer.strict().parse(await (await call('GET', '/7')).json());
    assert.deepEqual([shown.state, shown.exchanges[0]?.points], ['open', 360]);
    const list = backfillsAnswer.strict().parse(await (await call('GET', '')).json());
    assert.deepEqual([list.items[0]?.id, list.next], [7, null]);
    const empty = backfillsAnswer.parse(await (await call('GET', '?after=7')).json());
    assert.deepEqual(empty.items, []);
    const stopped = backfillAnswer.parse(await (await call('DELETE', '/7')).json());
    assert.equal(stopped.state, 'cancelled');
  });

  it('refuse what is wrong, naming it', async () => {
    const wrong: [object, string][] = [
      [{ exchanges: ['kraken'] }, 'from'],
      [{ exchanges: ['kraken'], from: 'yesterday' }, 'from'],
      [{ exchanges: ['kraken'], from: '24h', to: 'x' }, 'to'],
      [{ exchanges: 'kraken', from: '24h' }, 'exchanges'],
      [{ exchanges: ['kraken'], from: '24h', form: '1h' }, 'form'],
    ];
    for (const [body, named] of wrong) {
      const answer = await call('POST', '', body);
      assert.equal(answer.status, 400);
      assert.match((await errorOf(answer)).message, new RegExp(named));
    }
    const unknown = await call('POST', '', { exchanges: ['krakn'], from: '24h' });
    assert.equal(unknown.status, 404);
    assert.deepEqual((await errorOf(unknown)).details, { near: ['kraken'] });
    for (const id of ['/8', '/0', '/x', '/7.5', '/99999999999999999999']) {
      assert.equal((await call('GET', id)).status, 404, id);
      assert.equal((await call('DELETE', id)).status, 404, id);
    }
  });

  it('are asked for with a key that may write alone', async () => {
    const body = { exchanges: ['kraken'], from: '24h' };
    assert.equal((await call('POST', '', body, `${KEY}-read`)).status, 403);
    assert.equal((await call('DELETE', '/7', undefined, `${KEY}-read`)).status, 403);
    assert.equal((await call('GET', '/7', undefined, `${KEY}-read`)).status, 200);
  });
});
