/** Alerts as people see them: a whole Tidemark, a receiver of the test's own, a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { whyNoBrowser } from '../helpers/browser.ts';
import { HOSTILE, type Site, startSite } from './site.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

const REFUSED = /status of 4\d\d/;

describe('alerts', { skip: whyNoBrowser() ?? false }, () => {
  let site: Site;
  let stage: Stage;
  before(async () => {
    site = await startSite();
    stage = await startStage(undefined, { EXCHANGES: 'kraken', ALLOW_PRIVATE_TARGETS: site.place });
  });
  after(async () => {
    await stage?.close();
    await site?.close();
  });

  const openDialog = async (page: Page) => {
    await page.getByRole('button', { name: 'Add an alert' }).click();
    return page.getByRole('dialog', { name: 'Add an alert' });
  };
  const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

  it('adds one, shows its secret once, and its messages as they are delivered', () =>
    stage.visit('#/alerts', async (page) => {
      const dialog = await openDialog(page);
      await dialog.getByLabel('Pairs').fill('btcusd');
      await dialog.getByLabel('Name').fill('Bitcoin jumps');
      await dialog.getByLabel('URL of the webhook').fill(`${site.url}/hook`);
      await dialog.getByRole('button', { name: 'Add', exact: true }).click();
      assert.match((await dialog.locator('.secret code').textContent()) ?? '', /^whsec_\S{20,}$/);
      await dialog.getByRole('button', { name: 'Done' }).click();
      await region(page, 'Channels').getByText('active').waitFor();
      await region(page, 'Deliveries').getByText('delivered').first().waitFor();
      await region(page, 'Alerts').getByRole('link', { name: 'Bitcoin jumps' }).click();
      await page.getByRole('heading', { name: 'Bitcoin jumps' }).waitFor();
      await page.getByRole('button', { name: 'Send a test' }).click();
      const test = region(page, 'Deliveries').getByRole('row', { name: /^.*test of alert/ });
      await test.getByText('delivered').waitFor();
      await test.getByRole('button', { name: /Show delivery/ }).click();
      const shown = page.getByRole('dialog', { name: /^Delivery \d+/ });
      await shown.getByRole('row', { name: /204 taken/ }).waitFor();
      await shown.getByText(/"type": "alert.test"/).waitFor();
    }));

  it('tells by a preview how often it would have been told', () =>
    stage.visit('#/alerts', async (page) => {
      const dialog = await openDialog(page);
      await dialog.getByLabel('About').selectOption('threshold');
      await dialog.getByLabel('Factor').waitFor({ state: 'hidden' });
      await dialog.getByLabel('Of', { exact: true }).selectOption('price');
      await dialog.getByLabel('Pairs').fill('btcusd');
      await dialog.getByLabel('Above').fill('1');
      await dialog.getByRole('button', { name: 'Preview the last day' }).click();
      await dialog.getByText(/In the last day it would have been told (once|\d+ times)/).waitFor();
      await dialog
        .getByRole('row', { name: /price:kraken:btcusd/ })
        .first()
        .waitFor();
    }));

  it('says at the field what is wrong, with names like it', () =>
    stage.visit(
      '#/alerts',
      async (page) => {
        const dialog = await openDialog(page);
        const problemOf = (label: string) =>
          dialog
            .locator('.field', { has: page.getByLabel(label, { exact: true }) })
            .getByRole('alert');
        await dialog.getByLabel('Pairs').fill('btcsud');
        await dialog.getByLabel('URL of the webhook').fill(`${site.url}/hook`);
        await dialog.getByRole('button', { name: 'Add', exact: true }).click();
        await problemOf('Pairs')
          .getByText(/no pair btcsud.*Did you mean.*btcusd/)
          .waitFor();
        await dialog.getByLabel('Pairs').fill('btcusd');
        await dialog.getByLabel('URL of the webhook').fill('http://10.0.0.1/');
        await dialog.getByRole('button', { name: 'Add', exact: true }).click();
        await problemOf('URL of the webhook')
          .getByText(/ALLOW_PRIVATE_TARGETS/)
          .waitFor();
      },
      { expected: REFUSED },
    ));

  it('holds back by a silence, and ends it', () =>
    stage.visit('#/alerts', async (page) => {
      await page.getByRole('button', { name: 'Add a silence' }).click();
      const dialog = page.getByRole('dialog', { name: 'Add a silence' });
      await dialog.getByLabel('Exchanges').fill('kraken');
      await dialog.getByLabel('Why').fill(HOSTILE);
      await dialog.getByRole('button', { name: 'Add', exact: true }).click();
      const row = region(page, 'Silences').getByRole('row', { name: /exchanges kraken/ });
      await row.getByText('active').waitFor();
      await row.getByText(HOSTILE).waitFor();
      await row.getByRole('button', { name: /End silence/ }).click();
      await row.getByText('over', { exact: true }).waitFor();
    }));

  it('gives a channel a new secret, switches it off and on', () =>
    stage.visit('#/alerts', async (page) => {
      const row = region(page, 'Channels').getByRole('row', { name: /webhook/ });
      await row.getByRole('button', { name: /New secret/ }).click();
      const dialog = page.getByRole('dialog', { name: 'A new secret' });
      await dialog.getByText(/^whsec_/).waitFor();
      await dialog.getByRole('button', { name: 'Close' }).click();
      await row.getByRole('button', { name: /Disable/ }).click();
      await row.getByText('disabled').waitFor();
      await row.getByRole('button', { name: /Enable/ }).click();
      // It has to confirm again, which may take its turn.
      await row.getByText(/^(unconfirmed|active)$/).waitFor();
    }));

  it('adds one about articles, which have no end to tell', () =>
    stage.visit('#/alerts', async (page) => {
      const dialog = await openDialog(page);
      await dialog.getByLabel('About').selectOption('article');
      await dialog.getByLabel('Tell the end as well').waitFor({ state: 'hidden' });
      await dialog.getByLabel('Only when it lasts').waitFor({ state: 'hidden' });
      await dialog.getByLabel('Symbols').fill('BTC');
      await dialog.getByLabel('URL of the webhook').fill(`${site.url}/hook`);
      await dialog.getByRole('button', { name: 'Add', exact: true }).click();
      const row = region(page, 'Alerts').getByRole('row', { name: /articles article/ });
      // It comes behind the dialog, which tells of the channel that was switched off and on.
      await row.waitFor({ state: 'attached' });
      const found = await stage.get<{ items: { id: number; kind: string }[] }>('/api/v1/alerts');
      const made = found.items.find(({ kind }) => kind === 'article');
      await stage.send('DELETE', `/api/v1/alerts/${made?.id}`);
    }));

  it('pauses one, resumes it and deletes it', () =>
    stage.visit('#/alerts', async (page) => {
      await region(page, 'Alerts').getByRole('link', { name: 'Bitcoin jumps' }).click();
      await page.getByRole('button', { name: 'Pause' }).click();
      const dialog = page.getByRole('dialog', { name: 'Pause the alert' });
      await dialog.getByRole('button', { name: 'Pause' }).click();
      await page
        .locator('.head')
        .getByText(/^paused, ends in/)
        .waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.locator('.head').getByText('on', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('The alert is switched off.').waitFor();
      await page.getByText('No alerts. Add one').waitFor();
    }));

  for (const width of [360, 768]) {
    it(`fits a window of ${width} px`, () =>
      stage.visit(
        '#/alerts',
        async (page) => {
          await region(page, 'Channels')
            .getByText(/^http:/)
            .first()
            .waitFor();
          await assertFits(page);
        },
        { width, dark: true },
      ));
  }
});
