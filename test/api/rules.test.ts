import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ruleAnswer, rulesAnswer, trialAnswer } from '../../api/articles/rule-schemas.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { articleOf, type FakeRules, fakeRules } from '../helpers/feed-desk.ts';
import { send } from '../helpers/send.ts';

const KEY = 'a-secret-of-16-or-more';

describe('rules over the API', () => {
  let api: TestApi;
  let desk: FakeRules;

  before(async () => {
    desk = fakeRules();
    const rules = new Proxy(desk, { get: (_, name) => Reflect.get(desk, name) });
    api = await startApi({
      rules,
      keys: [
        { name: 'reader', role: 'read', secret: `${KEY}-read` },
        { name: 'writer', role: 'write', secret: KEY },
      ],
    });
  });
  beforeEach(() => {
    desk = fakeRules();
  });
  after(() => api?.close());

  const call = (route: string, body?: unknown, secret = KEY) =>
    send(api.url, route, body, { authorization: `Bearer ${secret}` });
  const made = async (body: object) => {
    const answer = await call('POST /rules', body);
    assert.equal(answer.status, 201, await answer.clone().text());
    return ruleAnswer.strict().parse(await answer.json());
  };
  const refused = async (body: object, status = 400, route = 'POST /rules') => {
    const answer = await call(route, body);
    assert.equal(answer.status, status, JSON.stringify(body).slice(0, 100));
    return errorOf(answer);
  };
  const tried = async (body: object) => {
    const answer = await call('POST /rules/test', body);
    assert.equal(answer.status, 200, await answer.clone().text());
    return trialAnswer.strict().parse(await answer.json());
  };

  it('are made of words, phrases, patterns and a query', async () => {
    const answer = await call('POST /api/v1/rules/', { name: 'a', query: 'etf' });
    assert.equal(answer.headers.get('location'), '/api/v1/rules/1');
    const rule = await made({
      name: 'funds',
      feeds: [2, 1, 2],
      any: ['etf', { text: 'spot fund', in: ['title', 'summary'], matchCase: true }],
      all: [{ pattern: 'b[i1]tcoin', in: ['body'] }],
      none: ['rumor'],
      query: '(etf OR "spot fund") AND -rumor in:title\nAND $BTC',
    });
    assert.deepEqual(
      [rule.id, rule.feeds, rule.active, rule.matches, rule.none],
      [2, [1, 2], true, 0, [{ text: 'rumor' }]],
    );
    assert.deepEqual(rule.any, [
      { text: 'etf' },
      { text: 'spot fund', in: ['title', 'summary'], matchCase: true },
    ]);
    assert.deepEqual(desk.rules[1]?.spec.all, [{ pattern: 'b[i1]tcoin', in: ['body'] }]);
  });

  it('refuse a mistake with the field and the position in it', async () => {
    const wrong: [object, string, number][] = [
      [{ query: '(etf OR fund' }, 'query', 0],
      [{ query: 'etf)' }, 'query', 3],
      [{ query: 'etf AND' }, 'query', 7],
      [{ query: 'x /a(?=b)/' }, 'query', 4],
      [{ any: ['ok', { pattern: 'a(b' }] }, 'any.1.pattern', 1],
      [{ all: [{ pattern: '(a)\\1' }] }, 'all.0.pattern', 3],
      [{ none: ['*'] }, 'none.0.text', 0],
      [{ any: ['a*b'] }, 'any.0.text', 1],
      [{ query: 'a '.repeat(5_000) }, 'query', 4_000],
      [{ any: [{ pattern: 'a'.repeat(1_001) }] }, 'any.0.pattern', 1_000],
    ];
    for (const [body, field, position] of wrong) {
      for (const send of [
        () => refused({ name: 'x', ...body }),
        () => refused({ rule: body }, 400, 'POST /rules/test'),
      ]) {
        const { code, message, details } = await send();
        assert.deepEqual([code, details], ['invalid', { field, position }], message);
      }
    }
    assert.deepEqual(desk.rules, []);
  });

  it('refuse what is no rule, naming the field', async () => {
    const term = { text: 'a' };
    const wrong: [object, string | undefined][] = [
      [{ query: 'etf' }, 'name'],
      [{ name: '', query: 'etf' }, 'name'],
      [{ name: 'a\0', query: 'etf' }, 'name'],
      [{ name: 'x' }, undefined],
      [{ name: 'x', any: [], all: null, query: null }, undefined],
      [{ name: 'x', any: 'etf' }, 'any'],
      [{ name: 'x', any: [7] }, 'any'],
      [{ name: 'x', any: [''] }, 'any'],
      [{ name: 'x', any: ['\ud800'] }, 'any'],
      [{ name: 'x', any: [{ ...term, in: ['headline'] }] }, 'any'],
      [{ name: 'x', any: [{ ...term, in: [] }] }, 'any'],
      [{ name: 'x', any: [{ ...term, pattern: 'b' }] }, 'any'],
      [{ name: 'x', any: [{}] }, 'any'],
      [{ name: 'x', any: [{ ...term, where: 'title' }] }, 'any'],
      [{ name: 'x', any: Array(201).fill('a') }, undefined],
      [{ name: 'x', query: '\0' }, 'query'],
      [{ name: 'x', query: 'a', feeds: [] }, 'feeds'],
      [{ name: 'x', query: 'a', feeds: [0.5] }, 'feeds'],
      [{ name: 'x', query: 'a', feed: 1 }, 'feed'],
    ];
    for (const [body, field] of wrong) {
      const { details, message } = await refused(body);
      assert.equal((details.field as string | undefined)?.split('.')[0], field, message);
    }
    const { code, details } = await refused({ name: 'x', query: 'a', feeds: [1, 8, 9] }, 422);
    assert.deepEqual([code, details.missing], ['unprocessable', [8, 9]]);
    assert.deepEqual(desk.rules, []);
  });

  it('are changed part by part, and judged as a whole', async () => {
    await made({ name: 'one', any: ['etf'], query: 'fund', feeds: [1] });
    const patch = async (body: object) => {
      const answer = await call('PATCH /rules/1', body);
      assert.equal(answer.status, 200, await answer.clone().text());
      return ruleAnswer.strict().parse(await answer.json());
    };
    const renamed = await patch({ name: 'two', active: false });
    assert.deepEqual([renamed.name, renamed.active, renamed.query], ['two', false, 'fund']);
    const free = await patch({ query: null, feeds: null, all: ['bitcoin'] });
    assert.deepEqual([free.query, free.feeds, free.any], [null, null, [{ text: 'etf' }]]);
    const wrong = [{ any: null, all: null }, { query: '(' }, {}, { name: null }, { id: 2 }];
    for (const body of wrong) await refused(body, 400, 'PATCH /rules/1');
    await refused({ feeds: [9] }, 422, 'PATCH /rules/1');
    assert.deepEqual(desk.rules[0]?.spec.any, [{ text: 'etf' }]);
  });

  it('are listed page by page, switched off, and not found where there is none', async () => {
    for (const n of [1, 2, 3]) await made({ name: `rule ${n}`, query: 'etf' });
    const deleted = await call('DELETE /rules/2/');
    assert.equal(ruleAnswer.strict().parse(await deleted.json()).active, false);
    const list = async (query: string) =>
      rulesAnswer.strict().parse(await (await call(`GET /rules${query}`)).json());
    desk.rules[0] = { ...desk.rules[0]!, leftOut: 'more than 10000 rules' };
    const leftOut = async (query: string) => (await list(query)).items.map((one) => one.leftOut);
    assert.deepEqual(await leftOut('?limit=2'), ['more than 10000 rules', null]);
    const ids = async (query: string) => (await list(query)).items.map(({ id }) => id);
    assert.deepEqual([await ids('?limit=2'), (await list('?limit=2')).next], [[1, 2], '2']);
    assert.deepEqual(await ids('?after=2'), [3]);
    assert.deepEqual(await ids('?active=true'), [1, 3]);
    // What is not an id, but another thing at this place, can only be posted to.
    for (const [id, status] of [...['4', '0', 'x'].map((one) => [one, 404]), ['test', 405]]) {
      assert.equal((await call(`GET /rules/${id}`)).status, status, `${id}`);
      assert.equal((await call(`PATCH /rules/${id}`, { name: 'x' })).status, status, `${id}`);
      assert.equal((await call(`DELETE /rules/${id}`)).status, status, `${id}`);
    }
    for (const query of ['?active=1', '?text=x', '?limit=0']) {
      assert.equal((await call(`GET /rules${query}`)).status, 400, query);
    }
  });

  it('are tried on articles: what is found where, and what the page has to say', async () => {
    desk.articles.push(
      { ...articleOf(1, { title: 'A Bitcoin ETF', summary: 'No rumor.' }) },
      { ...articleOf(2, { title: 'Bitcoin falls', summary: 'x' }) },
      { ...articleOf(3, { title: 'Bitcoin', body: 'It is about an ETF.', feed: 2 }) },
      { ...articleOf(4, { title: 'Bitcoin', body: 'It is about nothing.' }) },
      { ...articleOf(5, { title: 'Bitcoin', content: `<p>${'etf '.repeat(400)}</p>` }) },
      { ...articleOf(6, { title: 'Weather' }) },
    );
    const result = await tried({ rule: { name: 'any', query: 'title:bitcoin etf' } });
    const { tried: count, yes, no, needsText, articles } = result;
    assert.deepEqual([count, yes, no, needsText], [6, 3, 2, 1]);
    assert.deepEqual(
      articles.map(({ id, verdict }) => [id, verdict]),
      [
        [1, 'yes'],
        [2, 'needs-text'],
        [3, 'yes'],
        [5, 'yes'],
      ],
    );
    assert.deepEqual(articles[0]?.clauses, [
      { clause: 'title:bitcoin', field: 'title', at: [2, 9], text: 'Bitcoin' },
      { clause: 'etf', field: 'title', at: [10, 13], text: 'ETF' },
    ]);
    assert.deepEqual(articles[2]?.clauses[1], {
      ...{ clause: 'etf', field: 'body', at: [15, 18], text: 'ETF' },
    });
    const bySymbol = await tried({ rule: { query: 'author:ann $btc' }, limit: 1 });
    assert.deepEqual(bySymbol.articles[0]?.clauses, [
      { clause: 'author:ann', field: 'author', item: 0, at: [0, 3], text: 'Ann' },
      { clause: '$btc', field: 'symbol', item: 0, at: [0, 3], text: 'BTC' },
    ]);
    assert.deepEqual(desk.rules, [], 'nothing is kept');
  });

  it('that are kept are tried by their number, on other feeds if these are named', async () => {
    desk.articles.push(articleOf(1), articleOf(2, { feed: 2 }));
    await made({ name: 'one', query: 'title', feeds: [1] });
    assert.deepEqual(
      (await tried({ id: 1 })).articles.map(({ id }) => id),
      [1],
    );
    assert.deepEqual(
      (await tried({ id: 1, feeds: [2] })).articles.map(({ id }) => id),
      [2],
    );
    const wrong: [object, number][] = [
      [{}, 400],
      [{ id: 1, rule: { query: 'a' } }, 400],
      [{ id: 1, limit: 501 }, 400],
      [{ id: 2 }, 422],
      [{ id: 1, feeds: [9] }, 422],
    ];
    for (const [body, status] of wrong) await refused(body, status, 'POST /rules/test');
  });

  it('that are hostile are tried in linear time', async () => {
    const body = 'a'.repeat(100_000);
    for (let id = 1; id <= 5; id += 1) desk.articles.push(articleOf(id, { body }));
    const began = process.cpuUsage();
    const result = await tried({ rule: { any: [{ pattern: '(a+)+$x', in: ['body'] }] } });
    assert.deepEqual([result.tried, result.yes], [5, 0]);
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 5_000_000, `${user + system} µs`);
  });

  it('are made and tried with a key that may write alone', async () => {
    await made({ name: 'one', query: 'a' });
    for (const [route, body] of [
      ['POST /rules', { name: 'x', query: 'a' }],
      ['POST /rules/test', { id: 1 }],
      ['PATCH /rules/1', { name: 'x' }],
      ['DELETE /rules/1', undefined],
    ] as const) {
      assert.equal((await call(route, body, `${KEY}-read`)).status, 403, route);
    }
    assert.equal((await call('GET /rules/1', undefined, `${KEY}-read`)).status, 200);
    assert.equal((await fetch(`${api.url}/rules`)).status, 401);
  });
});
