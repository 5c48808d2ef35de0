/**
 * What a cycle cannot do without, with nothing else in between: JSON.parse of the bodies by two
 * threads, the ready-made lines on disk, the lines acknowledged.
 */
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { copyOf } from './ingest.ts';

const THREADS = 2;

export interface FloorTimes {
  readonly parseMs: number;
  readonly syncMs: number;
  readonly postMs: number;
}

export interface Floor {
  /** Each step after the one before; `post` resolves when the server has acknowledged. */
  run(bodies: readonly Buffer[], lines: Buffer, post: () => Promise<unknown>): Promise<FloorTimes>;
  close(): Promise<void>;
}

export async function startFloor(): Promise<Floor> {
  const program = new URL('./parse-thread.js', import.meta.url);
  const threads = Array.from({ length: THREADS }, () => new Worker(program));
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-floor-'));
  const file = await open(join(dir, 'lines'), 'w');
  return {
    async run(bodies, lines, post) {
      const shares = shared(bodies);
      const parseMs = await timed(() =>
        Promise.all(
          threads.map((thread, i) => {
            const share = shares[i] as Buffer[];
            const moved = share.map(({ buffer }) => buffer as ArrayBuffer);
            thread.postMessage(share, moved);
            return once(thread, 'message');
          }),
        ),
      );
      const syncMs = await timed(async () => {
        await file.write(lines, 0, lines.length, 0);
        await file.datasync();
      });
      return { parseMs, syncMs, postMs: await timed(post) };
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.terminate()));
      await file.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** Copies, the largest first, each for the thread that has least so far. */
function shared(bodies: readonly Buffer[]): Buffer[][] {
  const shares = Array.from({ length: THREADS }, () => ({ bytes: 0, bodies: [] as Buffer[] }));
  for (const body of bodies.toSorted((a, b) => b.length - a.length)) {
    const share = shares.reduce((least, each) => (each.bytes < least.bytes ? each : least));
    share.bodies.push(copyOf(body));
    share.bytes += body.length;
  }
  return shares.map((share) => share.bodies);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
