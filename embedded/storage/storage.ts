import { type Clock, systemClock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import { msToNs } from '../../core/point.ts';
import { Batch } from './batch.ts';
import { commitRows } from './commit.ts';
import type {
  Chunk,
  ParsedPoint,
  PointType,
  SelectedSeries,
  Selection,
  Series,
  StorageReader,
  StorageWriter,
  TimeRange,
  WriteResult,
} from './contract.ts';
import { Database, sqlText } from './database.ts';
import { deletePoints, forgetSeries } from './delete.ts';
import { Dictionary } from './dictionary.ts';
import { WriteQueue } from './queue.ts';
import { QueryRunner } from './reader.ts';
import { loadRecords, type RecordChange, type StoredRecord, saveRecords } from './records.ts';
import { recover } from './recover.ts';
import { RowBuffer } from './rows.ts';
import { TableSet } from './table-set.ts';
import type { PointTarget } from './target.ts';
import { codeOf } from './types.ts';

const NS_PER_SECOND = 1_000_000_000n;
/** One commit takes at most about this many rows, so that none waits long for another. */
const COMMIT_ROWS_MAX = 262_144;

export interface StorageOptions {
  readonly dir: string;
  readonly memoryBytesMax: number;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/** Points, their dictionary, and the engine's own records, in one DuckDB file. */
export interface Storage extends StorageReader, StorageWriter {
  /** Makes the bucket known, or changes its retention; 0 seconds keeps for ever. */
  createBucket(bucketId: string, retentionSeconds?: number): void;
  /** Drops every point of the bucket. */
  dropBucket(bucketId: string): Promise<void>;
  /**
   * One request: `fill` puts points into the target, all of them or (when it throws) none.
   * Durable when it resolves. Requests that wait share a commit.
   */
  ingest(
    bucketId: string,
    fill: (target: PointTarget) => void | Promise<void>,
  ): Promise<WriteResult>;
  /** Deletes the points of the series that match, in [startNs, stopNs). */
  deletePoints(
    bucketId: string,
    range: TimeRange,
    matches: (series: Series) => boolean,
  ): Promise<void>;
  /** Deletes what retention no longer keeps, and gives the space back to the file. */
  expire(): Promise<void>;
  loadRecords(): Promise<StoredRecord[]>;
  saveRecords(changes: readonly RecordChange[]): Promise<void>;
  /** Why storage has stopped for good, if it has. */
  readonly broken: string | undefined;
  close(): Promise<void>;
}

/** Opens or makes the database in `dir`. Errors: `conflict` when another process has it open. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const database = await Database.open(options);
  const tables = new TableSet();
  const dictionary = new Dictionary(tables);
  await recover(database, dictionary, tables);
  return new DuckStorage({ database, dictionary, tables, clock: options.clock ?? systemClock });
}

interface Parts {
  readonly database: Database;
  readonly dictionary: Dictionary;
  readonly tables: TableSet;
  readonly clock: Pick<Clock, 'nowMs'>;
}

class DuckStorage implements Storage {
  readonly #parts: Parts;
  readonly #queries: QueryRunner;
  readonly #queue: WriteQueue;
  readonly #rows = new RowBuffer();
  /** Retention in nanoseconds by bucket. */
  readonly #buckets = new Map<string, bigint>();
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#queries = new QueryRunner(parts.database);
    this.#queue = new WriteQueue({
      isFull: () => this.#rows.length >= COMMIT_ROWS_MAX,
      commit: () => this.#commit(),
    });
  }

  get broken(): string | undefined {
    return this.#parts.database.fatal;
  }

  createBucket(bucketId: string, retentionSeconds = 0): void {
    if (!/^[0-9a-z]+$/.test(bucketId)) {
      throw new TidemarkError(
        'invalid',
        `a bucket id is lower-case letters and digits: ${bucketId}`,
      );
    }
    this.#buckets.set(bucketId, BigInt(retentionSeconds) * NS_PER_SECOND);
  }

  dropBucket(bucketId: string): Promise<void> {
    return this.#queue.run(async () => {
      const { database, dictionary, tables } = this.#parts;
      this.#retentionOf(bucketId);
      const existing = tables.existing(bucketId);
      for (const table of existing) table.reset();
      await database.transaction(async (connection) => {
        for (const table of existing) await connection.run(`DROP TABLE ${table.name}`);
        await connection.run(`DELETE FROM meta.series WHERE bucket = ${sqlText(bucketId)}`);
      });
      this.#buckets.delete(bucketId);
      dictionary.dropBucket(bucketId);
      tables.drop(bucketId);
    });
  }

  series(bucketId: string): readonly Series[] {
    return this.#parts.dictionary.bucket(bucketId).ordered();
  }

  pointsTable(bucketId: string, type: PointType): string | undefined {
    const table = this.#parts.tables.find(bucketId, codeOf(type));
    return table?.exists ? table.name : undefined;
  }

  select(series: readonly SelectedSeries[]): Promise<Selection> {
    return this.#queries.select(series);
  }

  query(sql: string, signal: AbortSignal): AsyncIterable<Chunk> {
    return this.#queries.query(sql, signal);
  }

  write(bucketId: string, points: readonly ParsedPoint[]): Promise<WriteResult> {
    return this.ingest(bucketId, (target) => {
      for (const point of points) target.add(point);
    });
  }

  ingest(
    bucketId: string,
    fill: (target: PointTarget) => void | Promise<void>,
  ): Promise<WriteResult> {
    return this.#queue.write(async () => {
      const batch = new Batch({
        dictionary: this.#parts.dictionary,
        rows: this.#rows,
        bucketId,
        retentionNs: this.#retentionOf(bucketId),
        nowNs: msToNs(this.#parts.clock.nowMs()),
      });
      try {
        await fill(batch);
        return batch.result();
      } catch (error) {
        batch.undo();
        throw error;
      }
    });
  }

  deletePoints(
    bucketId: string,
    range: TimeRange,
    matches: (series: Series) => boolean,
  ): Promise<void> {
    return this.#queue.run(async () => {
      const { database, dictionary, tables } = this.#parts;
      this.#retentionOf(bucketId);
      const chosen = this.series(bucketId).filter(matches);
      for (const table of tables.existing(bucketId)) {
        const own = chosen.filter((series) => codeOf(series.type) === table.code);
        const dead = await deletePoints({ database, table, series: own, range });
        dictionary.bucket(bucketId).remove(dead);
      }
    });
  }

  async expire(): Promise<void> {
    for (const [bucketId, retentionNs] of this.#buckets) {
      if (retentionNs > 0n) await this.#queue.run(() => this.#expireBucket(bucketId, retentionNs));
    }
    await this.#queue.run(() => this.#parts.database.checkpoint());
  }

  loadRecords(): Promise<StoredRecord[]> {
    return this.#queue.run(() => loadRecords(this.#parts.database));
  }

  saveRecords(changes: readonly RecordChange[]): Promise<void> {
    return this.#queue.run(() => saveRecords(this.#parts.database, changes));
  }

  /** Waits for what was accepted, ends running queries, folds the log in. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#queries.close();
    await this.#queue.close();
    this.#parts.tables.resetAll();
    await this.#parts.database.close();
  }

  async #commit(): Promise<void> {
    try {
      const { database, dictionary, tables } = this.#parts;
      await commitRows({ database, dictionary, tables, rows: this.#rows });
    } finally {
      this.#rows.clear();
    }
  }

  async #expireBucket(bucketId: string, retentionNs: bigint): Promise<void> {
    const { database, dictionary, tables, clock } = this.#parts;
    const oldestNs = msToNs(clock.nowMs()) - retentionNs;
    const dead = dictionary.olderThan(bucketId, oldestNs);
    await database.transaction(async (connection) => {
      for (const table of tables.existing(bucketId)) {
        await connection.run(`DELETE FROM ${table.name} WHERE time < ${oldestNs}`);
      }
      await forgetSeries(connection, dead);
    });
    dictionary.bucket(bucketId).remove(dead);
  }

  #retentionOf(bucketId: string): bigint {
    const retentionNs = this.#buckets.get(bucketId);
    if (retentionNs === undefined) throw new TidemarkError('not-found', 'bucket not found');
    return retentionNs;
  }
}
