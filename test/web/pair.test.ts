/** A pair's page as people see it: a whole Tidemark, a demo market, a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page, Request } from 'playwright-core';
import { whyNoBrowser } from '../helpers/browser.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

const STEP_MS = 300_000;

/** How the rank of btcusd went: three runs of the last half hour. */
function runs(): readonly string[] {
  const last = Math.floor(Date.now() / STEP_MS) * STEP_MS - STEP_MS;
  return [4, 3, 2].map((rank, at) => {
    const fields = `stddev=${rank}.5,rank=${rank}i,of=9i`;
    return `pair_rank,pair=btcusd,window=1h ${fields} ${last - (2 - at) * STEP_MS}000000`;
  });
}

/** A price every five minutes of the last seven hours, so that there is one wherever is zoomed. */
function prices(): readonly string[] {
  const nowMs = Date.now();
  return Array.from({ length: 84 }, (_, at) => {
    return `price,exchange=kraken,pair=btcusd price=59000 ${nowMs - (at + 1) * STEP_MS}000000`;
  });
}

const MARKUP = '<img src=x onerror="document.title=1"> & <b>BTC</b>';

/** One story, told five minutes ago. */
async function oneStory(page: Page): Promise<void> {
  const seen = new Date(Date.now() - STEP_MS).toISOString();
  const story = { id: 1, title: MARKUP, url: 'javascript:alert(1)', published: null, seen };
  await page.route('**/api/v1/articles?*', (route) =>
    route.fulfill({ json: { items: [story], next: null } }),
  );
}

/** An alert that fired ten minutes ago. */
async function oneAlert(page: Page): Promise<void> {
  const time = new Date(Date.now() - 2 * STEP_MS).toISOString();
  const event = { id: 5, alert: 3, exchange: 'kraken', time, value: 63_000, average: 20_000 };
  await page.route('**/api/v1/alerts/events?*', (route) =>
    route.fulfill({ json: { items: [{ ...event, outcome: 'sent' }], next: null } }),
  );
}

describe('the page of a pair', { skip: whyNoBrowser() ?? false }, () => {
  let stage: Stage;
  before(async () => {
    stage = await startStage(() => [...runs(), ...prices()]);
  });
  after(() => stage?.close());

  const chartOf = (page: Page) => page.getByRole('img', { name: 'Price of BTC/USD' });
  const lineOf = (page: Page, name: string) =>
    page.locator('.price-view .legend').getByRole('button', { name });
  const drawn = async (page: Page) => {
    await lineOf(page, 'kraken').waitFor();
    await page.locator('.price-view[aria-busy="false"]').waitFor();
  };
  const asksWindows = (request: Request) => /\/prices\?start=.*every=/.test(request.url());
  /** Drags over the middle half of the chart. */
  async function drag(page: Page): Promise<void> {
    const box = await chartOf(page).locator('.u-over').boundingBox();
    assert.ok(box);
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.5, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
    await page.mouse.up();
  }

  it('draws a line for each exchange, and says in words what is drawn', () =>
    stage.visit('#/pair/btcusd?range=1h', async (page) => {
      await drawn(page);
      const lines = await page.locator('.price-view .legend button').allTextContents();
      assert.deepEqual(
        lines.map((text) => text.split(' ')[0]),
        ['bitstamp', 'gemini', 'kraken', 'median'],
      );
      const told = page.locator('.price-view p.unseen');
      assert.match((await told.textContent()) ?? '', /kraken: [\d,.]+ at last, from .* to /);
      assert.equal(await page.title(), 'btcusd · Pair · Tidemark');
    }));

  it('takes any spelling, and offers pairs like one that is not there', async () => {
    await stage.visit('#/pair/BTC%2FUSD', (page) => drawn(page));
    await stage.visit('#/pair/btcus', async (page) => {
      await page.getByText('No exchange lists btcus.').waitFor();
      await page.getByRole('link', { name: 'btcusd', exact: true }).click();
      await page.getByRole('heading', { name: 'BTC/USD' }).waitFor();
    });
  });

  it('asks for finer windows when it is zoomed, and goes back', () =>
    stage.visit('#/pair/btcusd?range=6h', async (page) => {
      const every = (request: Request) => new URL(request.url()).searchParams.get('every');
      const plot = chartOf(page).locator('.u-over');
      /** The windows that are asked for after this. */
      const after = async (act: () => Promise<unknown>) => {
        const [asked] = await Promise.all([page.waitForRequest(asksWindows), act()]);
        await drawn(page);
        return every(asked);
      };
      await drawn(page);
      assert.equal(await after(() => drag(page)), '5s');
      await page.waitForURL(/from=\d+\.\d+&to=\d+/);
      assert.equal(
        await after(() => page.getByRole('button', { name: 'Back to all' }).click()),
        '30s',
      );
      await page.waitForURL(/range=6h$/);
      assert.equal(await after(() => chartOf(page).press('+')), '10s');
      assert.equal(await after(() => chartOf(page).press('Escape')), '30s');
      assert.equal(await after(() => drag(page)), '5s');
      assert.equal(await after(() => plot.dblclick()), '30s');
      await page.waitForURL(/range=6h$/);
    }));

  it('takes other stretches of time by its buttons', () =>
    stage.visit('#/pair/btcusd', async (page) => {
      await drawn(page);
      const asked = page.waitForRequest(asksWindows);
      await page.getByRole('button', { name: '7 d', exact: true }).click();
      assert.match((await asked).url(), /every=10m/);
      await page.waitForURL(/range=7d$/);
    }));

  it('hides and shows a line by its name', () =>
    stage.visit('#/pair/btcusd?range=1h', async (page) => {
      await drawn(page);
      const line = lineOf(page, 'gemini');
      await line.press('Enter');
      assert.equal(await line.getAttribute('aria-pressed'), 'false');
      // The next prices bring it not back.
      await page.waitForResponse(/\/prices\?start=[^&]*&format=ndjson/);
      assert.equal(await line.getAttribute('aria-pressed'), 'false');
      await line.click();
      assert.equal(await line.getAttribute('aria-pressed'), 'true');
    }));

  it('has the newest price of each exchange with its way to the median, live', () =>
    stage.visit('#/pair/btcusd?range=1h', async (page) => {
      const table = page.getByRole('region', { name: 'The newest price of each exchange' });
      const row = table.getByRole('row', { name: 'kraken' });
      assert.match((await row.textContent()) ?? '', /kraken[\d,.]+[+-]?\d\.\d{3} %/);
      const at = await row.locator('[data-at]').getAttribute('data-at');
      await row.locator(`[data-at]:not([data-at="${at}"])`).waitFor();
    }));

  it('marks what happened, reached by keyboard, and keeps markup a text', () =>
    stage.visit(
      '#/pair/btcusd?range=1h',
      async (page) => {
        await drawn(page);
        const mark = page.getByRole('button', { name: /^News, / });
        await mark.focus();
        await page.keyboard.press('Enter');
        const row = page.locator('.happenings li', { hasText: 'onerror' });
        assert.equal(await page.locator('.happenings li:focus').count(), 1);
        assert.ok((await row.textContent())?.endsWith(MARKUP));
        assert.equal(await row.locator('a, img').count(), 0);
        await page.getByRole('button', { name: /^Alert, .*Alert 3 on kraken: 63,000/ }).click();
        const focused = page.locator('.happenings li:focus');
        assert.match((await focused.textContent()) ?? '', /63,000, mean 20,000 \(sent\)/);
        await focused.getByRole('link').click();
        await page.waitForURL(/#\/alerts\/3$/);
      },
      {
        async prepare(page) {
          await oneStory(page);
          await oneAlert(page);
          // The alert's own page is not what this is about.
          await page.route('**/api/v1/alerts/3*', (route) => route.fulfill({ json: {} }));
        },
      },
    ));

  it('shows news of the feeds', () =>
    stage.visit('#/pair/btcusd?range=24h', async (page) => {
      const link = page.locator('.happenings').getByRole('link').first();
      assert.match((await link.getAttribute('href')) ?? '', /^https?:/);
    }));

  it('shows how its rank went, and records the volume when asked to', () =>
    stage.visit('#/pair/btcusd?range=1h', async (page) => {
      await page.getByRole('img', { name: 'The rank of btcusd' }).waitFor();
      await page.getByText(/^Among \d+ pairs/).waitFor();
      await page.getByRole('button', { name: 'Record the volume' }).click();
      await page.getByText('is recorded from now on').waitFor();
      await page.getByRole('button', { name: 'Record the volume' }).waitFor({ state: 'hidden' });
    }));

  it('gives away what is seen', () =>
    stage.visit('#/pair/btcusd?range=1h', async (page) => {
      const href = await page.getByRole('link', { name: 'CSV', exact: true }).getAttribute('href');
      const csv = await (await fetch(stage.url + href)).text();
      assert.match(csv, /^price,time,exchange\r?\n[\d.]+,/);
      await page.getByText('Show the command').click();
      const command = (await page.locator('.export pre').textContent()) ?? '';
      assert.equal(command, `curl '${stage.url}${href}'`);
    }));

  it('adds an alert for the pair, and shows its secret once', () =>
    stage.visit('#/pair/btcusd?range=1h', async (page) => {
      await page.getByRole('button', { name: 'Add an alert' }).click();
      const dialog = page.getByRole('dialog', { name: 'An alert for BTC/USD' });
      await dialog.getByRole('button', { name: 'Add' }).click();
      await dialog.getByText('A number is needed.').waitFor();
      await dialog.getByLabel('Limit').fill('1000000');
      await dialog.getByLabel('Where to').fill('https://example.com/hook');
      await dialog.getByRole('button', { name: 'Add' }).click();
      await dialog.getByText(/^whsec_/).waitFor();
      await dialog.getByRole('button', { name: 'Done' }).click();
      const { items } = await stage.get<{ items: { pairs: string[]; above: number }[] }>(
        '/api/v1/alerts',
      );
      assert.deepEqual(
        items.map(({ pairs, above }) => [pairs, above]),
        [[['btcusd'], 1_000_000]],
      );
    }));

  it('adds a rule for news of its base', () =>
    stage.visit('#/pair/btcusd?range=1h', async (page) => {
      await page.getByRole('button', { name: 'Add a rule for BTC' }).click();
      const dialog = page.getByRole('dialog', { name: 'A rule for news of BTC' });
      await dialog.getByRole('button', { name: 'Add' }).click();
      await page.getByText(/^Rule \d+: BTC in the news$/).waitFor();
    }));

  for (const width of [360, 768]) {
    it(`fits a window of ${width} px`, () =>
      stage.visit(
        '#/pair/btcusd?range=1h',
        async (page) => {
          await drawn(page);
          await assertFits(page);
        },
        { width, dark: true },
      ));
  }
});
