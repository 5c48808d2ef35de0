/** The Flux page in a real Chromium: on both engines, and with a very long answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { readAssets } from '../../api/assets.ts';
import type { Influx } from '../../api/contract.ts';
import { systemClock } from '../../core/clock.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { gate, startApi, type TestApi } from '../helpers/api.ts';
import { openBrowser, whyNoBrowser } from '../helpers/browser.ts';
import { forEachEngine } from '../helpers/engines.ts';

const skip = whyNoBrowser() ?? false;
const WAIT = { timeout: 60_000 };
const PRICES = `from(bucket: "tidemark")
    |> range(start: 2026-01-01T00:00:00Z, stop: 2026-01-02T00:00:00Z)
    |> keep(columns: ["_time", "_value", "exchange"])`;

let browser: Browser;
before(async () => {
  if (skip === false) browser = await openBrowser();
});
after(() => browser?.close());

/** The page with a script in its address. */
async function openFlux(api: TestApi, script: string, width = 1280): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  page.setDefaultTimeout(WAIT.timeout);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('close', () => assert.deepEqual(errors, []));
  await page.goto(`${api.url}/#/flux?q=${encodeURIComponent(script)}`);
  await page.waitForSelector('.flux-input');
  return page;
}

const status = (page: Page, text: RegExp) =>
  page.locator('.flux-status', { hasText: text }).waitFor();
const textOf = async (place: Locator) => (await place.textContent()) ?? '';
const rowsIn = (page: Page) => page.locator('.flux-grid tbody tr:not(.spacer)');

const cancelledBy = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('cancelled')));
  });

async function runIt(page: Page): Promise<void> {
  await page.focus('.flux-input');
  await page.keyboard.press('Control+Enter');
}

describe('the Flux page', { skip }, () => {
  forEachEngine((name, start) => {
    describe(`on ${name}`, () => {
      let engine: Awaited<ReturnType<typeof start>>;
      let influx: ReturnType<typeof createInflux>;
      let api: TestApi;
      before(async () => {
        engine = await start();
        const { url, token, org, bucket } = engine;
        influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
        const lines = ['kraken', 'okx'].flatMap((exchange) =>
          Array.from({ length: 60 }, (_, i) => {
            const time = Date.UTC(2026, 0, 1) + i * 60_000;
            return `price,exchange=${exchange},pair=btcusd price=${100 + i} ${time}000000`;
          }),
        );
        const { status: written } = await influx.write(lines.join('\n'), { gzip: false });
        assert.equal(written, 204);
        api = await startApi({ influx, bucket, assets: await readAssets() });
      });
      after(async () => {
        await api?.close();
        await influx?.close();
        await engine?.stop();
      });

      it('runs a script by the keyboard and shows a plot and a table', async () => {
        const page = await openFlux(api, PRICES);
        await runIt(page);
        await status(page, /^120 rows in /);
        await page.getByText('only reads').waitFor();
        await page.waitForSelector('.flux-plot canvas');
        assert.deepEqual(
          await page
            .locator('.flux-plot .legend button')
            .allInnerTexts()
            .then((all) => all.map((text) => text.split(/\s/)[0])),
          ['kraken', 'okx'],
        );
        assert.equal(await textOf(rowsIn(page).first()), '02026-01-01T00:00:00Z100kraken');
        await page.getByRole('button', { name: '_value' }).click();
        await page.getByRole('button', { name: '_value' }).click();
        assert.match(await textOf(rowsIn(page).first()), /Z159/);
        await page.close();
      });

      it('tells whole figures below the plot, and nothing of events that it does not take', async () => {
        const more = 'map(fn: (r) => ({r with _value: r._value + 58712.3456}))';
        const page = await openFlux(api, `${PRICES}\n    |> ${more}`);
        await runIt(page);
        await status(page, /^120 rows in /);
        const values = page.locator('.flux-plot .legend button b');
        assert.deepEqual(await values.allInnerTexts(), ['58,871.3456', '58,871.3456']);
        await page.waitForSelector('#live.idle', { state: 'attached' });
        assert.equal(await page.locator('#live').isHidden(), true);
        assert.equal(await textOf(page.locator('#live')), '');
        await page.close();
      });

      it('shows where a script is wrong, and goes there', async () => {
        const page = await openFlux(api, `x = "é"\n${PRICES}\n    |> rang(start: -1h)`);
        await runIt(page);
        await status(page, /undefined identifier rang/);
        assert.equal(await textOf(page.locator('.flux-under .wrong')), 'rang');
        await page.getByRole('button', { name: /Line 5, column 8/ }).click();
        const selected = await page.evaluate<string>(
          `(({ value, selectionStart, selectionEnd }) => value.slice(selectionStart, selectionEnd))(document.activeElement)`,
        );
        assert.equal(selected, 'rang');
        await page.close();
      });

      it('completes while one types, by the keyboard alone', async () => {
        const page = await openFlux(api, PRICES);
        await page.focus('.flux-input');
        await page.keyboard.press('Control+End');
        await page.keyboard.type('\n|> aggregateW');
        await page.getByRole('option', { name: /aggregateWindow/ }).waitFor();
        await page.keyboard.press('Enter');
        await page.getByRole('option', { name: /^every/ }).waitFor();
        await page.keyboard.press('Escape');
        assert.match(await page.inputValue('.flux-input'), /\n {4}\|> aggregateWindow\($/);
        await page.fill('.flux-input', 'from(bucket: "');
        await page.keyboard.press('Control+Space');
        await page
          .getByRole('option', { name: /^tidemark/ })
          .first()
          .waitFor();
        await page.keyboard.press('Enter');
        assert.equal(await page.inputValue('.flux-input'), 'from(bucket: "tidemark"');
        await page.keyboard.type(')');
        assert.equal(await page.inputValue('.flux-input'), 'from(bucket: "tidemark")');
        await page.close();
      });
    });
  });

  describe('with an answer of 100,000 rows and more', () => {
    const HEAD =
      '#datatype,string,long,dateTime:RFC3339,double,string\r\n#group,false,false,false,false,true\r\n' +
      '#default,_result,,,,\r\n,result,table,_time,_value,name\r\n';
    let api: TestApi;
    let asked = 0;
    const cancelled = gate();
    before(async () => {
      const influx: Influx = {
        async *queryCsv(script, { signal }) {
          asked += 1;
          yield Buffer.from(HEAD);
          if (script.includes('wait')) await cancelledBy(signal).finally(cancelled.open);
          // As many series of as many rows as the script says.
          const [series = 1, each = 1] = [...script.matchAll(/\d+/g)].map(Number);
          for (let table = 0; table < series; table += 1) {
            const rows = Array.from({ length: each }, (_, i) => {
              return `,,${table},${new Date(i * 1000).toISOString()},${i},s${table}\r\n`;
            });
            yield Buffer.from(rows.join(''));
          }
        },
        async *queryRows() {},
      };
      api = await startApi({ influx, assets: await readAssets() });
    });
    after(() => api?.close());

    it('scrolls through all of it with few rows in the page', async () => {
      const page = await openFlux(api, 'x = [10, 10001]');
      await runIt(page);
      await status(page, /^100,000 rows in .*Cut: there are more/);
      assert.ok((await rowsIn(page).count()) < 100);
      await page.evaluate('document.querySelector(".flux-grid").scrollTop = 1e9');
      await page.locator('tr[aria-rowindex="100001"]').waitFor();
      assert.match(await textOf(rowsIn(page).last()), /s9/);
      assert.ok((await rowsIn(page).count()) < 100);
      await page.close();
    });

    it('draws 200 of 250 series and says so', async () => {
      const page = await openFlux(api, 'x = [250, 3]');
      await runIt(page);
      await status(page, /^750 rows/);
      await page.getByText('200 of 250 series are drawn').waitFor();
      assert.equal(await page.locator('.flux-plot .legend button').count(), 200);
      await page.close();
    });

    it('keeps the script in the address and among the recent ones', async () => {
      const page = await openFlux(api, '// Seven rows of one.\nx = [1, 7]');
      await runIt(page);
      await status(page, /^7 rows/);
      await page.fill('.flux-input', 'x = [1, 8]');
      await runIt(page);
      await status(page, /^8 rows/);
      await page.reload();
      await page.waitForSelector('.flux-input');
      assert.equal(await page.inputValue('.flux-input'), 'x = [1, 8]');
      await page.getByLabel('Recent scripts').selectOption('Seven rows of one.');
      await status(page, /^7 rows/);
      await page.close();
    });

    it('is cancelled by a button, and by another run', async () => {
      const page = await openFlux(api, 'x = [1, 5] // wait');
      const cancel = page.getByRole('button', { name: 'Cancel' });
      assert.equal(await cancel.isDisabled(), true);
      await runIt(page);
      await cancel.click();
      await status(page, /^Cancelled/);
      await cancelled.opened;
      await runIt(page);
      await status(page, /^Running/);
      await page.fill('.flux-input', 'x = [1, 5]');
      await runIt(page);
      await status(page, /^5 rows/);
      assert.equal(await cancel.isDisabled(), true);
      await page.close();
    });

    it('is offered for download as it is sorted', async () => {
      const page = await openFlux(api, 'x = [1, 3]');
      await runIt(page);
      await status(page, /^3 rows/);
      const wanted = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download CSV' }).click();
      assert.equal((await wanted).suggestedFilename(), 'tidemark-flux.csv');
      await page.close();
    });

    it('fits a narrow screen', async () => {
      const page = await openFlux(api, 'x = [3, 50]', 360);
      await runIt(page);
      await status(page, /^150 rows/);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= 360, `${wide} px`);
      await page.close();
    });

    it('puts another time range into the script', async () => {
      const page = await openFlux(api, 'from(bucket: "b")\n    |> range(start: -1h, stop: now())');
      const before = asked;
      await page.getByLabel('Time range').selectOption('-7d');
      assert.equal(
        await page.inputValue('.flux-input'),
        'from(bucket: "b")\n    |> range(start: -7d)',
      );
      assert.equal(asked, before);
      await page.close();
    });
  });
});
