/** Feeds, rules, articles and jobs over the API, with the registry behind it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { feedAnswer, feedsAnswer, importAnswer } from '../../api/articles/feed-schemas.ts';
import { jobAnswer, jobsAnswer } from '../../api/articles/job-schemas.ts';
import { ruleAnswer, trialAnswer } from '../../api/articles/rule-schemas.ts';
import { articleDetail, articlesAnswer } from '../../api/articles/schemas.ts';
import { openArticleDesk, openFeedDesk, openJobDesk } from '../../app/feeds.ts';
import { createParts } from '../../app/parts.ts';
import { openRuleDesk } from '../../app/rules.ts';
import { systemClock } from '../../core/clock.ts';
import { readConfig } from '../../core/config.ts';
import type { Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { type FoundArticle, saveFeedCheck } from '../../registry/feed-checks.ts';
import { beat } from '../../registry/workers.ts';
import { startApi, type TestApi } from '../helpers/api.ts';
import { feedCheck, foundArticle, nextFeed, withPage, worker } from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';
import { send } from '../helpers/send.ts';

const FEED = 'https://a.example/rss';

interface Stage {
  readonly api: TestApi;
  readonly registry: Database;
  close(): Promise<void>;
}

forEachDatabase(({ fresh }) => {
  const started = async (): Promise<Stage> => {
    const registry = await fresh();
    const influx = { url: 'http://127.0.0.1:8086' } as Influx;
    const parts = createParts(silentLog);
    const base = { registry, config: readConfig({}), clock: systemClock, influx, parts };
    const api = await startApi({
      feeds: openFeedDesk(base),
      rules: openRuleDesk(base),
      articles: openArticleDesk(base),
      jobs: openJobDesk(base),
    });
    parts.add('api', api.close);
    return { api, registry, close: parts.close };
  };
  const asker = (api: TestApi) => async (route: string, body?: unknown, status?: number) => {
    const answer = await send(api.url, route, body);
    const wanted = status ?? (route.startsWith('POST') && body ? 201 : 200);
    assert.equal(answer.status, wanted, `${route}: ${await answer.clone().text()}`);
    return (await answer.json()) as unknown;
  };
  const found = async (registry: Database, articles: readonly FoundArticle[]) => {
    const visit = await nextFeed(registry);
    const check = feedCheck(visit, { changed: true, articles });
    const { saved } = await saveFeedCheck(registry, worker('me'), check);
    assert.ok(saved);
  };

  it('feeds are made, found, changed, switched off and on', async () => {
    const { api, registry, close } = await started();
    const ask = asker(api);
    const body = { url: `${FEED}#x`, interval: '10s', tags: { folder: 'A' }, credentials: 'a:b' };
    const made = feedAnswer.strict().parse(await ask('POST /feeds', body));
    assert.deepEqual([made.id, made.url, made.state, made.credentials], [1, FEED, 'new', true]);
    assert.deepEqual(
      made.warnings.map((text) => text.slice(0, 14)),
      ['no worker is t', 'an interval of'],
    );
    const here = { id: 'me', host: 'here', slots: 1, leaseMs: 60_000 };
    await beat(registry, 'articles', here);
    const [shown] = feedsAnswer.parse(await ask('GET /feeds')).items;
    assert.deepEqual(shown?.warnings, made.warnings.slice(1));
    const again = { url: FEED, name: 'one', interval: '5s' };
    await ask('POST /feeds', again, 400);
    const same = await ask('POST /feeds', { url: FEED, name: 'one', credentials: null }, 200);
    const { id, name, interval, credentials } = feedAnswer.parse(same);
    assert.deepEqual([id, name, interval, credentials], [1, 'one', '10s', false]);
    await ask('DELETE /feeds/1');
    await ask('POST /feeds/1/check', undefined, 409);
    const on = feedAnswer.parse(await ask('PATCH /feeds/1', { active: true, policy: 'link' }));
    assert.deepEqual([on.active, on.policy, on.policyNow], [true, 'link', 'link']);
    await ask('POST /feeds/1/check', undefined, 202);
    await ask('GET /feeds/999999999999999', undefined, 404);
    const listed = feedsAnswer.strict().parse(await ask('GET /feeds?tag=folder:A&host=a.example'));
    assert.deepEqual(
      listed.items.map((feed) => feed.id),
      [1],
    );
    await close();
  });

  it('lists of more than a thousand come in, and again without a new feed', async () => {
    const { api, close } = await started();
    const count = 1_200;
    const outlines = Array.from(
      { length: count },
      (_, n) => `<outline text="f${n}\u0007" xmlUrl="https://h${n % 50}.example/${n}"/>`,
    );
    const list = `<opml><body><outline text="A">${outlines.join('')}</outline></body></opml>`;
    const post = async (body: string) => {
      const headers = { 'content-type': 'text/x-opml' };
      const answer = await fetch(`${api.url}/feeds/opml`, { method: 'POST', headers, body });
      return importAnswer.strict().parse(await answer.json());
    };
    assert.deepEqual(await post(list), { added: count, known: 0, refused: [], damage: [] });
    const exported = await (await fetch(`${api.url}/feeds/opml`)).text();
    const again = await post(exported);
    assert.deepEqual([again.added, again.known], [0, count]);
    await close();
  });

  it('articles are found by feed, rule, symbol, text and time', async () => {
    const { api, registry, close } = await started();
    const ask = asker(api);
    await ask('POST /feeds', { url: FEED });
    const rule = ruleAnswer
      .strict()
      .parse(await ask('POST /rules', { name: 'funds', feeds: [1], query: 'etf' }));
    await ask('POST /rules', { name: 'x', feeds: [1, 7], query: 'etf' }, 422);
    const matches = [{ rule: rule.id, clauses: [{ clause: 'etf', field: 'title', at: [0, 3] }] }];
    await found(registry, [
      foundArticle('a', { title: 'ETF "spot fund" opens', matches, symbols: ['BTC'] }),
      foundArticle('b', { title: 'Weather', summary: 'Rain\u0000 and \ud800 wind' }),
      foundArticle('c', { title: 'Spot prices of funds', symbols: ['BTC', 'ETH'] }),
    ]);
    const titles = async (query: string) => {
      const { items } = articlesAnswer.strict().parse(await ask(`GET /articles${query}`));
      return items.map(({ title }) => title.split(' ')[0]).sort();
    };
    assert.deepEqual(await titles(''), ['ETF', 'Spot', 'Weather']);
    assert.deepEqual(await titles('?rule=1'), ['ETF']);
    assert.deepEqual(await titles('?matched=false&feed=1'), ['Spot', 'Weather']);
    assert.deepEqual(await titles('?symbol=eth'), ['Spot']);
    assert.deepEqual(await titles('?text=%22spot+fund%22'), ['ETF']);
    assert.deepEqual(await titles('?text=spot+-opens'), ['Spot']);
    assert.deepEqual(await titles(`?text=${encodeURIComponent("'&|!:* \\ <-> (")}`), []);
    assert.deepEqual(await titles('?feed=2'), []);
    assert.deepEqual(await titles('?start=-1h&stop=0001-01-01T00:00:00Z').catch(() => 400), 400);
    assert.deepEqual(await titles('?stop=0001-01-01T00:00:00Z'), []);
    assert.deepEqual(await titles('?start=-1000y'), ['ETF', 'Spot', 'Weather']);
    const ids: number[] = [];
    for (let cursor = ''; ; ) {
      const page = articlesAnswer.parse(await ask(`GET /articles?limit=1${cursor}`));
      ids.push(...page.items.map(({ id }) => id));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    assert.deepEqual(ids.toSorted(), [1, 2, 3]);
    const lines = await (await fetch(`${api.url}/articles?format=ndjson`)).text();
    assert.equal(lines.split('\n').length, 4);
    assert.equal(ruleAnswer.parse(await ask('GET /rules/1')).matches, 1);
    await close();
  });

  it('pages wait in a queue that people can look at and change', async () => {
    const { api, registry, close } = await started();
    const ask = asker(api);
    await ask('POST /feeds', { url: FEED });
    await found(registry, [withPage('a'), withPage('b', 'other.example')]);
    const { items, counts } = jobsAnswer.strict().parse(await ask('GET /jobs?host=other.example'));
    assert.deepEqual([items.length, counts.queued], [1, 2]);
    const [{ id = 0, article = 0 } = {}] = items;
    const whole = articleDetail.strict().parse(await ask(`GET /articles/${article}`));
    assert.deepEqual([whole.bodyState, whole.job?.id], ['queued', id]);
    await ask(`POST /jobs/${id}/retry`, undefined, 409);
    const gone = jobAnswer.strict().parse(await ask(`POST /jobs/${id}/cancel`));
    assert.deepEqual([gone.state, gone.due], ['cancelled', null]);
    assert.equal(jobAnswer.parse(await ask(`POST /jobs/${id}/retry`)).state, 'queued');
    await ask('DELETE /feeds/1');
    assert.equal(jobsAnswer.parse(await ask('GET /jobs?state=cancelled')).items.length, 2);
    await close();
  });

  it('rules are tried on what is there', async () => {
    const { api, registry, close } = await started();
    const ask = asker(api);
    await ask('POST /feeds', { url: FEED });
    await found(registry, [
      foundArticle('a', { title: 'An ETF' }),
      foundArticle('b', { title: 'Weather', content: '<p>Rain</p>', bodyState: 'feed' }),
      foundArticle('c', { title: 'Prices' }),
    ]);
    const body = { rule: { query: 'etf OR crash' }, feeds: [1] };
    const { yes, no, needsText, articles } = trialAnswer
      .strict()
      .parse(await ask('POST /rules/test', body, 200));
    assert.deepEqual([yes, no, needsText], [1, 1, 1]);
    const [hit] = articles.filter(({ verdict }) => verdict === 'yes');
    assert.deepEqual([hit?.title, hit?.clauses[0]?.text], ['An ETF', 'ETF']);
    await close();
  });
});
