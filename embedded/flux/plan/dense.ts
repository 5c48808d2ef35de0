import type { Chunk, PointType, StorageReader } from '../../storage/contract.ts';
import type { ColumnValues } from '../tables/column.ts';
import { allocate } from '../tables/column.ts';
import type { ColumnType } from '../values/value.ts';
import type { Operation } from './operation.ts';
import { isSelector, resultSql, resultType } from './operation.ts';
import type { ReadSpec, Unit } from './source.ts';
import type { PointSource } from './sql.ts';
import { pointSource } from './sql.ts';
import type { WindowGrid } from './windows.ts';

export interface DenseOptions {
  readonly spec: ReadSpec;
  readonly operation: Operation;
  /** Without windows every unit has one cell. */
  readonly grid: WindowGrid | undefined;
  readonly signal: AbortSignal;
}

/**
 * Answers for units of one type: unit `i` has the cells `[i * width, (i + 1) * width)`, one for
 * each window, wherever in the answer DuckDB put them.
 */
export interface DenseCells {
  readonly type: ColumnType;
  readonly width: number;
  readonly present: Uint8Array;
  readonly values: ColumnValues;
  /** 1 where the answer is not a number (a sample deviation of one point). */
  readonly times: BigInt64Array | undefined;
}

/** One statement for all units, which must be of one type. */
export async function aggregateUnits(
  reader: StorageReader,
  units: readonly Unit[],
  options: DenseOptions,
): Promise<DenseCells> {
  const type = units[0]!.type;
  const width = options.grid?.count ?? 1;
  const cells = emptyCells(options.operation, type, units.length * width, width);
  const grouped = units.some((unit) => unit.series.length > 1);
  const series = units.flatMap((unit) => unit.series);
  const numbers = units.flatMap((unit, index) => unit.series.map(() => index));
  const source = await pointSource(reader, options.spec, {
    type,
    series,
    ...(grouped ? { units: numbers } : {}),
  });
  if (source === undefined) return cells;
  try {
    const unitOf = unitLookup(units, source);
    const sql = statement(source, type, options);
    for await (const chunk of reader.query(sql, options.signal)) fill(cells, chunk, unitOf);
  } finally {
    await source.drop();
  }
  return cells;
}

function emptyCells(
  operation: Operation,
  type: PointType,
  count: number,
  width: number,
): DenseCells {
  const out = resultType(operation, type);
  return {
    type: out,
    width,
    present: new Uint8Array(count),
    values: allocate(out, count),
    times: isSelector(operation) ? new BigInt64Array(count) : undefined,
  };
}

/** From what the statement calls a unit to its number. */
function unitLookup(units: readonly Unit[], source: PointSource): (raw: number) => number {
  if (source.unit !== undefined) return (raw) => raw;
  let highest = 0;
  for (const unit of units) highest = Math.max(highest, unit.series[0]!.sid);
  const numbers = new Int32Array(highest + 1).fill(-1);
  units.forEach((unit, index) => {
    numbers[unit.series[0]!.sid] = index;
  });
  return (raw) => numbers[raw] ?? -1;
}

function statement(source: PointSource, type: PointType, options: DenseOptions): string {
  const { operation, grid } = options;
  const unit = source.unit ?? 'p.sid';
  const window = grid === undefined ? '0' : grid.sql;
  const keys = grid === undefined ? '1' : '1, 2';
  const grouped = (value: string) =>
    `SELECT (${unit})::INTEGER AS u, ${window} AS w, ${value} AS v` +
    ` FROM ${source.from} WHERE ${source.where} GROUP BY ${keys}`;
  const joined = (inner: string) =>
    `FROM (${inner}) e, ${source.from} WHERE ${source.where} AND p.sid = e.u AND ${window} = e.w`;
  switch (operation.name) {
    case 'first':
    case 'last': {
      // Two passes over what is needed are faster than one that carries value and time along.
      const inner = joined(grouped(resultSql(operation, type)));
      return `SELECT e.u, e.w, p.value, e.v ${inner} AND p.time = e.v`;
    }
    case 'min':
    case 'max': {
      // The earliest of the points that have the extreme value.
      const inner = joined(grouped(resultSql(operation, type)));
      return `SELECT e.u, e.w, e.v, min(p.time) ${inner} AND p.value = e.v GROUP BY 1, 2, 3`;
    }
    default:
      return grouped(resultSql(operation, type));
  }
}

function fill(cells: DenseCells, chunk: Chunk, unitOf: (raw: number) => number): void {
  const units = chunk.column(0).values as Int32Array;
  const windows = chunk.column(1).values as Int32Array;
  const column = chunk.column(2);
  const times = cells.times === undefined ? undefined : chunk.column(3).values;
  const values = cells.values as { [cell: number]: unknown };
  const convert = converter(cells.type);
  for (let row = 0; row < chunk.rowCount; row++) {
    const unit = unitOf(units[row] as number);
    if (unit < 0) continue;
    const cell = unit * cells.width + Number(windows[row]);
    cells.present[cell] = 1;
    // NULL: a sample deviation of one point.
    values[cell] = column.isNull(row) ? Number.NaN : convert(column.values[row]);
    if (times !== undefined) cells.times![cell] = times[row] as bigint;
  }
}

/** Sums come as 128-bit integers: they wrap as InfluxDB's 64-bit ones do. */
function converter(type: ColumnType): (value: unknown) => unknown {
  switch (type) {
    case 'long':
      return (value) => BigInt.asIntN(64, BigInt(value as bigint));
    case 'unsignedLong':
      return (value) => BigInt.asUintN(64, BigInt(value as bigint));
    case 'boolean':
      return Number;
    default:
      return (value) => value;
  }
}
