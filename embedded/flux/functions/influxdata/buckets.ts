import { FluxError } from '../../error.ts';
import { cardinality } from '../../plan/labels.ts';
import { splitPredicate } from '../../plan/predicate.ts';
import { UnboundedRead } from '../../plan/unbounded.ts';
import { constantColumn, withValues } from '../../tables/column.ts';
import { Derived, scopeOf } from '../../tables/stream.ts';
import type { Table } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { func, optional, string, timeable } from '../params.ts';
import { builtin } from '../registry.ts';
import { boundsOf } from '../schema/schema.ts';
import { bucketOf } from './from.ts';

const NS_PER_SECOND = 1_000_000_000n;

function bucketsBuiltin(packagePath: string) {
  return builtin({
    package: packagePath,
    name: 'buckets',
    params: {
      org: optional(string()),
      orgID: optional(string()),
      host: optional(string()),
      token: optional(string()),
    },
    call: (_args, context) =>
      new Derived(scopeOf(context), { sorted: true }, () => just(bucketTable(context))),
  });
}

async function* just(table: Table): AsyncGenerator<Table> {
  yield table;
}

function bucketTable(context: CallContext): Table {
  const list = [...context.host.buckets(context.org.id)];
  list.sort((a, b) => (a.name < b.name ? -1 : 1));
  const texts = (label: string, values: readonly string[]) =>
    withValues({ label, type: 'string' }, values);
  const periods = list.map((one) => BigInt(one.retentionSeconds) * NS_PER_SECOND);
  const columns = [
    texts(
      'name',
      list.map((one) => one.name),
    ),
    texts(
      'id',
      list.map((one) => one.id),
    ),
    constantColumn('organizationID', 'string', context.org.id),
    constantColumn('retentionPolicy', 'string', ''),
    withValues({ label: 'retentionPeriod', type: 'long' }, BigInt64Array.from(periods)),
  ];
  return { key: ['organizationID'], columns, rowCount: list.length };
}

const cardinalityBuiltin = builtin({
  package: 'influxdata/influxdb',
  name: 'cardinality',
  params: {
    bucket: optional(string()),
    bucketID: optional(string()),
    start: timeable(),
    stop: optional(timeable()),
    predicate: optional(func()),
  },
  note: 'predicates may read measurement, field and tags only',
  call({ bucket, bucketID, predicate, ...period }, context) {
    const id = bucketOf(context, { bucket, bucketID }).id;
    let read = new UnboundedRead(scopeOf(context), id).within(boundsOf(period, context));
    if (predicate !== undefined) {
      const split = splitPredicate(predicate);
      if (split.rest !== undefined || split.pointTests.length > 0) {
        throw new FluxError('cardinality: predicate may read only measurement, field and tags');
      }
      read = read.where(split);
    }
    const { scope, spec } = read;
    return new Derived(scope, { bounds: read.bounds, sorted: true }, () => {
      const value = BigInt(cardinality(scope.reader, spec));
      const column = withValues({ label: '_value', type: 'long' }, BigInt64Array.of(value));
      return just({ key: [], columns: [column], rowCount: 1 });
    });
  },
});

export const bucketFunctions = [
  bucketsBuiltin('universe'),
  bucketsBuiltin('influxdata/influxdb'),
  cardinalityBuiltin,
];
