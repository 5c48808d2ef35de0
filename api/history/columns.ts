/** Values of one field of one exchange, by time. */
interface Column {
  readonly timesMs: number[];
  readonly values: number[];
  /** The first that has not been passed. */
  at: number;
}

/** Columns that wait for the last one; as numbers, because there may be some 100,000 of them. */
export class Columns {
  readonly #columns = new Map<string, Map<string, Column>>();

  add(field: string, exchange: string, cell: { timeMs: number; value: number }): void {
    const ofField = this.#columns.get(field) ?? new Map<string, Column>();
    const column = ofField.get(exchange) ?? { timesMs: [], values: [], at: 0 };
    if (column.timesMs.length === 0) this.#columns.set(field, ofField.set(exchange, column));
    column.timesMs.push(cell.timeMs);
    column.values.push(cell.value);
  }

  /** The value at a time; NaN where there is none. Times must be asked for in their order. */
  take(field: string, exchange: string, timeMs: number): number {
    const column = this.#columns.get(field)?.get(exchange);
    if (column === undefined) return Number.NaN;
    while (column.timesMs[column.at]! < timeMs) column.at++;
    return column.timesMs[column.at] === timeMs ? column.values[column.at]! : Number.NaN;
  }
}

const WHOLE_SECONDS = '2022-10-11T03:35:02Z'.length;
const DAY = '2022-10-11'.length;
const ZERO = 48;

let dayText = '';
let dayMs = 0;

/**
 * InfluxDB's RFC 3339 in UTC -> milliseconds since the epoch; finer digits are cut off. Nearly all
 * times are whole seconds of the same day as the one before: three times as fast as `Date.parse`.
 */
export function readTime(text: string): number {
  if (text.length !== WHOLE_SECONDS) return Date.parse(text);
  if (!text.startsWith(dayText) || dayText === '') {
    dayText = text.slice(0, DAY);
    dayMs = Date.parse(dayText);
  }
  const two = (at: number) => (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
  return dayMs + (two(11) * 3600 + two(14) * 60 + two(17)) * 1000;
}
