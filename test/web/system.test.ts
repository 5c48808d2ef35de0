/** The system's own page: a whole Tidemark, a demo market, a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { parseMetrics, sumOf, sumsBy } from '../../web/system/metrics.ts';
import { whyNoBrowser } from '../helpers/browser.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

/** Soon after a start some checks may not be well yet: the browser says so of that answer. */
const NOT_READY = { expected: /status of 503/ };

describe('metrics as text', () => {
  const metrics = parseMetrics(
    [
      '# HELP spool_bytes Waiting on disk',
      '# TYPE spool_bytes gauge',
      'spool_bytes 42',
      'polls_total{exchange="kraken",outcome="ok"} 3',
      'polls_total{exchange="okx",outcome="a \\"quoted\\" \\\\ reason, with }"} 2',
      'seconds_bucket{le="+Inf"} 9',
      'seconds_count 9',
      'limit +Inf',
      'what is this',
      '',
    ].join('\n'),
  );

  it('are read with their labels', () => {
    assert.equal(sumOf(metrics, 'spool_bytes'), 42);
    assert.equal(sumOf(metrics, 'polls_total'), 5);
    assert.deepEqual(
      [...sumsBy(metrics, 'polls_total', 'outcome')],
      [
        ['ok', 3],
        ['a "quoted" \\ reason, with }', 2],
      ],
    );
    assert.equal(sumOf(metrics, 'limit'), Number.POSITIVE_INFINITY);
  });

  it('lack what is not there, and buckets', () => {
    assert.equal(sumOf(metrics, 'nothing'), undefined);
    assert.deepEqual([...metrics.keys()], ['spool_bytes', 'polls_total', 'seconds_count', 'limit']);
  });
});

describe('the system', { skip: whyNoBrowser() ?? false }, () => {
  let stage: Stage;
  before(async () => {
    stage = await startStage(undefined, { EXCHANGES: 'kraken' });
  });
  after(() => stage?.close());

  const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

  it('shows checks, spools, lateness, tasks and work', () =>
    stage.visit(
      '#/system',
      async (page) => {
        const checks = region(page, 'Checks of readiness');
        await checks.getByRole('row', { name: 'registry ok' }).waitFor();
        const spools = region(page, 'Points on their way to InfluxDB');
        await spools.getByRole('row', { name: /^Prices .* accepted/ }).waitFor();
        const late = region(page, 'Exchanges and how late their prices are');
        await late.getByRole('row', { name: /^kraken ok \S+ m?s/ }).waitFor();
        await region(page, 'Workers and what they do').getByText('Workers that scan').waitFor();
        await region(page, 'Tasks in InfluxDB').getByText('alert-canary').waitFor();
        assert.match((await page.locator('.figures').textContent()) ?? '', /version.*up.*memory/);
      },
      NOT_READY,
    ));

  it('says what is wrong and what helps, also while nothing is ready', () => {
    const checks = [{ name: 'influx', ok: false, reason: 'away', fix: 'start <b>InfluxDB</b>' }];
    const prepare = (page: Page): Promise<void> =>
      page
        .route('**/readyz', (route) =>
          route.fulfill({ status: 503, json: { status: 'not-ready', checks } }),
        )
        .then(() => undefined);
    return stage.visit(
      '#/system',
      async (page) => {
        const row = region(page, 'Checks of readiness').getByRole('row', { name: /influx wrong/ });
        await row.getByText('start <b>InfluxDB</b>').waitFor();
      },
      { prepare, ...NOT_READY },
    );
  });

  it('tells what filling a gap would cost, fills it and shows how far it is', () =>
    stage.visit('#/system/backfills', async (page) => {
      await page.getByRole('button', { name: 'Fill a gap' }).click();
      const dialog = page.getByRole('dialog', { name: 'Fill a gap' });
      await dialog.getByLabel('Exchanges').fill('kraken');
      await dialog.getByLabel('Pairs').fill('btcusd');
      await dialog.getByLabel('From').fill('1h');
      await dialog.getByRole('button', { name: 'What would it cost?' }).click();
      await dialog.getByText(/^1 markets, at most \d+ requests/).waitFor();
      await dialog.getByRole('button', { name: 'Fill', exact: true }).click();
      const row = region(page, 'Backfills, the newest first').getByRole('row', { name: /request/ });
      await row.getByText('done').waitFor();
    }));

  it('shows who changed what', () =>
    stage.visit('#/system/audit', async (page) => {
      await page
        .getByRole('row', { name: /addBackfill/ })
        .first()
        .waitFor();
      await page.getByLabel('Operation').fill('addMonitor');
      await page.getByLabel('Operation').press('Enter');
      await page
        .getByRole('row', { name: /addBackfill/ })
        .first()
        .waitFor({ state: 'detached' });
      await page
        .getByRole('row', { name: /addMonitor/ })
        .first()
        .waitFor();
    }));

  for (const width of [360, 768]) {
    it(`fits a window of ${width} px`, () =>
      stage.visit(
        '#/system',
        async (page) => {
          await region(page, 'Tasks in InfluxDB').getByText('alert-canary').waitFor();
          await assertFits(page);
        },
        { width, dark: true, ...NOT_READY },
      ));
  }

  it('shows all columns of its tables where two stand beside each other', () =>
    stage.visit(
      '#/system',
      async (page) => {
        const spools = region(page, 'Points on their way to InfluxDB');
        await spools.getByText('accepted').first().waitFor();
        await spools.getByRole('columnheader', { name: 'Retries' }).waitFor();
        const cut = await page.evaluate(`(() => {
          const place = document.querySelector('[aria-label="Points on their way to InfluxDB"]');
          return place.scrollWidth - place.clientWidth;
        })()`);
        assert.equal(cut, 0);
      },
      { width: 1280, ...NOT_READY },
    ));

  it('has a way past its links for the keyboard', () =>
    stage.visit(
      '#/system',
      async (page) => {
        const checks = region(page, 'Checks of readiness');
        await checks.waitFor();
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        assert.equal(await page.evaluate('document.activeElement.id'), 'content');
        assert.match(page.url(), /#\/system$/);
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate('document.activeElement.textContent'), 'State');
        assert.equal(await checks.isVisible(), true);
      },
      NOT_READY,
    ));

  it('moves what gets the focus out from under its bar', () =>
    stage.visit(
      '#/system',
      async (page) => {
        await region(page, 'Checks of readiness').waitFor();
        await page.evaluate('scrollTo(0, 40)');
        await page.locator('.parts').getByRole('link', { name: 'Backfills' }).focus();
        const [bar, link] = (await page.evaluate(
          `[document.querySelector('.bar').getBoundingClientRect().bottom,
            document.activeElement.getBoundingClientRect().top]`,
        )) as [number, number];
        assert.ok(link >= bar, `the link begins at ${link} px, the bar ends at ${bar} px`);
      },
      NOT_READY,
    ));

  it('shows the link of the current page where the links are a row that scrolls', () =>
    stage.visit(
      '#/system',
      async (page) => {
        const isShown = (name: string) =>
          page.waitForFunction(`(() => {
            const link = document.querySelector('.nav [aria-current]');
            const nav = document.querySelector('.nav').getBoundingClientRect();
            const { left, right } = link.getBoundingClientRect();
            return link.textContent === '${name}' && left >= nav.left && right <= nav.right;
          })()`);
        await isShown('System');
        assert.ok(
          ((await page.evaluate(`document.querySelector('.nav').scrollLeft`)) as number) > 0,
        );
        // The row becomes narrow while somebody reads further down.
        await region(page, 'Tasks in InfluxDB').getByText('alert-canary').waitFor();
        await page.evaluate(`(() => {
          window.scrollTo(0, 400);
          const nav = document.querySelector('.nav');
          nav.scrollLeft = 0;
          nav.style.width = '220px';
        })()`);
        await isShown('System');
        assert.equal(await page.evaluate('window.scrollY'), 400);
        await page.evaluate(`location.hash = '#/'`);
        await isShown('Overview');
      },
      { width: 360, ...NOT_READY },
    ));

  it('makes the first key, goes on with it, and revokes another', () =>
    stage.visit('#/system/keys', async (page) => {
      const make = async (name: string, role: string): Promise<void> => {
        await page.getByRole('button', { name: 'Make a key' }).click();
        const dialog = page.getByRole('dialog', { name: 'Make a key' });
        await dialog.getByLabel('Name').fill(name);
        await dialog.getByLabel('May').selectOption(role);
        await dialog.getByRole('button', { name: 'Make it' }).click();
        await dialog.locator('code.secret').waitFor();
        await dialog.getByRole('button', { name: 'Done' }).click();
      };
      await make('owner', 'admin');
      await make('grafana', 'read');
      const row = region(page, 'Keys of the API').getByRole('row', { name: /^grafana/ });
      await row.getByRole('button', { name: 'Revoke the key grafana' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
      await row.getByText('revoked').waitFor();
      const { status } = await fetch(`${stage.url}/api/v1/keys`);
      assert.equal(status, 401);
    }));
});
