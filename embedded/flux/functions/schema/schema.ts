import { FluxError } from '../../error.ts';
import { labelStream } from '../../plan/chain.ts';
import { labelNames, labelValues } from '../../plan/labels.ts';
import { splitPredicate } from '../../plan/predicate.ts';
import type { Read } from '../../plan/read.ts';
import { UnboundedRead } from '../../plan/unbounded.ts';
import { withValues } from '../../tables/column.ts';
import { groupBy } from '../../tables/group.ts';
import { pivotTables } from '../../tables/pivot.ts';
import type { Bounds } from '../../tables/stream.ts';
import { asStream, Derived, scopeOf } from '../../tables/stream.ts';
import { eachTable } from '../../tables/transform.ts';
import type { FluxFunction, Table, TableStream } from '../../values/value.ts';
import { Duration, type Time } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { bucketOf } from '../influxdata/from.ts';
import { func, optional, pipe, string, timeable } from '../params.ts';
import { builtin } from '../registry.ts';
import { distinctTable } from '../universe/distinct.ts';
import { keepRows } from '../universe/filter.ts';
import { groupStream } from '../universe/group.ts';
import { instantOf } from '../universe/range.ts';

const PACKAGES = ['influxdata/influxdb/schema', 'influxdata/influxdb/v1'];
const DAY_NS = 86_400_000_000_000n;
const START = new Duration(0, -30n * DAY_NS);
const period = { start: timeable(START), stop: optional(timeable()) };

interface Asked {
  readonly bucket: string;
  readonly start: Time | Duration;
  readonly stop: Time | Duration | undefined;
  readonly predicate?: FluxFunction | undefined;
  readonly measurement?: string | undefined;
}

export function boundsOf(
  { start, stop }: Pick<Asked, 'start' | 'stop'>,
  context: CallContext,
): Bounds {
  const startNs = instantOf(start, context);
  const stopNs = stop === undefined ? context.now.ns : instantOf(stop, context);
  if (startNs >= stopNs) throw new FluxError('cannot query an empty range');
  return { startNs, stopNs };
}

/** The reading that a question is about; `rest` is what has to be asked row by row. */
function readingOf(asked: Asked, context: CallContext): { read: Read; rest?: FluxFunction } {
  const bucket = bucketOf(context, { bucket: asked.bucket });
  let read = new UnboundedRead(scopeOf(context), bucket.id).within(boundsOf(asked, context));
  const { measurement, predicate } = asked;
  if (measurement !== undefined) {
    const passes = (series: { measurement: string }) => series.measurement === measurement;
    const test = { label: '_measurement', passes };
    read = read.where({ seriesTests: [test], pointTests: [], rest: undefined, stored: true });
  }
  if (predicate === undefined) return { read };
  const split = splitPredicate(predicate);
  read = read.where(split);
  return split.rest === undefined ? { read } : { read, rest: split.rest };
}

function tagValues(asked: Asked, tag: string, context: CallContext): TableStream {
  const { read, rest } = readingOf(asked, context);
  if (rest === undefined && read.spec.pointTests.length === 0) {
    return labelStream(read, () => labelValues(read.scope.reader, read.spec, tag));
  }
  const kept = onlyRows(read, rest, context, (table) => {
    const columns = table.columns.filter((column) => column.label === tag);
    return { key: [], columns, rowCount: table.rowCount };
  });
  const grouped = groupStream(kept, context, groupBy([]));
  return eachTable(grouped, context, (table) => distinctTable(table, tag));
}

function tagKeys(asked: Asked, context: CallContext): TableStream {
  const { read, rest } = readingOf(asked, context);
  if (rest === undefined && read.spec.pointTests.length === 0) {
    return labelStream(read, () => labelNames(read.scope.reader, read.spec));
  }
  const keys = onlyRows(read, rest, context, (table) => ({
    key: [],
    columns: [withValues({ label: '_value', type: 'string' }, table.key)],
    rowCount: table.key.length,
  }));
  const grouped = groupStream(keys, context, groupBy([]));
  return eachTable(grouped, context, (table) => distinctTable(table, '_value'));
}

function onlyRows(
  read: Read,
  rest: FluxFunction | undefined,
  context: CallContext,
  then: (table: Table) => Table,
): TableStream {
  return eachTable(read, context, function* (table) {
    const rows = rest === undefined ? table : yield* keepRows(table, rest);
    if (rows.rowCount > 0) yield then(rows);
  });
}

const bucket = string();
const predicate = optional(func());

function schemaOf(packagePath: string) {
  const named = <const N extends string>(name: N) => ({ package: packagePath, name });
  return [
    builtin({
      ...named('tagValues'),
      params: { bucket, tag: string(), predicate, ...period },
      call: ({ tag, ...asked }, context) => tagValues(asked, tag, context),
    }),
    builtin({
      ...named('tagKeys'),
      params: { bucket, predicate, ...period },
      call: (asked, context) => tagKeys(asked, context),
    }),
    builtin({
      ...named('measurementTagValues'),
      params: { bucket, measurement: string(), tag: string(), ...period },
      call: ({ tag, ...asked }, context) => tagValues(asked, tag, context),
    }),
    builtin({
      ...named('measurementTagKeys'),
      params: { bucket, measurement: string(), ...period },
      call: (asked, context) => tagKeys(asked, context),
    }),
    builtin({
      ...named('fieldKeys'),
      params: { bucket, predicate, ...period },
      call: (asked, context) => tagValues(asked, '_field', context),
    }),
    builtin({
      ...named('measurementFieldKeys'),
      params: { bucket, measurement: string(), ...period },
      call: (asked, context) => tagValues(asked, '_field', context),
    }),
    builtin({
      ...named('measurements'),
      params: { bucket, ...period },
      call: (asked, context) => tagValues(asked, '_measurement', context),
    }),
    builtin({
      ...named('fieldsAsCols'),
      params: { tables: pipe() },
      call: ({ tables }, context) => fieldsAsCols(tables, context),
    }),
  ];
}

function fieldsAsCols(tables: TableStream, context: CallContext): TableStream {
  const source = asStream(tables, context).use();
  const { bounds, scope } = source;
  const options = { rowKey: ['_time'], columnKey: ['_field'], valueColumn: '_value' };
  return new Derived(scope, { bounds, sorted: true }, (signal) =>
    pivotTables(source.tables(signal), options, scope.budget),
  );
}

export const schema = PACKAGES.flatMap(schemaOf);
