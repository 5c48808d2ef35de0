/** The overview as people see it: a whole Tidemark, a demo market, a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { whyNoBrowser } from '../helpers/browser.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

const HOUR_MS = 3_600_000;

/** What an hour ago was: a tenth of any price of the demo's, so that all of them rose. */
function hourAgo(): readonly string[] {
  const times = [HOUR_MS - 60_000, HOUR_MS, HOUR_MS + 60_000].map((ms) => Date.now() - ms);
  return times.map((ms) => `price,exchange=kraken,pair=btcusd price=1 ${ms}000000`);
}

describe('the overview', { skip: whyNoBrowser() ?? false }, () => {
  let stage: Stage;
  before(async () => {
    stage = await startStage(hourAgo);
  });
  after(() => stage?.close());

  const exchanges = (page: Page) => page.getByRole('region', { name: 'Exchanges by how fresh' });
  const rowOf = (page: Page, name: string) => exchanges(page).getByRole('row', { name });
  const namesIn = async (page: Page) =>
    exchanges(page).locator('tbody tr td:first-child').allTextContents();

  it('shows every exchange with its state, and sums them up', () =>
    stage.visit('#/', async (page) => {
      await rowOf(page, 'kraken').getByText('ok').waitFor();
      assert.deepEqual(await namesIn(page), ['bitstamp', 'gemini', 'kraken']);
      const figures = page.getByRole('region', { name: 'Key figures' });
      await figures.getByText('3 of 3').waitFor();
      assert.match((await figures.textContent()) ?? '', /\d+markets.*newest slot.*the worst/);
      assert.equal(await page.title(), 'Overview · Tidemark');
    }));

  it('asks for a script, a style and an icon, and for nothing of another origin', () => {
    const asked = new Set<string>();
    return stage.visit(
      '#/',
      async (page) => {
        await rowOf(page, 'kraken').waitFor();
        const files = [...asked].filter((url) => !/\/(api\/v1|events|$)/.test(url));
        assert.deepEqual(files.sort(), ['/assets/icon.svg', '/assets/main.css', '/assets/main.js']);
      },
      {
        prepare: async (page) => {
          page.on('request', (request) => asked.add(request.url().replace(stage.url, '')));
        },
      },
    );
  });

  it('sorts by a heading, both ways, and says so', () =>
    stage.visit('#/', async (page) => {
      await rowOf(page, 'kraken').waitFor();
      const head = exchanges(page).getByRole('columnheader', { name: 'Exchange' });
      await head.getByRole('button').click();
      assert.equal(await head.getAttribute('aria-sort'), 'ascending');
      await head.getByRole('button').press('Enter');
      assert.equal(await head.getAttribute('aria-sort'), 'descending');
      assert.deepEqual(await namesIn(page), ['kraken', 'gemini', 'bitstamp']);
    }));

  it('is kept fresh by events alone', () => {
    let lists = 0;
    const prepare = async (page: Page): Promise<void> => {
      await page.route('**/api/v1/exchanges?*', (route) => {
        lists += 1;
        return lists === 1 ? route.continue() : route.fulfill({ json: { items: [], next: null } });
      });
    };
    return stage.visit(
      '#/',
      async (page) => {
        const age = rowOf(page, 'kraken').locator('[data-at]');
        const first = await age.getAttribute('data-at');
        const later = rowOf(page, 'kraken').locator(`[data-at]:not([data-at="${first}"])`);
        await later.waitFor();
      },
      { prepare },
    );
  });

  it('lists what moved most, by window, direction and quote', () =>
    stage.visit('#/', async (page) => {
      const movers = page.getByRole('region', { name: 'Pairs by how much their prices changed' });
      await movers.getByRole('row', { name: 'btcusd' }).waitFor();
      assert.match((await movers.textContent()) ?? '', /btcusd▲ \+\d+\.\d\d %/);
      const asked = page.waitForRequest(/movers\?window=24h/);
      await page.getByRole('button', { name: '24 h', exact: true }).click();
      await asked;
      await page.getByText('No pair has prices both of now and of then yet.').waitFor();
      assert.match(page.url(), /#\/\?window=24h$/);
    }));

  it('leads from a pair to its page', () =>
    stage.visit('#/', async (page) => {
      await page.getByRole('link', { name: 'btcusd' }).first().click();
      await page.getByRole('heading', { name: 'BTC/USD' }).waitFor();
    }));

  it('shows the slots of an exchange, and keeps that in the address', () =>
    stage.visit('#/', async (page) => {
      await rowOf(page, 'gemini').getByRole('button', { name: 'gemini', exact: true }).click();
      await page.getByRole('heading', { name: 'gemini: slots of the last hour' }).waitFor();
      await page.getByRole('img', { name: 'How late the slots of gemini were' }).waitFor();
      assert.match(page.url(), /exchange=gemini/);
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('heading', { name: 'gemini: slots' }).waitFor({ state: 'hidden' });
      assert.doesNotMatch(page.url(), /exchange=/);
    }));

  it('changes how often an exchange is asked, and shows at the field what is wrong', async () => {
    await stage.visit('#/', async (page) => {
      await page.getByRole('button', { name: 'Change bitstamp' }).click();
      const dialog = page.getByRole('dialog', { name: 'What is taken of bitstamp' });
      await dialog.getByLabel('How often').fill('15s');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByText('bitstamp: taken every 15 s').waitFor();
      await rowOf(page, 'bitstamp').getByText('every 15 s').waitFor();
    });
    const { interval } = await stage.get<{ interval: string }>('/api/v1/exchanges/bitstamp');
    assert.equal(interval, '15s');
    // The refusal is said to the console too: by the browser, of any answer that is no success.
    await assert.rejects(
      stage.visit('#/', async (page) => {
        await page.getByRole('button', { name: 'Change bitstamp' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('How often').fill('7s');
        await dialog.getByRole('button', { name: 'Save' }).click();
        await dialog.locator('.field [aria-invalid]').waitFor();
        assert.match((await dialog.textContent()) ?? '', /divide|interval/);
      }),
      /status of 400/,
    );
  });

  for (const width of [360, 768]) {
    it(`fits a window of ${width} px`, () =>
      stage.visit(
        '#/?exchange=kraken',
        async (page) => {
          await rowOf(page, 'kraken').waitFor();
          await page.getByRole('img', { name: 'How late' }).waitFor();
          await assertFits(page);
        },
        { width, dark: true },
      ));
  }
});
