import { FluxError } from '../../error.ts';
import type { Order } from '../../tables/sort.ts';
import { sortTable } from '../../tables/sort.ts';
import type { Stream } from '../../tables/stream.ts';
import { asStream } from '../../tables/stream.ts';
import { sliceRows } from '../../tables/table.ts';
import { eachTable, eachTableSorted } from '../../tables/transform.ts';
import type { TableStream } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { array, bool, int, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

/** Streams that `sort` made: a `limit` right after one sorts and cuts in one step. */
const sorted = new WeakMap<TableStream, { tables: TableStream; order: Order }>();

const sort = builtin({
  package: 'universe',
  name: 'sort',
  params: { tables: pipe(), columns: array(string(), ['_value']), desc: bool(false) },
  call({ tables, columns, desc }, context) {
    const order = { columns, desc };
    const stream = eachTable(tables, context, (table) => sortTable(table, order));
    sorted.set(stream, { tables, order });
    return stream;
  },
});

const limit = builtin({
  package: 'universe',
  name: 'limit',
  params: { tables: pipe(), n: int(), offset: int(0n) },
  call({ tables, n, offset }, context) {
    checkCount('n', n);
    checkCount('offset', offset);
    return limitStream(tables, context, Number(n), Number(offset));
  },
});

function checkCount(name: string, value: bigint): void {
  if (value < 0n) throw new FluxError(`limit: ${name} must not be negative, was ${value}`);
}

function limitStream(tables: TableStream, context: CallContext, n: number, offset: number): Stream {
  const before = sorted.get(tables);
  if (before !== undefined && asStream(tables, context).readers === 0) {
    const cut = { n, offset };
    return eachTable(before.tables, context, (table) => sortTable(table, before.order, cut));
  }
  return eachTable(tables, context, (table) =>
    sliceRows(table, Math.min(offset, table.rowCount), Math.min(offset + n, table.rowCount)),
  );
}

function rankBuiltin(name: 'top' | 'bottom', desc: boolean) {
  return builtin({
    package: 'universe',
    name,
    params: { tables: pipe(), n: int(), columns: array(string(), ['_value']) },
    call: ({ tables, n, columns }, context) => {
      checkCount('n', n);
      const cut = { n: Number(n), offset: 0 };
      return eachTable(tables, context, (table) => sortTable(table, { columns, desc }, cut));
    },
  });
}

const tail = builtin({
  package: 'universe',
  name: 'tail',
  params: { tables: pipe(), n: int(), offset: int(0n) },
  call({ tables, n, offset }, context) {
    checkCount('n', n);
    checkCount('offset', offset);
    return eachTableSorted(tables, context, (table) => {
      const to = Math.max(0, table.rowCount - Number(offset));
      return sliceRows(table, Math.max(0, to - Number(n)), to);
    });
  },
});

export const sorting = [sort, limit, rankBuiltin('top', true), rankBuiltin('bottom', false), tail];
