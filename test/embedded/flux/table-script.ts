import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../core/log.ts';
import { createEvaluator } from '../../../embedded/flux/evaluate.ts';
import type {
  Chunk,
  ParsedPoint,
  PointType,
  StorageReader,
  StorageWriter,
} from '../../../embedded/storage/contract.ts';
import type { Storage } from '../../../embedded/storage/storage.ts';
import { openStorage } from '../../../embedded/storage/storage.ts';

export const START_NS = 1_704_067_200_000_000_000n; // 2024-01-01T00:00:00Z
const SECOND_NS = 1_000_000_000n;
const BUCKET = { id: 'b0', name: 'b', retentionSeconds: 0 };
const ORG = { id: 'o0', name: 'o' };

export type FieldValue = number | bigint | string | boolean;

const TYPES: Record<string, PointType> = {
  number: 'double',
  bigint: 'long',
  string: 'string',
  boolean: 'bool',
};

/** A point of measurement `m` some seconds after the start. */
export function point(
  seconds: number,
  tags: Record<string, string>,
  fields: Record<string, FieldValue>,
): ParsedPoint {
  return {
    measurement: 'm',
    tags: Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)),
    fields: Object.entries(fields).map(([name, value]) => ({
      name,
      type: TYPES[typeof value] as PointType,
      value,
    })),
    timeNs: START_NS + BigInt(Math.round(seconds * 1000)) * (SECOND_NS / 1000n),
  };
}

/** A storage with points, and scripts run on it. */
export interface TableScript {
  readonly storage: Storage;
  /** The SQL that was run. */
  readonly statements: string[];
  /** Batches that `to` wrote. */
  readonly writes: (readonly ParsedPoint[])[];
  /** The answer's rows as `label=value` texts, tables parted by `--`; rejects with FluxError. */
  ask(script: string, options?: AskOptions): Promise<string[]>;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly memoryBytesMax?: number;
  readonly signal?: AbortSignal;
}

export async function openTables(points: readonly ParsedPoint[]): Promise<TableScript> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-tables-'));
  const storage = await openStorage({ dir, memoryBytesMax: 256_000_000 });
  storage.createBucket(BUCKET.id, 0);
  if (points.length > 0) await storage.write(BUCKET.id, points);
  const statements: string[] = [];
  const writes: (readonly ParsedPoint[])[] = [];
  const reader: StorageReader = {
    series: (bucketId) => storage.series(bucketId),
    pointsTable: (bucketId, type) => storage.pointsTable(bucketId, type),
    select: (series) => storage.select(series),
    query: (sql, signal): AsyncIterable<Chunk> => {
      statements.push(sql);
      return storage.query(sql, signal);
    },
  };
  const writer: StorageWriter = {
    write: (bucketId, batch) => {
      writes.push(batch);
      return storage.write(bucketId, batch);
    },
  };
  const close = async () => {
    await storage.close();
    await rm(dir, { recursive: true, force: true });
  };
  const ask = (script: string, options: AskOptions = {}) =>
    run({ reader, writer }, script, options);
  return { storage, statements, writes, ask, close };
}

async function run(
  parts: { reader: StorageReader; writer: StorageWriter },
  script: string,
  { memoryBytesMax = 64_000_000, signal = new AbortController().signal }: AskOptions,
): Promise<string[]> {
  const evaluator = createEvaluator({
    ...parts,
    bucket: (_org, { name, id }) => (name === 'b' || id === 'b0' ? BUCKET : undefined),
    buckets: () => [BUCKET],
    limits: { scriptBytesMax: 100_000, memoryBytesMax, callDepthMax: 100 },
    log: silentLog,
  });
  const nowNs = START_NS + 3600n * SECOND_NS;
  const dialect = { header: true, delimiter: ',', annotations: [] };
  let text = '';
  for await (const piece of evaluator.run({ script, org: ORG, nowNs, dialect, signal }))
    text += piece;
  return rowsOf(text);
}

/** Plain CSV as `label=value` texts without the bounds; a new table begins with `--`. */
function rowsOf(text: string): string[] {
  const out: string[] = [];
  let labels: string[] | undefined;
  let table = '';
  for (const line of text.split('\r\n')) {
    if (line === '') labels = undefined;
    else if (labels === undefined) labels = line.split(',');
    else {
      const cells = line.split(',');
      if (labels[1] === 'error') throw new Error(cells.slice(1, -1).join(','));
      const id = `${cells[1]}/${cells[2]}`;
      if (id !== table && table !== '') out.push('--');
      table = id;
      const shown = labels.map((label, i) => `${label}=${cells[i]}`).slice(3);
      out.push(shown.filter((cell) => !/^_(start|stop|measurement|field)=/.test(cell)).join(' '));
    }
  }
  return out;
}
