/** News as people see them: a whole Tidemark, a feed of the test's own, a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { whyNoBrowser } from '../helpers/browser.ts';
import { HOSTILE, type Site, startSite } from './site.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

const REFUSED = /status of 4\d\d/;
const LONG = `Long ${'word '.repeat(2_000)}`.trim();

describe('news', { skip: whyNoBrowser() ?? false }, () => {
  let site: Site;
  let stage: Stage;
  before(async () => {
    site = await startSite();
    site.titles = ['Bitcoin is quiet'];
    const settings = {
      EXCHANGES: 'kraken',
      ALLOW_PRIVATE_TARGETS: site.place,
      ARTICLE_HOST_SPACING: '0',
    };
    stage = await startStage(undefined, settings);
  });
  after(async () => {
    await stage?.close();
    await site?.close();
  });

  const titled = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

  it('adds a feed, and says at the field what is wrong with a URL', () =>
    stage.visit(
      '#/news/feeds',
      async (page) => {
        await page.getByRole('button', { name: 'Add a feed' }).click();
        const dialog = page.getByRole('dialog', { name: 'Add a feed' });
        await dialog.getByLabel('URL').fill('news.example');
        await dialog.getByRole('button', { name: 'Add', exact: true }).click();
        const field = dialog.locator('.field', { has: page.getByLabel('URL') });
        await field.getByText(/field url/).waitFor();
        await dialog.getByLabel('URL').fill(`${site.url}/feed`);
        await dialog.getByLabel('Interval').fill('10s');
        await dialog.getByRole('button', { name: 'Add', exact: true }).click();
        const row = region(page, 'Feeds').getByRole('row', { name: `${site.url}/feed` });
        await row.getByText('ok', { exact: true }).waitFor();
      },
      { expected: REFUSED },
    ));

  it('shows a new article as it comes', () =>
    stage.visit('#/news', async (page) => {
      await titled(page, 'Bitcoin is quiet').waitFor();
      site.titles = ['It has just come', ...site.titles];
      await titled(page, 'It has just come').waitFor();
    }));

  it('shows titles as text, whatever they say and however long they are', () => {
    const prepare = async (page: Page): Promise<void> => {
      await page.route('**/api/v1/articles?*', async (route) => {
        const answer = await route.fetch();
        const { items, next } = (await answer.json()) as { items: object[]; next: unknown };
        const titles = [HOSTILE, LONG];
        const told = items.map((item, at) => ({ ...item, title: titles[at] ?? 'Any', rules: [] }));
        await route.fulfill({ json: { items: told, next } });
      });
    };
    return stage.visit(
      '#/news',
      async (page) => {
        await titled(page, HOSTILE).waitFor();
        assert.equal(await page.locator('main img').count(), 0);
        assert.equal(await page.title(), 'News · Tidemark');
        const height = (await page.locator('.story-title').nth(1).boundingBox())?.height ?? 0;
        assert.ok(height > 0 && height < 60, `a long title of ${height} px`);
      },
      { prepare },
    );
  });

  it('marks what a rule found, opens an article and closes it', () =>
    stage.visit('#/news', async (page) => {
      const marks = page.locator('.story-title mark');
      await marks.first().waitFor();
      assert.match((await marks.first().textContent()) ?? '', /bitcoin|btc/i);
      const story = page.locator('.story', { has: page.locator('mark') }).first();
      await story.locator('.story-title').click();
      await story.getByRole('link', { name: 'To the page' }).waitFor();
      await story.getByText('Rule Bitcoin in the news').waitFor();
      assert.equal(await story.locator('.story-title').getAttribute('aria-expanded'), 'true');
      await story.locator('.story-title').press('Enter');
      await story.locator('.story-body').waitFor({ state: 'hidden' });
    }));

  it('leaves the place alone where somebody reads: new ones wait behind a button', () =>
    stage.visit('#/news', async (page) => {
      await page.locator('.story-title').nth(3).focus();
      site.titles = ['While you were reading', ...site.titles];
      const fresh = page.getByRole('button', { name: '1 new' });
      await fresh.waitFor();
      assert.equal(await titled(page, 'While you were reading').count(), 0);
      await fresh.click();
      await titled(page, 'While you were reading').waitFor();
    }));

  it('filters by words and by what a rule matched, and keeps that in the address', () =>
    stage.visit('#/news', async (page) => {
      await titled(page, 'While you were reading').waitFor();
      await page.getByLabel('Words').fill('"Bitcoin is quiet"');
      await page.getByLabel('Words').press('Enter');
      await titled(page, 'While you were reading').waitFor({ state: 'detached' });
      await titled(page, 'Bitcoin is quiet').waitFor();
      await page.getByLabel('Rule').selectOption({ label: 'matched by any rule' });
      await titled(page, 'Bitcoin is quiet').waitFor();
      assert.match(page.url(), /text=.*matched=true/);
      await page.getByLabel('Words').fill('nobody wrote this');
      await page.getByLabel('Words').press('Enter');
      await page.getByText('No articles here yet.').waitFor();
    }));

  it('adds a rule: where a mistake is, what it would match, then the rule', () =>
    stage.visit(
      '#/news/rules',
      async (page) => {
        await page.getByRole('button', { name: 'Add a rule' }).click();
        const dialog = page.getByRole('dialog', { name: 'Add a rule' });
        await dialog.getByLabel('Name').fill(HOSTILE);
        await dialog.getByLabel('Query').fill('quiet AND (bitcoin');
        await dialog.getByRole('button', { name: 'Add', exact: true }).click();
        const field = dialog.locator('.field', { has: page.getByLabel('Query') });
        await field.getByText(/there is no \) for this \(/).waitFor();
        assert.equal(await field.locator('.place mark').textContent(), '(');
        await dialog.getByLabel('Query').fill('quiet AND bitcoin');
        await dialog.getByRole('button', { name: 'Try it' }).click();
        await dialog.getByText(/it matches 1[.;]/).waitFor();
        assert.deepEqual(await dialog.locator('li mark').allTextContents(), ['Bitcoin', 'quiet']);
        await dialog.getByRole('button', { name: 'Add', exact: true }).click();
        await region(page, 'Rules').getByRole('link', { name: HOSTILE }).waitFor();
        assert.equal(await page.locator('main img').count(), 0);
      },
      { expected: REFUSED },
    ));

  it('takes and gives lists of feeds', () =>
    stage.visit('#/news/feeds', async (page) => {
      await region(page, 'Feeds').waitFor();
      const outline = `<outline xmlUrl="${site.url}/second"/><outline xmlUrl="ftp://b.example/"/>`;
      const buffer = Buffer.from(`<opml version="2.0"><body>${outline}</body></opml>`);
      const file = { name: 'feeds.opml', mimeType: 'text/x-opml', buffer };
      await page.getByLabel('A list of feeds as OPML').setInputFiles(file);
      const dialog = page.getByRole('dialog', { name: 'The list is read' });
      await dialog.getByText('1 added, 0 known already, 1 refused.').waitFor();
      await dialog.getByRole('button', { name: 'Close' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Export OPML' }).click(),
      ]);
      assert.equal(download.suggestedFilename(), 'tidemark-feeds.opml');
    }));

  it('shows the queue by state, with counts', () =>
    stage.visit('#/news/queue', async (page) => {
      await page.locator('.figure', { hasText: 'done' }).waitFor();
      await page.getByLabel('State').selectOption('cancelled');
      await page.getByText('No such job.').waitFor();
      assert.match(page.url(), /state=cancelled/);
    }));

  for (const [part, name] of [
    ['', 'While you were reading'],
    ['/feeds', 'Own'],
    ['/rules', 'Bitcoin in the news'],
  ] as const) {
    it(`fits a window of 360 px: news${part}`, () =>
      stage.visit(
        `#/news${part}`,
        async (page) => {
          await page.getByText(name, { exact: true }).first().waitFor();
          await assertFits(page);
        },
        { width: 360, dark: true },
      ));
  }
});
