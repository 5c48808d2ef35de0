import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../../core/clock.ts';
import { createInflux } from '../../../core/influx/influx.ts';
import { silentLog } from '../../../core/log.ts';
import type { Point } from '../../../core/point.ts';
import type { WriteTarget } from '../../../ingest/writer/courier.ts';
import { createWriter, type Writer, type WriterOptions } from '../../../ingest/writer/writer.ts';

/** Short waits, so that a test is quick without pretending about time. */
export const quickLimits = {
  backoff: { baseMs: 1, maxMs: 5 },
  fixWaitMs: 10,
  triesBeforeTrial: 2,
} as const;

export async function inTemporaryDir<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-writer-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export function targetAt(
  url: string,
  clock: Clock = systemClock,
): WriteTarget & { close(): Promise<void> } {
  return createInflux({ url, token: 't', org: 'o', bucket: 'b', timeoutMs: 5_000, clock });
}

export async function openWriter(
  dir: string,
  target: WriteTarget,
  options: Partial<WriterOptions> = {},
): Promise<Writer> {
  return createWriter({
    dir,
    target,
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    ...options,
    limits: { ...quickLimits, ...options.limits },
  });
}

/** `count` points of `series` series, one a second; the price is the point's number. */
export function pricePoints(
  count: number,
  options: { first?: number; series?: number } = {},
): Point[] {
  const { first = 0, series = 50 } = options;
  return Array.from({ length: count }, (_, i) => {
    const n = first + i;
    return {
      measurement: 'price',
      tags: { exchange: `e${n % 3}`, pair: `p${n % series}usd` },
      fields: { price: n },
      timeNs: 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000_000n,
    };
  });
}

/** Resolves when the condition holds; fails after a generous time. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited for ${what} in vain`);
    await turn();
  }
}

export async function deadLetters(dir: string): Promise<Record<string, string>[]> {
  const folder = join(dir, 'dead');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ndjson'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  );
}
