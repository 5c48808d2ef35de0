/**
 * A real Chromium for one test file. A test skips when `whyNoBrowser()` gives a reason; where real
 * servers are required, the runner turns that into a failure.
 *
 *     describe('the page', { skip: whyNoBrowser() ?? false }, () => {
 *       it('shows prices', () => withBrowser(async (browser) => { ... }));
 *     });
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';
const START_MS_MAX = 60_000;

/** No sandbox: root, as which containers run tests, may have none. Nothing is asked of the net. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser's program: `CHROMIUM`, else Debian's; undefined where neither is there. */
export function chromiumPath(): string | undefined {
  const program = process.env.CHROMIUM || PROGRAM;
  return existsSync(program) ? program : undefined;
}

/** Why no browser can be had here, or undefined. */
export function whyNoBrowser(): string | undefined {
  if (chromiumPath() !== undefined) return undefined;
  return 'no Chromium here: install it (apt-get install chromium) or set CHROMIUM';
}

/**
 * Starts a browser without a window, with a profile of its own that goes away with it. The caller
 * closes it: `after(() => browser.close())`. It ends with this process all the same.
 */
export async function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error(whyNoBrowser());
  return chromium.launch({
    executablePath,
    headless: true,
    args: ARGUMENTS,
    timeout: START_MS_MAX,
  });
}

/** The same for the time of one use. */
export async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await openBrowser();
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}
