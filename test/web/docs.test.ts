/** The reference of the API in a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { readAssets } from '../../api/assets.ts';
import { curlOf } from '../../web/docs/curl.ts';
import { fakeInflux, priceBatch, rankBatch, startApi, type TestApi } from '../helpers/api.ts';
import { openBrowser, whyNoBrowser } from '../helpers/browser.ts';
import { fakeMonitors } from '../helpers/monitor-desk.ts';

let api: TestApi;
before(async () => {
  const influx = fakeInflux(async function* ({ query }) {
    if (query === 'rank') yield rankBatch('4', '9');
    else yield priceBatch([['kraken', '2022-10-11T03:35:02Z', '20966.789']]);
  });
  api = await startApi({ influx, assets: await readAssets(), monitors: fakeMonitors() });
});
after(() => api.close());

describe('the page of the reference', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  /** The page when it shows the document; what the browser complains about goes to `complaints`. */
  async function visit(hash = '', width = 1280): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${api.url}/docs${hash}`);
    await page.waitForSelector('.operation', { state: 'attached' });
    return { page, complaints };
  }

  it('shows every operation of the document in its chapter, and the browser finds no fault', async () => {
    const { page, complaints } = await visit();
    const document = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
      tags: { name: string }[];
      paths: Record<string, object>;
    };
    const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods));
    assert.equal(await page.locator('.operation').count(), operations.length);
    assert.deepEqual(
      await page.locator('main section h2').allTextContents(),
      document.tags.map(({ name }) => name),
    );
    for (const summary of await page.locator('.operation > summary').all()) await summary.click();
    await page
      .locator('.attempt')
      .nth(operations.length - 1)
      .waitFor({ state: 'attached' });
    assert.deepEqual(complaints, []);
  });

  it('finds operations by words, and says when there are none', async () => {
    const { page } = await visit();
    await page.fill('#search', 'post MONITORS {id}/scan');
    const found = page.locator('.operation:visible .path');
    assert.deepEqual(await found.allTextContents(), ['/api/v1/monitors/{id}/scan']);
    await page.fill('#search', 'no such thing');
    assert.equal(await found.count(), 0);
    assert.ok(await page.locator('#nothing').isVisible());
    await page.fill('#search', '');
    assert.ok((await found.count()) > 80);
  });

  it('opens the operation that its address names, with members, answers and an example', async () => {
    const { page } = await visit('#addMonitor');
    const operation = page.locator('#addMonitor');
    await operation.locator('.attempt').waitFor();
    const text = (await operation.textContent()) ?? '';
    for (const part of ['url', 'required', '201', '422', 'role write', 'curl --json']) {
      assert.ok(text.includes(part), part);
    }
  });

  it('sends what is filled in and shows the answer', async () => {
    const { page } = await visit('#prices');
    const operation = page.locator('#prices');
    await operation.locator('#prices-duration').fill('-1h');
    await operation.getByRole('button', { name: 'Send' }).click();
    await operation.locator('.output pre').waitFor();
    const answer = JSON.parse((await operation.locator('.output pre').textContent()) ?? '') as {
      duration: string;
      prices: { price: number }[];
    };
    assert.deepEqual([answer.duration, answer.prices[0]?.price], ['-1h', 20966.789]);
    await operation.locator('#prices-accept').selectOption('text/csv');
    await operation.getByRole('button', { name: 'Send' }).click();
    await operation.locator('.output pre', { hasText: 'price,time,exchange' }).waitFor();
  });

  it('sends bodies, and shows what was refused', async () => {
    const { page } = await visit('#addMonitor');
    const operation = page.locator('#addMonitor');
    await operation.locator('textarea').fill('{"url":"https://shop.example/"}');
    await operation.getByRole('button', { name: 'Send' }).click();
    await operation.locator('.output b', { hasText: '201' }).waitFor();
    await operation.locator('textarea').fill('{"urls":1}');
    await operation.getByRole('button', { name: 'Send' }).click();
    await operation.locator('.output b', { hasText: '400' }).waitFor();
    assert.match((await operation.locator('.output pre').textContent()) ?? '', /unknown field/);
  });

  it('keeps the key in the tab, and out of the commands', async () => {
    const { page } = await visit('#pairs');
    await page.click('#key');
    await page.fill('#secret', 'a-secret');
    await page.getByRole('button', { name: 'Use it' }).click();
    assert.equal(await page.evaluate(`sessionStorage.getItem('tidemark.key')`), 'a-secret');
    assert.equal(await page.evaluate('localStorage.length'), 0);
    const sent = page.waitForRequest((request) => request.url().includes('/api/v1/pairs'));
    await page.locator('#pairs').getByRole('button', { name: 'Send' }).click();
    assert.equal((await sent).headers().authorization, 'Bearer a-secret');
    await page.locator('#pairs').getByRole('button', { name: 'Copy as curl' }).click();
    await page.locator('#pairs .output', { hasText: 'Copied' }).waitFor();
    const command = await page.evaluate('navigator.clipboard.readText()');
    assert.equal(
      command,
      `curl -H "Authorization: Bearer $TIDEMARK_KEY" '${api.url}/api/v1/pairs'`,
    );
    await page.click('#key');
    await page.getByRole('button', { name: 'Forget it' }).click();
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });

  for (const width of [360, 768]) {
    it(`fits a screen of ${width} px with everything open`, async () => {
      const { page } = await visit('#addAlert', width);
      await page.locator('#addAlert .attempt').waitFor();
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
      assert.ok(wide <= width, `${wide} px`);
    });
  }

  it('can be used by keyboard alone', async () => {
    const { page } = await visit();
    await page.focus('#health > summary');
    await page.keyboard.press('Enter');
    await page.locator('#health .attempt').waitFor();
    await page.locator('#health').getByRole('button', { name: 'Send' }).press('Enter');
    await page.locator('#health .output b', { hasText: '200' }).waitFor();
  });
});

it('the page of the reference takes scripts and styles of its own origin alone', async () => {
  const answer = await fetch(`${api.url}/docs`);
  assert.equal(answer.status, 200);
  const policy = answer.headers.get('content-security-policy') ?? '';
  assert.match(policy, /script-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.doesNotMatch(await answer.text(), /<script>|style="|onclick|https?:\/\/(?!127)/);
});

it('commands are quoted so that a shell reads them as they are', () => {
  assert.equal(
    curlOf({
      ...{ method: 'POST', url: 'http://a.example/rules', hasKey: false },
      ...{ type: 'application/json', body: '{"name":"it\'s"}' },
    }),
    `curl --json '{"name":"it'\\''s"}' 'http://a.example/rules'`,
  );
  assert.equal(
    curlOf({ method: 'DELETE', url: 'http://a.example/feeds/1', hasKey: true }),
    `curl -X DELETE -H "Authorization: Bearer $TIDEMARK_KEY" 'http://a.example/feeds/1'`,
  );
  assert.equal(
    curlOf({ method: 'GET', url: 'http://a.example/x', accept: 'text/csv', hasKey: false }),
    `curl -H 'Accept: text/csv' 'http://a.example/x'`,
  );
});
