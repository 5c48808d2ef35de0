import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whyNoBrowser, withBrowser } from './browser.ts';

describe('the browser of the tests', { skip: whyNoBrowser() ?? false }, () => {
  it('runs scripts of a page and sees its size', () =>
    withBrowser(async (browser) => {
      const page = await browser.newPage({ viewport: { width: 360, height: 640 } });
      await page.setContent('<p id="size"></p><script>size.textContent = innerWidth</script>');
      assert.equal(await page.locator('#size').textContent(), '360');
    }));
});
