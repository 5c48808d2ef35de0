import { type Precision, parseLine } from '../../../embedded/lines/parse.ts';
import { readLines } from '../../../embedded/lines/read.ts';
import { Batch } from '../../../embedded/storage/batch.ts';
import type { ParsedPoint, WriteResult } from '../../../embedded/storage/contract.ts';
import { Dictionary } from '../../../embedded/storage/dictionary.ts';
import { RowBuffer } from '../../../embedded/storage/rows.ts';
import { TableSet } from '../../../embedded/storage/table-set.ts';
import { codeOf } from '../../../embedded/storage/types.ts';

/** One stored value, as text that compares: `measurement,tag=value field type value time`. */
export interface Collected {
  readonly rows: readonly string[];
  readonly result: WriteResult;
  /** How many lines the hot path left to the slow one. */
  readonly slowLines: number;
}

class CountingBatch extends Batch {
  slowLines = 0;

  override add(point: ParsedPoint) {
    this.slowLines++;
    return super.add(point);
  }
}

/** Reads bodies into one dictionary, as the engine would, without a database. */
export class Collector {
  readonly #dictionary = new Dictionary(new TableSet());
  readonly #retentionNs: bigint;

  constructor(retentionNs = 0n) {
    this.#retentionNs = retentionNs;
  }

  async read(
    body: string | Uint8Array,
    options: { precision?: Precision; nowNs?: bigint } = {},
  ): Promise<Collected> {
    const { precision = 'ns', nowNs = 0n } = options;
    const rows = new RowBuffer();
    const dictionary = this.#dictionary;
    const retentionNs = this.#retentionNs;
    const batch = new CountingBatch({ dictionary, rows, bucketId: 'b', retentionNs, nowNs });
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    try {
      await readLines(bytes, { precision, nowNs }, batch);
    } catch (error) {
      batch.undo();
      throw error;
    }
    return { rows: describe(rows, dictionary), result: batch.result(), slowLines: batch.slowLines };
  }
}

function describe(rows: RowBuffer, dictionary: Dictionary): string[] {
  const bySid = new Map(
    dictionary
      .bucket('b')
      .ordered()
      .map((one) => [one.sid, one]),
  );
  const texts: string[] = [];
  for (let row = 0; row < rows.length; row++) {
    const { measurement, tags, field, type } = bySid.get(rows.sids[row]!)!;
    const value = [
      () => String(Object.is(rows.doubles[row], -0) ? '-0' : rows.doubles[row]),
      () => String(rows.longs[row]),
      () => String(rows.ulongs[row]),
      () => JSON.stringify(rows.strings[rows.doubles[row]!]),
      () => String(rows.doubles[row] === 1),
    ][codeOf(type)]!();
    const key = [measurement, ...[...tags].map(([name, text]) => `${name}=${text}`)].join(',');
    texts.push(`${key} ${field} ${type} ${value} ${rows.times[row]}`);
  }
  return texts;
}

/** The slow way alone. */
export function parseOne(line: string): ParsedPoint {
  return parseLine(Buffer.from(line), { precision: 'ns', defaultNs: 0n }).point;
}
