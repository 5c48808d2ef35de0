/** Monitors as people see them: a whole Tidemark, a site of the test's own, a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { whyNoBrowser } from '../helpers/browser.ts';
import { HOSTILE, type Site, startSite } from './site.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

const REFUSED = /status of 4\d\d/;

describe('monitors', { skip: whyNoBrowser() ?? false }, () => {
  let site: Site;
  let stage: Stage;
  before(async () => {
    site = await startSite();
    const settings = {
      EXCHANGES: 'kraken',
      ALLOW_PRIVATE_TARGETS: site.place,
      SCAN_INTERVAL_MIN: '1s',
    };
    stage = await startStage(undefined, settings);
  });
  after(async () => {
    await stage?.close();
    await site?.close();
  });

  const rowOf = (page: Page, name: string) => page.getByRole('row', { name });
  const openDialog = async (page: Page) => {
    await page.getByRole('button', { name: 'Add a monitor' }).click();
    return page.getByRole('dialog', { name: 'Add a monitor' });
  };
  const make = async (wish: Readonly<Record<string, unknown>>): Promise<number> => {
    const answer = await fetch(`${stage.url}/monitors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ interval: '1s', ...wish }),
    });
    const made = (await answer.json()) as { id: number };
    assert.equal(answer.status, 201, JSON.stringify(made));
    return made.id;
  };

  it('adds one and shows its first scan as it comes', () =>
    stage.visit('#/monitors', async (page) => {
      await rowOf(page, 'pages/ok').waitFor();
      const dialog = await openDialog(page);
      await dialog.getByLabel('URL').fill(`${site.url}/page`);
      await dialog.getByLabel('Pattern').fill('price: (?P<price>[0-9.]+)');
      await dialog.getByLabel('Interval').fill('5s');
      await dialog.getByLabel('Name', { exact: true }).fill('The shop');
      await dialog.getByRole('button', { name: 'Add' }).click();
      const row = rowOf(page, 'The shop');
      await row.getByText('up').waitFor();
      await row.getByRole('img', { name: /^\d+ scans: \d+ up/ }).waitFor();
      await row.getByText('100 %').waitFor();
    }));

  it('says at the field what is wrong with a URL, in the words of the API', () =>
    stage.visit(
      '#/monitors',
      async (page) => {
        const dialog = await openDialog(page);
        await dialog.getByLabel('URL').fill('ftp://shop.example');
        await dialog.getByRole('button', { name: 'Add' }).click();
        const field = dialog.locator('.field', { has: page.getByLabel('URL') });
        await field.getByText(/field url: .*http/).waitFor();
        assert.equal(await dialog.getByLabel('URL').getAttribute('aria-invalid'), 'true');
        await dialog.getByLabel('URL').fill('http://10.0.0.1/');
        await dialog.getByRole('button', { name: 'Add' }).click();
        await field.getByText(/ALLOW_PRIVATE_TARGETS/).waitFor();
      },
      { expected: REFUSED },
    ));

  it('shows where a pattern is wrong', () =>
    stage.visit(
      '#/monitors',
      async (page) => {
        const dialog = await openDialog(page);
        await dialog.getByLabel('URL').fill(`${site.url}/page`);
        await dialog.getByLabel('Pattern').fill('price: (?=x)');
        await dialog.getByRole('button', { name: 'Add' }).click();
        const field = dialog.locator('.field', { has: page.getByLabel('Pattern') });
        await field.getByText(/field regexp/).waitFor();
      },
      { expected: REFUSED },
    ));

  it('shows one with its phases, values, scans, and what a scan finds now', async () => {
    const id = await make({
      url: `${site.url}/page?one`,
      regexp: 'says (?P<none>[0-9]+)?',
      name: 'One',
    });
    await stage.visit(`#/monitors/${id}`, async (page) => {
      await page.getByRole('heading', { name: 'One' }).waitFor();
      await page.getByRole('img', { name: /Phases of each scan/ }).waitFor();
      const scans = page.getByRole('region', { name: 'Newest scans' });
      await scans
        .getByRole('row', { name: /ok 200/ })
        .nth(1)
        .waitFor();
      await page.getByRole('button', { name: 'Check now' }).click();
      const trace = page.getByRole('dialog', { name: 'What a scan found now' });
      await trace.getByText('answered as expected').waitFor();
      await trace.getByText('A page that says little.').waitFor();
      await page.keyboard.press('Escape');
      await trace.waitFor({ state: 'detached' });
    });
  });

  it('draws a line for each named group of the pattern', async () => {
    const id = await make({ url: `${site.url}/page`, regexp: 'price: (?P<cost>[0-9.]+)' });
    await stage.visit(`#/monitors/${id}`, async (page) => {
      await page.getByRole('heading', { name: 'cost' }).waitFor();
      await page.getByRole('img', { name: /^cost, as the pattern found it/ }).waitFor();
      await page.getByRole('cell', { name: 'cost 42.5' }).first().waitFor();
    });
  });

  it('tells that one goes down as it happens, and why', async () => {
    const id = await make({ url: `${site.url}/page#`, regexp: 'price', failuresBeforeDown: 1 });
    await stage.visit(`#/monitors/${id}`, async (page) => {
      const head = page.locator('.head');
      await head.getByText('up', { exact: true }).waitFor();
      site.status = 500;
      await head.getByText('down', { exact: true }).waitFor();
      await page
        .getByRole('row', { name: /status 500/ })
        .first()
        .waitFor();
      await page.getByRole('img', { name: /down \(status/ }).waitFor();
      site.status = 200;
      await head.getByText('up', { exact: true }).waitFor();
    });
  });

  it('changes, pauses and deletes one', async () => {
    const id = await make({ url: `${site.url}/page?two`, name: 'Two', interval: '10s' });
    await stage.visit(`#/monitors/${id}`, async (page) => {
      await page.getByRole('button', { name: 'Edit' }).click();
      const dialog = page.getByRole('dialog', { name: 'Change the monitor' });
      await dialog.getByLabel('Name', { exact: true }).fill('Second');
      await dialog.getByLabel('Tags').fill('team:pay');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { name: 'Second' }).waitFor();
      await page.getByText('team:pay').waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('It is not scanned any more.').waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('The monitor is switched off.').waitFor();
      await page.getByRole('heading', { name: 'Monitors', exact: true }).waitFor();
      assert.match(page.url(), /#\/monitors$/);
    });
    const { active } = await stage.get<{ active: boolean }>(`/monitors/${id}`);
    assert.equal(active, false);
  });

  it('shows only those that are asked for, and keeps that in the address', async () => {
    await make({ url: `${site.url}/elsewhere`, name: HOSTILE });
    await stage.visit('#/monitors', async (page) => {
      await page.getByLabel('Part of URL or name').fill('elsewhere');
      await page.getByLabel('Part of URL or name').press('Enter');
      await rowOf(page, 'pages/ok').waitFor({ state: 'detached' });
      // A name is never markup.
      await page.getByRole('link', { name: HOSTILE }).waitFor();
      assert.equal(await page.locator('main img:not([role])').count(), 0);
      assert.match(page.url(), /text=elsewhere/);
      await page.getByRole('button', { name: 'switched off' }).click();
      await page.getByText('No such monitor.').waitFor();
    });
  });

  for (const width of [360, 768]) {
    it(`fits a window of ${width} px`, () =>
      stage.visit(
        '#/monitors/1',
        async (page) => {
          await page.getByRole('img', { name: /Phases of each scan/ }).waitFor();
          await page
            .getByRole('row', { name: /ok 200/ })
            .first()
            .waitFor();
          await assertFits(page);
        },
        { width, dark: true },
      ));
  }
});
