/** Changing alerts, of every kind: a whole Tidemark, a receiver of the test's own, a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { Alert } from '../../client/types.ts';
import { whyNoBrowser } from '../helpers/browser.ts';
import { type Site, startSite } from './site.ts';
import { assertFits, type Stage, startStage } from './stage.ts';

const REFUSED = /status of 4\d\d/;

interface Case {
  readonly wish: object;
  /** What the dialog shows of it, by label. */
  readonly shown: Readonly<Record<string, string>>;
  change(dialog: Locator): Promise<unknown>;
  /** What the one request says. */
  readonly sent: object;
}

const CASES: Readonly<Record<string, Case>> = {
  'values far from their mean': {
    // More than the dialog knows: another choice of metrics, and what it does not ask for.
    wish: {
      ...{ metric: ['bid', 'ask'], pairs: ['btcusd'], exchanges: ['kraken'], factor: 4 },
      ...{ direction: 'either', window: '15m', minSamples: 25, minAverage: 2, for: '2m' },
      ...{ notify: 'incident', remind: '2h', resolve: true },
    },
    shown: {
      ...{ Of: 'bid,ask', 'When it is': 'either', Factor: '4', 'Mean of the last': '15m' },
      ...{ Pairs: 'btcusd', Exchanges: 'kraken', 'Only when it lasts': '2m', Told: 'incident' },
    },
    change: (dialog) => dialog.getByLabel('Factor').fill('5.5'),
    sent: { factor: 5.5 },
  },
  'values above a limit': {
    wish: {
      metric: 'price',
      pairs: ['btcusd', 'etheur'],
      above: 90_000,
      window: '4h',
      resolve: true,
    },
    shown: { Of: 'price', Pairs: 'btcusd, etheur', Above: '90000', Below: '' },
    change: async (dialog) => {
      await dialog.getByLabel('Above').fill('');
      await dialog.getByLabel('Below').fill('1e-7');
      await dialog.getByLabel('Tell the end as well').uncheck();
    },
    sent: { above: null, below: 1e-7, resolve: false },
  },
  'monitors that go down': {
    wish: { scan: { states: ['up', 'unknown'] }, name: 'Shops' },
    shown: { 'That go': 'up,unknown', Monitors: '', Name: 'Shops', Told: 'window' },
    change: (dialog) => dialog.getByLabel('That go').selectOption('down'),
    sent: { scan: { states: ['down'] } },
  },
  'articles of a symbol': {
    wish: { article: { symbols: ['ETH', 'BTC'] }, name: 'News' },
    shown: { Symbols: 'BTC, ETH', Rules: '', Feeds: '' },
    change: async (dialog) => {
      await dialog.getByLabel('Symbols').fill('sol $ADA');
      await dialog.getByLabel('Name').fill('');
    },
    sent: { article: { symbols: ['sol', '$ADA'] }, name: null },
  },
  'prices that do not come': {
    wish: { freshness: { kinds: ['late', 'frozen'], after: '20m' }, exchanges: ['kraken'] },
    shown: { 'That are': 'late,frozen', For: '20m', Exchanges: 'kraken' },
    change: (dialog) => dialog.getByLabel('For', { exact: true }).fill('30m'),
    sent: { freshness: { kinds: ['late', 'frozen'], after: '30m' } },
  },
};

describe('changing an alert', { skip: whyNoBrowser() ?? false }, () => {
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

  const made = (wish: object) =>
    stage.send<Alert>('POST', '/api/v1/alerts', { webhook: `${site.url}/hook`, ...wish });
  const found = (id: number) => stage.get<Alert>(`/api/v1/alerts/${id}`);
  const dialogOf = (page: Page) => page.getByRole('dialog', { name: 'Change the alert' });
  const editOf = (page: Page, id: number) =>
    page.getByRole('button', { name: `Edit: alert ${id}`, exact: true });
  const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
  const save = (page: Page) => dialogOf(page).getByRole('button', { name: 'Save' }).click();
  const changesOf = (page: Page): unknown[] => {
    const changes: unknown[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') changes.push(request.postDataJSON());
    });
    return changes;
  };

  for (const [name, { wish, shown, change, sent }] of Object.entries(CASES)) {
    it(`shows what an alert about ${name} has, sends what is another, and loses nothing`, () =>
      stage.visit('#/alerts', async (page) => {
        const { id } = await made(wish);
        const before = await found(id);
        await page.reload();
        const changes = changesOf(page);
        await editOf(page, id).click();
        const dialog = dialogOf(page);
        for (const [label, value] of Object.entries(shown)) {
          assert.equal(await dialog.getByLabel(label, { exact: true }).inputValue(), value, label);
        }
        await change(dialog);
        await save(page);
        await page.getByText('The alert is changed.').waitFor();
        assert.deepEqual(changes, [sent]);
        const { changed, rules, ...rest } = await found(id);
        const { changed: _, rules: __, ...old } = before;
        const touched = Object.keys(sent);
        const untouched = (alert: object) =>
          Object.fromEntries(Object.entries(alert).filter(([key]) => !touched.includes(key)));
        assert.deepEqual(untouched(rest), untouched(old));
        assert.notDeepEqual(rest, old);
        assert.ok(changed > before.changed && rules.length >= 0);
      }));
  }

  it('is done by keyboard: Escape and Cancel leave, and the focus comes back to the button', () =>
    stage.visit('#/alerts', async (page) => {
      const { id } = await made({ pairs: ['btcusd'], factor: 7 });
      await page.reload();
      const changes = changesOf(page);
      const edit = editOf(page, id);
      const isBack = async () => {
        await dialogOf(page).waitFor({ state: 'detached' });
        await page.waitForFunction(`document.activeElement?.ariaLabel === 'Edit: alert ${id}'`);
      };
      await edit.focus();
      await page.keyboard.press('Enter');
      const dialog = dialogOf(page);
      await dialog.getByLabel('Of', { exact: true }).waitFor();
      assert.equal(await focused(page), 'metric');
      await dialog.getByLabel('Factor').fill('8');
      await page.keyboard.press('Escape');
      await isBack();
      await page.keyboard.press('Enter');
      assert.equal(await dialog.getByLabel('Factor').inputValue(), '7');
      await dialog.getByRole('button', { name: 'Cancel' }).press('Enter');
      await isBack();
      await page.keyboard.press('Enter');
      await dialog.getByLabel('Factor').press('Enter');
      await page.getByText('There was nothing to change.').waitFor();
      await isBack();
      assert.deepEqual(changes, []);
      assert.equal((await found(id)).factor, 7);
      await page.keyboard.press('Enter');
      await dialog.getByLabel('Name').fill('Seven times');
      await page.keyboard.press('Enter');
      await region(page, 'Alerts').getByRole('link', { name: 'Seven times' }).waitFor();
      await isBack();
    }));

  it('says at the field what is wrong, and sends it when it is mended', () =>
    stage.visit(
      '#/alerts',
      async (page) => {
        const { id } = await made({ pairs: ['btcusd'], factor: 9 });
        await page.goto(`${stage.url}/#/alerts/${id}`);
        const edit = page.getByRole('button', { name: 'Edit', exact: true });
        await edit.click();
        const dialog = dialogOf(page);
        const isRefused = async (label: string, why: RegExp) => {
          await save(page);
          const control = dialog.getByLabel(label, { exact: true });
          const field = dialog.locator('.field', { has: page.getByLabel(label, { exact: true }) });
          await field.getByRole('alert').getByText(why).waitFor();
          assert.equal(await control.getAttribute('aria-invalid'), 'true');
          assert.equal(await focused(page), await control.getAttribute('name'));
        };
        await dialog.getByLabel('Pairs').fill('btcsud');
        await isRefused('Pairs', /no pair btcsud.*Did you mean.*btcusd/);
        await dialog.getByLabel('Pairs').fill('ethusd');
        await dialog.getByLabel('Mean of the last').fill('1y');
        await isRefused('Mean of the last', /window/);
        await dialog.getByLabel('Mean of the last').fill('2h');
        await dialog.getByLabel('Factor').fill('0.5');
        await isRefused('Factor', /factor/);
        // What is no number is not taken for an empty field, which means the default.
        await dialog.getByLabel('Factor').fill('');
        await dialog.getByLabel('Factor').pressSequentially('3e');
        await isRefused('Factor', /no number/);
        assert.equal((await found(id)).changed, (await found(id)).created);
        await dialog.getByLabel('Factor').fill('10');
        await dialog.getByRole('button', { name: 'Preview the last day' }).click();
        await dialog.getByText(/In the last day it would have been told/).waitFor();
        await save(page);
        await dialog.waitFor({ state: 'detached' });
        await page.getByText('10 times above the mean of 2h').waitFor();
        await page.getByText('ethusd', { exact: true }).waitFor();
        assert.equal(await focusedText(page), 'Edit');
      },
      { expected: REFUSED },
    ));

  it('tells what keeps a changed alert from being told', () =>
    stage.visit('#/alerts', async (page) => {
      const { id, channel } = await made({ pairs: ['btcusd'], factor: 11 });
      await stage.send('POST', `/api/v1/channels/${channel}/disable`);
      await page.goto(`${stage.url}/#/alerts/${id}`);
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      const dialog = dialogOf(page);
      await dialog.getByLabel('Factor').fill('12');
      await save(page);
      await dialog.getByText(/is disabled/).waitFor();
      assert.equal(await focusedText(page), 'Done');
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      await page.getByText('12 times above the mean of 1h').waitFor();
      assert.equal(await focusedText(page), 'Edit');
    }));

  for (const width of [360, 768]) {
    it(`fits a window of ${width} px`, () =>
      stage.visit(
        '#/alerts',
        async (page) => {
          await page.getByRole('button', { name: 'Edit: alert' }).first().click();
          await dialogOf(page).getByLabel('Name').waitFor();
          await assertFits(page);
          const [wide, inner] = (await page.evaluate(
            "['scrollWidth', 'clientWidth'].map((name) => document.querySelector('dialog')[name])",
          )) as [number, number];
          assert.ok(wide <= inner, `${wide} px in a dialog of ${inner} px`);
        },
        { width, dark: true },
      ));
  }
});

const focused = (page: Page) => page.evaluate('document.activeElement?.getAttribute("name")');
const focusedText = (page: Page) => page.evaluate('document.activeElement?.textContent');
