import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { visitFeed } from '../../../ingest/articles/feed-visit.ts';
import { isWholeText } from '../../../ingest/articles/whole-text.ts';
import type { FoundArticle } from '../../../registry/feed-checks.ts';
import { feedSettings, VisitStage } from './visit-stage.ts';

const words = (chars: number) => 'All of it is said in here. '.repeat(chars).slice(0, chars);
const told = words(300);

describe('the text that a feed has of an article', () => {
  it('is the whole of it where it is long, or is given as content and does not go on', () => {
    const cases: [string, { summary?: string; content?: boolean }, boolean][] = [
      [words(1_000), { content: false }, true],
      [words(999), { content: false }, false],
      [told, {}, true],
      [told, { summary: words(100) }, true],
      [told, { summary: told }, false],
      [words(199), {}, false],
      [`${told} and so on…`, {}, false],
      [`${told} and so on [...]`, {}, false],
      [`${told} and so on ( … )`, {}, false],
      [`${told}\nRead more`, {}, false],
      [`${told}\nContinue reading this at News`, {}, false],
      [`${told}\nThe post A title appeared first on News.`, {}, true],
      [`${told} and so […]\nThe post A title appeared first on News.`, {}, false],
      [`Read more of it: ${told}`, {}, true],
    ];
    for (const [text, { summary = '', content = true }, whole] of cases) {
      assert.equal(isWholeText({ text, summary, content }), whole, text.slice(-60));
    }
  });

  it('takes no time that grows faster than the text', () => {
    const hostile = ['The post '.repeat(20_000), `${'. '.repeat(100_000)}…)`, ')'.repeat(200_000)];
    const began = process.cpuUsage();
    for (const text of hostile)
      isWholeText({ text: text.slice(0, 999), summary: '', content: true });
    for (const text of hostile) isWholeText({ text, summary: '', content: true });
    const { user } = process.cpuUsage(began);
    assert.ok(user < 500_000, `${user} µs`);
  });
});

describe('rules and the content of a feed', () => {
  const found = async (content: string, query: string): Promise<FoundArticle> => {
    const stage = new VisitStage();
    stage.rule(7, query);
    const body = `<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>A feed</title><item><guid isPermaLink="false">1</guid><title>A title</title>
<link>https://a.test/1</link><description>Short.</description>
<content:encoded><![CDATA[<p>${content}</p>]]></content:encoded></item></channel></rss>`;
    stage.set('https://a.test/feed', { body });
    const visit = stage.feed({ settings: { ...feedSettings, fetch: 'matched' } });
    const { check } = await visitFeed(visit, stage.tools(visit));
    return check.articles[0]!;
  };
  const rules = ({ matches }: FoundArticle) => matches.map(({ rule }) => rule);

  it('match what is in it before any page is read', async () => {
    const article = await found(`${told} And the secret sauce…`, 'body:"secret sauce"');
    assert.deepEqual(rules(article), [7]);
    assert.equal(Object(article.matches[0]?.clauses[0]).field, 'body');
    const refused = await found(`${told} A rumor…`, 'title -rumor');
    assert.deepEqual([rules(refused), refused.job], [[], null]);
  });

  it('have no page read for what is not in it, where it is whole', async () => {
    const article = await found(told, 'body:"secret sauce"');
    assert.deepEqual([rules(article), article.bodyState, article.job], [[], 'feed', null]);
    const denied = await found(told, 'title -rumor');
    assert.deepEqual([rules(denied), denied.job], [[7], null]);
  });

  it('have the page read where it goes on', async () => {
    for (const query of ['body:"secret sauce"', 'title -rumor']) {
      const article = await found(`${told}…`, query);
      assert.deepEqual([rules(article), article.job?.host], [[], 'a.test'], query);
    }
  });
});
