import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { jobAnswer, jobsAnswer } from '../../api/articles/job-schemas.ts';
import { articleAnswer, articleDetail, articlesAnswer } from '../../api/articles/schemas.ts';
import { TidemarkError } from '../../core/errors.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { ManualClock } from '../helpers/clock.ts';
import {
  articleOf,
  type FakeArticles,
  fakeArticles,
  fakeJobs,
  jobOf,
} from '../helpers/feed-desk.ts';
import { send } from '../helpers/send.ts';

const KEY = 'a-secret-of-16-or-more';
const NOW = Date.UTC(2022, 9, 12);

describe('articles over the API', () => {
  let api: TestApi;
  let desk: FakeArticles;

  before(async () => {
    desk = fakeArticles();
    const articles = new Proxy(desk, { get: (_, name) => Reflect.get(desk, name) });
    api = await startApi({ articles, clock: new ManualClock(NOW) });
  });
  beforeEach(() => {
    desk = fakeArticles();
  });
  after(() => api?.close());

  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${api.url}/articles${query}`, { headers });
  const list = async (query: string) =>
    articlesAnswer.strict().parse(await (await get(query)).json());
  const fill = (count: number) => {
    for (let id = 1; id <= count; id += 1) desk.articles.push(articleOf(id));
  };
  const linesOf = async (answer: Response) => {
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await answer.text()).split('\n');
    assert.equal(lines.pop(), '', 'every line ends');
    return lines.map((line) => articleAnswer.strict().parse(JSON.parse(line)));
  };

  it('come page by page, the newest first, and nothing moves meanwhile', async () => {
    fill(5);
    const first = await list('?limit=2');
    assert.deepEqual(
      first.items.map(({ id }) => id),
      [5, 4],
    );
    desk.articles.push(articleOf(6));
    const second = await list(`?limit=2&cursor=${first.next}`);
    assert.deepEqual(
      second.items.map(({ id }) => id),
      [3, 2],
    );
    const last = await list(`?limit=2&cursor=${second.next}`);
    assert.deepEqual([last.items.map(({ id }) => id), last.next], [[1], null]);
    assert.equal((await list('')).items.length, 6);
    for (const path of ['/articles/', '/api/v1/articles', '/api/v1/articles/']) {
      assert.equal((await fetch(api.url + path)).status, 200, path);
    }
  });

  it('of one moment are kept apart, to the microsecond', async () => {
    const seenMs = 1_665_459_302_358.123;
    for (const id of [1, 2, 3]) desk.articles.push(articleOf(id, { seenMs }));
    const { next } = await list('?limit=1');
    assert.equal(next, '1665459302358.123_3');
    assert.deepEqual(
      (await list(`?cursor=${next}`)).items.map(({ id }) => id),
      [2, 1],
    );
  });

  it('are asked for by what they are', async () => {
    await list('?feed=3&rule=4&matched=false&symbol=$btc&text=%22spot+fund%22+-rumor&start=-1h');
    await list('?matched=true&start=2022-10-11T00:00:00Z&stop=2022-10-11T12:00:00Z&symbol=ETH');
    await list('?start=-1000y&stop=0s');
    const [one, two, three] = desk.asked;
    assert.deepEqual(one, {
      ...{ feed: 3, rule: 4, matched: false, symbol: 'BTC', text: '"spot fund" -rumor' },
      ...{ fromMs: NOW - 3_600_000, toMs: undefined, before: undefined, limit: 101 },
    });
    assert.deepEqual(
      [two?.matched, two?.symbol, two?.fromMs, two?.toMs],
      [true, 'ETH', Date.UTC(2022, 9, 11), Date.UTC(2022, 9, 11, 12)],
    );
    assert.deepEqual([three?.fromMs, three?.toMs], [0, NOW], 'no time before PostgreSQL began');
  });

  it('refuse what is wrong', async () => {
    const wrong = ['?feed=x', '?rule=-1', '?matched=1', '?symbol=a-b', '?text=', '?start=now'];
    wrong.push('?start=-1h&stop=-2h', '?limit=0', '?limit=1001', '?cursor=5', '?cursor=1_x');
    wrong.push('?cursor=9999999999999999_1', '?format=csv', '?order=oldest', '?feed=1&feed=2');
    for (const query of wrong) {
      const answer = await get(query);
      assert.equal(answer.status, 400, query);
      assert.equal((await errorOf(answer)).code, 'invalid', query);
    }
    assert.deepEqual(desk.asked, []);
    const csv = await get('', { accept: 'text/csv' });
    assert.equal(csv.status, 406);
    assert.deepEqual((await errorOf(csv)).details.available, [
      ...['application/json', 'application/x-ndjson'],
    ]);
  });

  it('come as NDJSON, all of them, some at a time', async () => {
    fill(450);
    const found = await linesOf(await get('?format=ndjson'));
    assert.deepEqual(
      found.map(({ id }) => id),
      Array.from({ length: 450 }, (_, n) => 450 - n),
    );
    assert.deepEqual(
      desk.asked.map(({ limit }) => limit),
      [200, 200, 200],
    );
    assert.deepEqual(
      await linesOf(await get('?start=-1h', { accept: 'application/x-ndjson' })),
      [],
    );
  });

  it('come as NDJSON page by page where that is asked for', async () => {
    fill(3);
    const answer = await get('?limit=2', { accept: 'application/x-ndjson' });
    const cursor = answer.headers.get('tidemark-next');
    assert.match(answer.headers.get('link') ?? '', /rel="next"/);
    assert.deepEqual(
      (await linesOf(answer)).map(({ id }) => id),
      [3, 2],
    );
    const rest = await get(`?limit=2&format=ndjson&cursor=${cursor}`);
    assert.equal(rest.headers.get('tidemark-next'), null);
    assert.deepEqual(
      (await linesOf(rest)).map(({ id }) => id),
      [1],
    );
  });

  it('end without an end when something fails in the middle', async () => {
    fill(450);
    const whole = desk.list;
    const failing = new TidemarkError('unavailable', 'the registry is away');
    desk.list = (filter) => (filter.before ? Promise.reject(failing) : whole(filter));
    await assert.rejects(async () => (await get('?format=ndjson')).text());
    desk.list = () => Promise.reject(failing);
    assert.equal((await get('?format=ndjson')).status, 503, 'before it began');
  });

  it('are not read on when the client leaves', async () => {
    fill(200);
    let asked = 0;
    const page = desk.articles.map((one) => ({ ...one, summary: 'x'.repeat(20_000) }));
    desk.list = async () => {
      asked += 1;
      return page;
    };
    const answer = await get('?format=ndjson');
    const reader = answer.body!.getReader();
    await reader.read();
    await reader.cancel();
    // Each question of ours is one too; what goes on has asked for more by then.
    let [more, rounds] = [asked, 0];
    for (; more > 0 && rounds < 100; rounds += 1) {
      const before = asked;
      await get('?limit=1');
      more = asked - before - 1;
    }
    assert.ok(rounds < 100, `${asked} pages, and no end`);
  });

  it('are told whole, with text and job, by their number', async () => {
    const job = jobOf(7, { state: 'leased', owner: 'me', untilMs: NOW, article: 1 });
    const rules = [{ rule: 2, name: 'funds', clauses: [{ clause: 'etf' }] }];
    desk.articles.push(articleOf(1, { content: '<p>x</p>', body: 'x', job, rules }));
    const answer = await get('/1/');
    assert.match(answer.headers.get('etag') ?? '', /^"/);
    const article = articleDetail.strict().parse(await answer.json());
    assert.deepEqual([article.content, article.body, article.rules], ['<p>x</p>', 'x', rules]);
    assert.deepEqual(
      [article.job?.id, article.job?.due, article.job?.until],
      [7, null, '2022-10-12T00:00:00.000Z'],
    );
    assert.deepEqual([article.published, article.updated], ['2022-10-11T03:35:00.000Z', null]);
    for (const id of ['2', '0', 'x', '99999999999999999']) {
      assert.equal((await get(`/${id}`)).status, 404, id);
    }
    assert.equal((await send(api.url, 'DELETE /articles/1')).status, 405);
  });
});

describe('jobs over the API', () => {
  let api: TestApi;
  let desk: ReturnType<typeof fakeJobs>;

  before(async () => {
    desk = fakeJobs();
    const jobs = new Proxy(desk, { get: (_, name) => Reflect.get(desk, name) });
    api = await startApi({
      jobs,
      keys: [
        { name: 'reader', role: 'read', secret: `${KEY}-read` },
        { name: 'writer', role: 'write', secret: KEY },
      ],
    });
  });
  beforeEach(() => {
    desk = fakeJobs();
    desk.jobs.push(
      jobOf(1),
      jobOf(2, { state: 'dead', reason: 'status', status: 404, endedMs: NOW, waits: null }),
      jobOf(3, { state: 'failed', host: 'other.example', feed: 2, attempts: 1, waits: 'retry' }),
    );
  });
  after(() => api?.close());

  const call = (route: string, secret = KEY) =>
    send(api.url, route, undefined, { authorization: `Bearer ${secret}` });

  it('are listed page by page, found by what they are, and counted', async () => {
    const list = async (query: string) =>
      jobsAnswer.strict().parse(await (await call(`GET /jobs${query}`)).json());
    const ids = async (query: string) => (await list(query)).items.map(({ id }) => id);
    const first = await list('?limit=2');
    assert.deepEqual([first.items.map(({ id }) => id), first.next], [[1, 2], '2']);
    assert.deepEqual(first.counts, {
      ...{ queued: 1, leased: 0, done: 0, failed: 1, dead: 1, cancelled: 0 },
    });
    assert.deepEqual(await ids('?after=2'), [3]);
    assert.deepEqual(await ids('?state=dead'), [2]);
    assert.deepEqual(await ids('?host=OTHER.example'), [3]);
    assert.deepEqual(await ids('?feed=2'), [3]);
    const [job] = (await list('?state=dead')).items;
    assert.deepEqual([job?.due, job?.ended, job?.status], [null, '2022-10-12T00:00:00.000Z', 404]);
    for (const query of ['?state=open', '?feed=x', '?after=x', '?limit=0', '?x=1']) {
      assert.equal((await call(`GET /jobs${query}`)).status, 400, query);
    }
  });

  it('are tried again, or cancelled, where their state allows it', async () => {
    const done = async (route: string) =>
      jobAnswer.strict().parse(await (await call(route)).json());
    assert.equal((await done('POST /jobs/2/retry')).state, 'queued');
    assert.equal((await done('POST /api/v1/jobs/3/cancel/')).state, 'cancelled');
    assert.equal((await done('GET /jobs/3')).state, 'cancelled');
    for (const [route, state] of [
      ['POST /jobs/1/retry', 'queued'],
      ['POST /jobs/3/cancel', 'cancelled'],
    ] as const) {
      const answer = await call(route);
      assert.equal(answer.status, 409);
      assert.equal((await errorOf(answer)).details.state, state);
    }
  });

  it('that are not there are not found; changed with a key that may write alone', async () => {
    for (const id of ['4', '0', 'x']) {
      for (const route of [
        `GET /jobs/${id}`,
        `POST /jobs/${id}/retry`,
        `POST /jobs/${id}/cancel`,
      ]) {
        assert.equal((await call(route)).status, 404, route);
      }
    }
    assert.equal((await call('POST /jobs/2/retry', `${KEY}-read`)).status, 403);
    assert.equal((await call('POST /jobs/1/cancel', `${KEY}-read`)).status, 403);
    assert.equal((await call('GET /jobs/1', `${KEY}-read`)).status, 200);
    assert.equal((await call('GET /jobs/1', 'nobody')).status, 401);
  });
});
