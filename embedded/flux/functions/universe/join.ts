import { FluxError } from '../../error.ts';
import { joinTables } from '../../tables/join.ts';
import { mergeTables } from '../../tables/merge.ts';
import { paced } from '../../tables/pause.ts';
import type { Stream } from '../../tables/stream.ts';
import { asStream, Derived, scopeOf } from '../../tables/stream.ts';
import { compareText } from '../../tables/table.ts';
import { collect } from '../../tables/transform.ts';
import { isStream, typeName } from '../../values/types.ts';
import type { FluxRecord, Table } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { array, record, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { hull } from './union.ts';

export const join = builtin({
  package: 'universe',
  name: 'join',
  params: { tables: record(), on: array(string(), []), method: string('inner') },
  note: 'inner joins of two streams only, as in InfluxDB',
  call({ tables, on, method }, context) {
    if (on.length === 0) {
      throw new FluxError("at least one column in 'on' column list is required");
    }
    if (method !== 'inner') throw new FluxError(`${method} is not a valid join type`);
    const sides = sidesOf(tables, context);
    const scope = scopeOf(context);
    const labels = [...on].sort(compareText);
    const [left, right] = sides;
    const bounds = hull(sides.map((side) => side.stream));
    return new Derived(scope, { bounds, sorted: true }, (signal) =>
      mergeTables(joined({ left: left!, right: right! }, labels, signal), scope.budget),
    );
  },
});

interface Side {
  readonly name: string;
  readonly stream: Stream;
}

function sidesOf(tables: FluxRecord, context: CallContext): Side[] {
  const sides = [...tables].map(([name, value]): Side => {
    if (isStream(value)) return { name, stream: asStream(value, context).use() };
    throw new FluxError(`expected "${name}" to be stream type; instead got ${typeName(value)}`);
  });
  if (sides.length !== 2) throw new FluxError('joins currently must only have two parents');
  return sides.sort((a, b) => compareText(a.name, b.name));
}

async function* joined(
  { left, right }: { left: Side; right: Side },
  on: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Table> {
  const { budget } = left.stream.scope;
  const holding = budget.hold();
  const leftTables = await collect(left.stream, signal);
  try {
    const rightTables = await collect(right.stream, signal);
    try {
      const sides = [
        { name: left.name, tables: leftTables.tables },
        { name: right.name, tables: rightTables.tables },
      ] as const;
      yield* paced(joinTables(...sides, { on, holding }), signal);
    } finally {
      rightTables.free();
    }
  } finally {
    leftTables.free();
    holding.free();
  }
}
