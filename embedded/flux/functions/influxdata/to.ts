import { FluxError } from '../../error.ts';
import type { PointMaker } from '../../tables/points.ts';
import { narrowPoints, PointBatch, widePoints } from '../../tables/points.ts';
import type { Stream } from '../../tables/stream.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import type { Table, TableStream } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { array, func, optional, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { bucketOf } from './from.ts';

const target = {
  bucket: optional(string()),
  bucketID: optional(string()),
  org: optional(string()),
  orgID: optional(string()),
  host: optional(string()),
  token: optional(string()),
};

interface Target {
  readonly bucket: string | undefined;
  readonly bucketID: string | undefined;
  readonly org: string | undefined;
  readonly orgID: string | undefined;
  readonly host: string | undefined;
}

interface WriteOptions {
  readonly makePoints: PointMaker;
  /** What goes on to the next function. */
  readonly pass: (table: Table) => Table;
}

/** The bucket to write to; only this engine's own, in the query's organization. */
function targetBucket(
  context: CallContext,
  { bucket, bucketID, org, orgID, host }: Target,
): string {
  const elsewhere =
    (org !== undefined && org !== context.org.name) ||
    (orgID !== undefined && orgID !== context.org.id) ||
    host !== undefined;
  if (elsewhere) {
    throw new FluxError('to: writing to another host or organization is not supported');
  }
  return bucketOf(context, { bucket, bucketID }).id;
}

/**
 * Writes every table, then hands it on. The query runs it though nobody reads it; what was written
 * before an error stays written, as in InfluxDB.
 */
function writing(
  tables: TableStream,
  context: CallContext,
  bucketId: string,
  options: WriteOptions,
): Stream {
  const source = asStream(tables, context).use();
  let done = false;
  const stream = new Derived(source.scope, { bounds: source.bounds }, (signal) => run(signal));
  context.sideEffect({ kind: 'stream', tables: (signal) => rest(signal) });
  return stream;

  async function* run(signal: AbortSignal): AsyncGenerator<Table> {
    const batch = new PointBatch(context.host.writer, bucketId);
    for await (const table of source.tables(signal)) {
      if (!done) await batch.add(options.makePoints(table));
      yield options.pass(table);
    }
    if (!done) await batch.flush();
    done = true;
  }

  /** What a reader left unwritten, if anything. */
  async function* rest(signal: AbortSignal): AsyncGenerator<Table> {
    if (!done) yield* run(signal);
  }
}

function toBuiltin(packagePath: string) {
  return builtin({
    package: packagePath,
    name: 'to',
    params: {
      tables: pipe(),
      ...target,
      timeColumn: string('_time'),
      measurementColumn: string('_measurement'),
      tagColumns: optional(array(string())),
      fieldFn: optional(func()),
    },
    note: 'host and token are not supported: only buckets of this engine are written',
    call({ tables, timeColumn, measurementColumn, tagColumns, fieldFn, ...where }, context) {
      const { makePoints, pass } = narrowPoints({
        timeColumn,
        measurementColumn,
        tagColumns,
        fieldFn,
      });
      return writing(tables, context, targetBucket(context, where), { makePoints, pass });
    },
  });
}

function wideToBuiltin(packagePath: string, name: string) {
  return builtin({
    package: packagePath,
    name,
    params: { tables: pipe(), ...target },
    call: ({ tables, ...where }, context) =>
      writing(tables, context, targetBucket(context, where), {
        makePoints: widePoints,
        pass: (table) => table,
      }),
  });
}

export const writers = [
  toBuiltin('universe'),
  toBuiltin('influxdata/influxdb'),
  wideToBuiltin('influxdata/influxdb', 'wideTo'),
  wideToBuiltin('experimental', 'to'),
];
