/** Feeds that want to be more than text, through the whole pipeline to a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { whyNoBrowser } from '../helpers/browser.ts';
import { Receiver } from '../helpers/receiver.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

/** Longer ones are cut as they come. */
const TITLE_CHARS = 2_000;

/** Each would leave its name in `window.taken`, or open a dialog. */
const taking = (name: string): string => `window.taken = '${name}'; alert('${name}')`;

const ITEMS = [
  {
    // A rule of the demo finds the word, so that the title is shown in three parts.
    title: `<img src=x onerror="${taking('image')}"> bitcoin <svg onload="${taking('svg')}">`,
    url: `javascript:${taking('link')}`,
    body: `<p onclick="${taking('click')}">A text.</p><img src=x onerror="${taking('body')}">`,
  },
  {
    title: `"></button></script><script>${taking('script')}</script>`,
    url: `data:text/html,<script>${taking('data')}</script>`,
    body: `A text.<script>${taking('body script')}</script><iframe srcdoc="<script>"></iframe>`,
  },
  {
    title: 'The invoice \u202efdp.exe\u2066 \u200f of today',
    url: ` Java\tScript:${taking('spelled')}`,
    body: `<a href="javascript:${taking('body link')}">A text.</a>`,
  },
  { title: `Long ${'x'.repeat(9_995)}`, url: 'vbscript:taken', body: 'A text.' },
] as const;

const AUTHOR = `<b onmouseover="${taking('author')}">Mallory</b>`;
const NAMES = {
  json: `<script>${taking('feed')}</script>`,
  rss: `Feed <img src=x onerror="${taking('feed image')}">`,
} as const;

/** What is shown of them, as far as a list of choices has room. */
const NAMED = { json: NAMES.json.slice(0, 40), rss: 'Feed' } as const;

/** Titles of JSON Feed are text: what they say is what is shown. */
function jsonFeed(): string {
  return JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title: NAMES.json,
    items: ITEMS.map(({ title, url, body }, at) => ({
      ...{ id: `${url}#${at}`, url, title, content_html: body },
      ...{ authors: [{ name: AUTHOR, url }], tags: [title.slice(0, 100)] },
    })),
  });
}

/** Those of RSS may be markup: its text is shown, and nothing of it lives. */
function rssFeed(): string {
  const inside = (text: string) => `<![CDATA[${text}]]>`;
  const items = ITEMS.map(({ title, url, body }, at) =>
    [
      `<item><guid isPermaLink="true">${inside(`${url}#${at}`)}</guid>`,
      `<title>${inside(`Item ${at} ${title}`)}</title><link>${inside(url)}</link>`,
      `<description>${inside(body)}</description><author>${inside(AUTHOR)}</author></item>`,
    ].join(''),
  );
  const title = `<title>${inside(NAMES.rss)}</title>`;
  return `<rss version="2.0"><channel>${title}${items.join('')}</channel></rss>`;
}

const FEEDS = {
  json: { type: 'application/feed+json', text: jsonFeed },
  rss: { type: 'application/rss+xml', text: rssFeed },
} as const;

describe('articles of a hostile feed', { skip: whyNoBrowser() ?? false }, () => {
  let site: Receiver;
  let stage: Stage;
  before(async () => {
    site = await Receiver.start();
    site.answer = (response, { path }) => {
      const feed = FEEDS[path.slice(1) as keyof typeof FEEDS];
      if (feed === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': feed.type }).end(feed.text());
    };
    const settings = { ALLOW_PRIVATE_TARGETS: site.place, ARTICLE_HOST_SPACING: '0' };
    stage = await startStage(undefined, { EXCHANGES: 'kraken', ...settings });
  });
  after(async () => {
    await stage?.close();
    await site?.close();
  });

  for (const [name, titles] of [
    ['json', ITEMS.map(({ title }) => title.slice(0, TITLE_CHARS))],
    ['rss', ITEMS.map((_, at) => `Item ${at}`)],
  ] as const) {
    it(`are text on the news page and lead nowhere, as the feed is ${name}`, async () => {
      const url = `${site.url}/${name}`;
      const { id } = await stage.send<{ id: number }>('POST', '/api/v1/feeds', { url });
      await stage.send('POST', `/api/v1/feeds/${id}/check`);
      const told: string[] = [];
      const prepare = async (page: Page): Promise<void> => {
        page.on('dialog', (dialog) => {
          told.push(`a dialog: ${dialog.message()}`);
          void dialog.dismiss();
        });
        page.on('request', (request) => {
          if (!request.url().startsWith(`${stage.url}/`)) told.push(`asked for ${request.url()}`);
          if (new URL(request.url()).pathname === '/x') told.push('asked for an image');
        });
        await page.addInitScript(WATCH);
      };
      await stage.visit(
        `#/news?feed=${id}`,
        async (page) => {
          for (const title of titles) await openStory(page, title);
          const shown = await page.locator('.story-title').allTextContents();
          assert.equal(shown.length, titles.length);
          if (name === 'json') assert.deepEqual(shown.toSorted(), titles.toSorted());
          const feeds = await page.getByLabel('Feed').textContent();
          assert.ok(feeds?.includes(NAMED[name]), feeds ?? '');
          await assertFits(page);
          assert.deepEqual(await page.evaluate(FOUND), { taken: null, refused: [], alive: [] });
          await page.goto(`${stage.url}/#/news/feeds`);
          await page.getByRole('row', { name: url }).waitFor();
          assert.deepEqual(await page.evaluate(FOUND), { taken: null, refused: [], alive: [] });
          assert.deepEqual(told, []);
        },
        { prepare },
      );
    });
  }
});

async function openStory(page: Page, title: string): Promise<void> {
  const story = page.locator('.story', { has: page.locator('.story-title', { hasText: title }) });
  await story.locator('.story-title').click();
  await story.locator('.story-body').getByText('A text.').first().waitFor();
}

/** What the page's policy refused is kept: a script that it stopped had come too far. */
const WATCH = `
  window.refused = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    window.refused.push(event.violatedDirective + ' ' + event.blockedURI);
  });
`;

/** What ran, what was stopped, and whatever in the page's own part could run or lead elsewhere. */
const FOUND = `(() => {
  const own = document.querySelector('main');
  const alive = [...own.querySelectorAll('*')].filter((element) => {
    const handler = [...element.attributes].some(({ name }) => name.startsWith('on'));
    const link = element.matches('a') && !/^https?:$/.test(element.protocol);
    return handler || link || element.matches('img, script, svg, iframe, object, b, form');
  });
  return {
    taken: window.taken ?? null,
    refused: window.refused,
    alive: alive.map((element) => element.outerHTML.slice(0, 200)),
  };
})()`;
