/** Writes batches as fast as it can and says which are durable, until it is killed. */
import { readLines } from '../../../embedded/lines/read.ts';
import { openStorage } from '../../../embedded/storage/storage.ts';

const BATCH_POINTS = 50;
const WRITERS = 4;

const [dir, firstBatch] = process.argv.slice(2) as [string, string];
const storage = await openStorage({ dir, memoryBytesMax: 128_000_000 });
storage.createBucket('b1');
let next = Number(firstBatch);

/** A point for each of 50 series, new series now and then, and one point that is overwritten. */
function bodyOf(batch: number): Buffer {
  const generation = Math.floor(batch / 20);
  const lines = [`o v=${batch}i 1`];
  for (let i = 0; i < BATCH_POINTS; i++) lines.push(`m,i=${i},g=${generation} v=${batch} ${batch}`);
  return Buffer.from(lines.join('\n'));
}

async function work(): Promise<void> {
  for (;;) {
    const batch = next++;
    const options = { precision: 's', nowNs: 0n } as const;
    await storage.ingest('b1', (target) => readLines(bodyOf(batch), options, target));
    process.send?.(batch);
  }
}

await Promise.all(Array.from({ length: WRITERS }, work));
