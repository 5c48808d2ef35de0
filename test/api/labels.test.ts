import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { label, labelPattern } from '../../api/http/field-schemas.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { fakeFeeds } from '../helpers/feed-desk.ts';
import { send } from '../helpers/send.ts';

const BLANKS = ['', ' ', '\u3000', '\u200f', ' \u202e\u202c ', '\u2066\u2069', '\u3164', '\u200b'];
const MARKS = ['\u2800', '\ufeff', '\u00ad', '\ufe0f', '\u{e0061}\u{e007f}'];
const CONTROLS = ['\n', '\t \r', '\u0001', '\u0085'];
const EXPECTED = 'a letter or sign that can be seen';

/** What makes a thing, without its name, and what its name is called. */
const THINGS: readonly (readonly [route: string, body: object, field: string])[] = [
  ['POST /monitors', { url: 'https://shop.example/' }, 'name'],
  ['POST /feeds', { url: 'https://news.example/rss' }, 'name'],
  ['POST /rules', { query: 'etf' }, 'name'],
  ['POST /alerts', { webhook: 'https://hook.example/a' }, 'name'],
  ['POST /silences', { exchanges: ['kraken'], until: '2h' }, 'comment'],
  ['POST /keys', { name: 'grafana', role: 'admin' }, 'note'],
];

describe('what people read as a name', () => {
  let api: TestApi;
  const feeds = fakeFeeds();
  before(async () => {
    api = await startApi({ feeds });
  });
  after(() => api?.close());

  for (const [route, body, field] of THINGS) {
    it(`is not of blanks and marks alone: ${route}`, async () => {
      for (const text of [...BLANKS, ...MARKS, ...CONTROLS]) {
        const answer = await send(api.url, route, { ...body, [field]: text });
        const name = JSON.stringify(text);
        assert.equal(answer.status, 400, name);
        const { code, message, details } = await errorOf(answer);
        assert.deepEqual([code, details.field], ['invalid', field], name);
        if (CONTROLS.includes(text)) assert.match(message, /expected no control characters/, name);
        else assert.deepEqual([details.expected, /seen/.test(message)], [EXPECTED, true], name);
      }
    });

    it(`is kept without the blanks around it: ${route}`, async () => {
      const answer = await send(api.url, route, { ...body, [field]: '\u3000 Gold \u00a0' });
      assert.equal(answer.status, 201, await answer.clone().text());
      assert.equal(((await answer.json()) as Record<string, unknown>)[field], 'Gold');
    });
  }

  it('is the same when it is given again, with blanks and without', async () => {
    for (const [route, , field] of THINGS.slice(0, 5)) {
      const path = `PATCH ${route.slice(5)}/1`;
      const named = async (text: string) => {
        const answer = await send(api.url, path, { [field]: text });
        assert.equal(answer.status, 200, path);
        return ((await answer.json()) as Record<string, unknown>)[field];
      };
      assert.deepEqual([await named('Gold'), await named(' Gold ')], ['Gold', 'Gold'], path);
      const blank = await send(api.url, path, { [field]: '\u200e' });
      assert.deepEqual([blank.status, (await errorOf(blank)).details.field], [400, field], path);
    }
  });

  it('of a rule that is tried, a tag and a silenced exchange are such too', async () => {
    const wrong: readonly (readonly [string, object, string])[] = [
      ['POST /rules/test', { rule: { name: ' ', query: 'etf' } }, 'rule.name'],
      ['POST /monitors', { url: 'https://shop.example/', tags: { team: '\u200f' } }, 'tags.team'],
      ['POST /silences', { exchanges: ['\u00a0'], until: '2h' }, 'exchanges.0'],
    ];
    for (const [route, body, field] of wrong) {
      const answer = await send(api.url, route, body);
      assert.equal(answer.status, 400, route);
      assert.equal((await errorOf(answer)).details.field, field);
    }
  });

  it('of a list of feeds is left out where there is none to see', async () => {
    const before = feeds.feeds.length;
    const outlines = [
      '<outline text="&#x202e;"><outline text="&#x200f; " xmlUrl="https://a.example/rss"/></outline>',
      '<outline text="A"><outline text="B" xmlUrl="https://b.example/rss"/></outline>',
    ];
    const answer = await fetch(`${api.url}/feeds/opml`, {
      method: 'POST',
      headers: { 'content-type': 'text/x-opml' },
      body: `<opml><body>${outlines.join('')}</body></opml>`,
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    const [blank, named] = feeds.feeds.slice(before);
    assert.deepEqual([blank?.url, blank?.name, blank?.tags], ['https://a.example/rss', null, {}]);
    assert.deepEqual([named?.name, named?.tags], ['B', { folder: 'A' }]);
  });
});

it('documents names as they are read', () => {
  const schema = label(200);
  const pattern = new RegExp(labelPattern, 'u');
  for (let code = 0; code <= 0xffff; code += 1) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const sign = String.fromCharCode(code);
    const taken = schema.safeParse(sign).success;
    assert.equal(pattern.test(sign), taken, `U+${code.toString(16)}`);
  }
  for (const text of ['a b', ' a', 'ا\u200fب', '👩‍👩‍👧', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '\u202ea', 'x\n']) {
    assert.equal(pattern.test(text), text !== 'x\n', text);
    assert.equal(schema.safeParse(text).data, text === 'x\n' ? undefined : text.trim(), text);
  }
});
