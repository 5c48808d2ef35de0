/**
 * The dashboard in Chromium: when the overview can be used, how much script a page loads, how long
 * a chart of 40,000 points takes to be on the screen, and frames while 1,000 events a second come.
 * Usage: node dist/bench/dashboard.js [rounds]
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get as httpGet, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../core/paths.ts';
import { openBrowser } from '../test/helpers/browser.ts';
import { startTidemark } from '../test/helpers/process.ts';
import { median } from './median.ts';

const EVENTS_A_SECOND = 1_000;
const FRAMES_MS = 5_000;
const EXCHANGES = ['bitstamp', 'gemini', 'kraken'];
const PAGES = ['', 'pair/btcusd'];

const rounds = Number(process.argv[2] ?? 5);

async function measured(times: number, once: () => Promise<number>): Promise<string> {
  const found: number[] = [];
  for (let round = 0; round < times; round += 1) found.push(await once());
  return `${median(found).toFixed(0)} (${found.map((ms) => ms.toFixed(0)).join(', ')})`;
}

/** Run before the page's own scripts. */
const FIRST_ROW = `new MutationObserver(() => {
  const row = document.querySelector('.exchange-rows tbody tr');
  if (row && !window.firstRowMs) window.firstRowMs = performance.now();
}).observe(document, { subtree: true, childList: true });`;

/** Seconds of CPU that the page's main thread has used, as often as it is asked. */
async function threadClock(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
}

/** Milliseconds from the navigation to the first row of an exchange, in a browser that is fresh. */
async function firstRow(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript({ content: FIRST_ROW });
    await page.goto(`${url}/#/`);
    await page.locator('.exchange-rows tbody tr').first().waitFor();
    return (await page.evaluate('window.firstRowMs')) as number;
  } finally {
    await context.close();
  }
}

/** Bytes of a file as it is sent, packed. */
function packedBytes(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpGet(url, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}

async function scriptBytes(browser: Browser, url: string, hash: string): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const scripts = new Set<string>();
    page.on('request', (asked) => {
      if (asked.resourceType() === 'script') scripts.add(asked.url());
    });
    await page.goto(`${url}/#/${hash}`);
    await page.locator('.card').first().waitFor();
    const sizes = await Promise.all([...scripts].map(packedBytes));
    return sizes.reduce((sum, size) => sum + size, 0);
  } finally {
    await context.close();
  }
}

/** Made in the page: 27 lines of 1,482 points, and the chart of a pair's page. */
const CHART = `(async () => {
  const { chart } = parts;
  const times = Array.from({ length: 1482 }, (_, at) => 1.7e9 + at * 60);
  const lines = Array.from({ length: 27 }, (_, line) => ({
    label: 'exchange' + line,
    values: times.map((_, at) =>
      60000 + line * 20 + Math.sin(at / 40 + line) * 300 + (at * 7919 % 97)),
  }));
  const place = document.createElement('div');
  document.querySelector('main').prepend(place);
  const ending = new AbortController();
  const painted = () => new Promise((done) =>
    requestAnimationFrame(() => {
      const c = new MessageChannel();
      c.port1.onmessage = done;
      c.port2.postMessage(0);
    }));
  const begin = performance.now();
  const drawn = chart({ label: 'bench', heightPx: 380, times, lines, signal: ending.signal });
  place.append(drawn.element);
  while (!place.querySelector('canvas')) await painted();
  await painted();
  const first = performance.now() - begin;
  const again = performance.now();
  drawn.update(times, lines.map((line) => ({ ...line, values: line.values.map((v) => v + 1) })));
  await painted();
  const update = performance.now() - again;
  ending.abort();
  place.remove();
  return [first, update];
})()`;

/** Frames of a while, and the longest time between two. */
const FRAMES = `new Promise((done) => {
  const begin = performance.now();
  let last = begin, count = 0, longest = 0;
  const frame = (now) => {
    count += 1; longest = Math.max(longest, now - last); last = now;
    if (now - begin < ${FRAMES_MS}) requestAnimationFrame(frame);
    else done([count * 1000 / (now - begin), longest]);
  };
  requestAnimationFrame(frame);
})`;

/** Stands before Tidemark: passes all on, but tells events of its own, so many a second. */
async function noisy(url: string) {
  const listeners = new Set<ServerResponse>();
  let id = 0;
  const server = createServer((asked, answer) => {
    if (asked.url?.startsWith('/events')) {
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      listeners.add(answer);
      answer.on('close', () => listeners.delete(answer));
      return;
    }
    const passed = request(url + asked.url, {
      method: asked.method,
      headers: { accept: asked.headers.accept ?? '*/*' },
    });
    passed.on('response', (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  const timer = setInterval(() => {
    const at = new Date().toISOString();
    let text = '';
    for (let count = 0; count < EVENTS_A_SECOND / 50; count += 1) {
      id += 1;
      const data = { exchange: EXCHANGES[id % EXCHANGES.length], time: at, markets: id % 500 };
      const told = JSON.stringify({ id, kind: 'price', at, data });
      text += `id: ${id}\nevent: price\ndata: ${told}\n\n`;
    }
    for (const listener of listeners) listener.write(text);
  }, 20);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => id,
    close() {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
    },
  };
}

async function framesOf(browser: Browser, url: string, hash: string): Promise<string> {
  const proxy = await noisy(url);
  const context = await browser.newContext();
  try {
    const page: Page = await context.newPage();
    await page.goto(`${proxy.url}/#/${hash}`);
    await page.locator('.card table tbody tr td.number').first().waitFor({ timeout: 120_000 });
    const cpu = await threadClock(page);
    const [before, usedBefore] = [proxy.sent(), await cpu()];
    const [rate, longest] = (await page.evaluate(FRAMES)) as [number, number];
    const told = ((proxy.sent() - before) * 1000) / FRAMES_MS;
    const busy = (((await cpu()) - usedBefore) * 1_000_000) / FRAMES_MS;
    const frames = `${rate.toFixed(1)} a second, the longest ${longest.toFixed(0)} ms`;
    return `${frames}, ${told.toFixed(0)} events and ${busy.toFixed(0)} ms of CPU a second`;
  } finally {
    await context.close();
    proxy.close();
  }
}

/** The chart alone, made as the dashboard is, as the global `parts`. */
async function chartScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(projectRoot, 'web/parts/chart.ts')],
    ...{ bundle: true, minify: true, write: false, target: 'es2022' },
    ...{ format: 'iife', globalName: 'parts', footer: { js: 'globalThis.parts = parts;' } },
  });
  return outputFiles[0]?.text ?? '';
}

async function charts(browser: Browser, url: string): Promise<Readonly<Record<string, string>>> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(`${url}/#/nowhere`);
    await page.getByText('There is no such page').waitFor();
    await page.evaluate(await chartScript());
    const cpu = await threadClock(page);
    const updates: number[] = [];
    const used: number[] = [];
    const first = await measured(rounds, async () => {
      const before = await cpu();
      const [drawn, update] = (await page.evaluate(CHART)) as [number, number];
      used.push(((await cpu()) - before) * 1000);
      updates.push(update);
      return drawn;
    });
    return {
      'chart of 40,014 points, data at hand to painted, ms': first,
      'the same with other data, ms': median(updates).toFixed(0),
      'CPU of the main thread for both, ms': median(used).toFixed(0),
    };
  } finally {
    await context.close();
  }
}

function print(what: string, found: string): void {
  process.stdout.write(`${what.padEnd(52)} ${found}\n`);
}

const dir = await mkdtemp(join(tmpdir(), 'tidemark-dashboard-'));
const settings = { DATA_DIR: join(dir, 'data'), EXCHANGES: EXCHANGES.join(',') };
const demo = await startTidemark({ args: ['demo'], settings });
const browser = await openBrowser();
try {
  print('load', loadavg()[0]!.toFixed(1));
  print(
    'overview: first row of an exchange, ms',
    await measured(rounds, () => firstRow(browser, demo.url)),
  );
  for (const hash of PAGES) {
    const bytes = await scriptBytes(browser, demo.url, hash);
    print(`#/${hash}: script, kB packed`, (bytes / 1000).toFixed(1));
  }
  for (const [what, found] of Object.entries(await charts(browser, demo.url))) print(what, found);
  for (const hash of PAGES) print(`#/${hash}: frames`, await framesOf(browser, demo.url, hash));
  print('load', loadavg()[0]!.toFixed(1));
} finally {
  await browser.close();
  await demo.kill('SIGTERM');
  await rm(dir, { recursive: true, force: true });
}
