/** A whole Tidemark with the demo market, and a real browser in front of it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.ts';
import { eventually } from '../helpers/eventually.ts';
import { embeddedInflux, type Settings, startTidemark } from '../helpers/process.ts';

const UP_MS_MAX = 120_000;
/** On a machine that is busy with other tests. */
const WAIT_MS_MAX = 60_000;

export interface OpenOptions {
  readonly width?: number;
  readonly dark?: boolean;
  /** What the console may say: a browser tells there of every answer that is no success. */
  readonly expected?: RegExp;
  /** Before anything is asked for: answers of its own. */
  prepare?(page: Page): Promise<void>;
}

export interface Stage {
  readonly url: string;
  /** Opens `#/...`; `use` fails when the page said anything to the console or threw. */
  visit(hash: string, use: (page: Page) => Promise<void>, options?: OpenOptions): Promise<void>;
  get<T>(path: string): Promise<T>;
  /** What a page is to find; it has to be taken. */
  send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>;
  close(): Promise<void>;
}

/** `linesOf` are written before a page is opened: line protocol, with times in ns. */
export async function startStage(
  linesOf: () => readonly string[] = () => [],
  more: Settings = {},
): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-web-'));
  const dataDir = join(dir, 'data');
  const settings = { DATA_DIR: dataDir, EXCHANGES: 'bitstamp,gemini,kraken', ...more };
  const demo = await startTidemark({ args: ['demo'], settings });
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    await demo.kill('SIGTERM');
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await write(demo.influxUrl, `${dataDir}-demo`, linesOf());
    const filled = (path: string, what: RegExp) =>
      eventually(
        async () => assert.match(await (await fetch(demo.url + path)).text(), what),
        UP_MS_MAX,
      );
    await filled('/btcusd?duration=-1h&exchange=kraken', /"price":\d/);
    await filled('/articles?symbol=BTC', /"id":\d/);
    browser = await openBrowser();
  } catch (error) {
    await close();
    throw error;
  }
  const opened = browser;
  return {
    url: demo.url,
    visit: (hash, use, options) => visit(opened, `${demo.url}/${hash}`, use, options),
    get: async <T>(path: string) => (await (await fetch(demo.url + path)).json()) as T,
    send: async <T>(method: string, path: string, body?: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const sent =
        body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
      const answer = await fetch(demo.url + path, sent);
      const text = await answer.text();
      assert.ok(answer.ok, text);
      return JSON.parse(text) as T;
    },
    close,
  };
}

async function write(url: string, dataDir: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const influx = await embeddedInflux(url, dataDir);
  try {
    const { status, text } = await influx.write(gzipSync(lines.join('\n')), { gzip: true });
    assert.equal(status, 204, text);
  } finally {
    await influx.close();
  }
}

async function visit(
  browser: Browser,
  address: string,
  use: (page: Page) => Promise<void>,
  { width = 1280, dark = false, expected, prepare }: OpenOptions = {},
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS_MAX);
    const problems: string[] = [];
    // What a policy refuses is said there too.
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !expected?.test(text)) problems.push(text);
    });
    page.on('pageerror', (error) => problems.push(error.message));
    await prepare?.(page);
    await page.goto(address);
    await use(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

/** Nothing is wider than the window: no one scrolls sideways to read. */
export async function assertFits(page: Page): Promise<void> {
  const [wide, window] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  assert.ok(wide <= window, `${wide} px of content in a window of ${window} px`);
}
