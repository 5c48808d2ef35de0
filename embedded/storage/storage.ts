import { type Clock, systemClock } from '../../core/clock.ts';
import { TidemarkError } from '../../core/errors.ts';
import { type Log, silentLog } from '../../core/log.ts';
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
import { sqlText } from './database.ts';
import { deletePoints, forgetSeries } from './delete.ts';
import { closeParts, Healer, openParts, type Parts } from './parts.ts';
import { WriteQueue } from './queue.ts';
import { loadRecords, type RecordChange, type StoredRecord, saveRecords } from './records.ts';
import { RowBuffer } from './rows.ts';
import type { PointTarget } from './target.ts';
import { codeOf } from './types.ts';

const NS_PER_SECOND = 1_000_000_000n;
/** One commit takes at most about this many rows, so that none waits long for another. */
const COMMIT_ROWS_MAX = 262_144;

export interface StorageOptions {
  readonly dir: string;
  readonly memoryBytesMax: number;
  readonly clock?: Pick<Clock, 'nowMs'>;
  readonly log?: Log;
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
  /** Why storage cannot be used at the moment, if it cannot. */
  readonly broken: string | undefined;
  close(): Promise<void>;
}

/** Opens or makes the database in `dir`. Errors: `conflict` when another process has it open. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  return new DuckStorage(await openParts(options), options);
}

class DuckStorage implements Storage {
  #parts: Parts;
  readonly #healer: Healer;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #queue: WriteQueue;
  readonly #rows = new RowBuffer();
  /** Retention in nanoseconds by bucket. */
  readonly #buckets = new Map<string, bigint>();
  #closing: Promise<void> | undefined;

  constructor(parts: Parts, options: StorageOptions) {
    const { clock = systemClock, log = silentLog } = options;
    this.#parts = parts;
    this.#clock = clock;
    this.#healer = new Healer(options, clock.nowMs, log);
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
    return this.#alone(async () => {
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

  async select(series: readonly SelectedSeries[]): Promise<Selection> {
    if (this.broken !== undefined) await this.#alone(async () => {});
    return this.#parts.queries.select(series);
  }

  async *query(sql: string, signal: AbortSignal): AsyncGenerator<Chunk> {
    if (this.broken !== undefined) await this.#alone(async () => {});
    yield* this.#parts.queries.query(sql, signal);
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
      await this.#heal();
      const batch = new Batch({
        dictionary: this.#parts.dictionary,
        rows: this.#rows,
        bucketId,
        retentionNs: this.#retentionOf(bucketId),
        nowNs: msToNs(this.#clock.nowMs()),
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
    return this.#alone(async () => {
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
      if (retentionNs > 0n) await this.#alone(() => this.#expireBucket(bucketId, retentionNs));
    }
    await this.#alone(() => this.#parts.database.checkpoint());
  }

  loadRecords(): Promise<StoredRecord[]> {
    return this.#alone(() => loadRecords(this.#parts.database));
  }

  saveRecords(changes: readonly RecordChange[]): Promise<void> {
    return this.#alone(() => saveRecords(this.#parts.database, changes));
  }

  /** Waits for what was accepted, ends running queries, folds the log in. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    await closeParts(this.#parts);
  }

  #alone<T>(job: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      await this.#heal();
      return job();
    });
  }

  async #heal(): Promise<void> {
    // Rows of a commit that is being gathered belong to the parts as they are.
    if (this.#rows.length === 0) this.#parts = await this.#healer.heal(this.#parts);
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
    const { database, dictionary, tables } = this.#parts;
    const oldestNs = msToNs(this.#clock.nowMs()) - retentionNs;
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
