import type { Influx } from '../core/influx/influx.ts';
import { rankBucket, rollupBucket, rollupLevels } from '../core/rollups.ts';
import type { BoundTask } from './desired.ts';
import type { Retentions } from './steps.ts';

/** The longest window of a rank and some more; a week a shard, because a rank pays for each. */
const RANK_SECONDS = 8 * 86_400;
const RANK_SHARD_SECONDS = 7 * 86_400;

/** Makes the buckets that the tasks write to, where they are missing. */
export async function ensureBuckets(
  influx: Pick<Influx, 'buckets' | 'bucket'>,
  tasks: readonly BoundTask[],
  { rollupMs }: Retentions,
): Promise<void> {
  const { buckets, bucket } = influx;
  const marks = new Set(tasks.map(({ mark }) => mark));
  for (const level of rollupLevels.filter((name) => marks.has(`rollup-${name}`))) {
    const retentionSeconds = rollupMs[level] / 1_000;
    await buckets.ensure({ name: rollupBucket(bucket, level), retentionSeconds });
  }
  // The ranks read it even where nothing is written to it.
  await buckets.ensure({
    name: rankBucket(bucket),
    retentionSeconds: RANK_SECONDS,
    shardSeconds: RANK_SHARD_SECONDS,
  });
}
