/** How times and JSON go into SQL and come out of it. */

/** The database's clock, in milliseconds since the epoch; it goes on within a transaction. */
export const NOW_MS = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/** A column of a time, selected as milliseconds since the epoch under a name. */
export function msColumn(column: string, name: string): string {
  return `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`;
}

/** The time of a parameter in milliseconds since the epoch: `$1`. */
export function timeOf(parameter: string): string {
  return `to_timestamp(${parameter}::float8 / 1000)`;
}

/** PostgreSQL holds no NUL and no lone surrogate; pages and feeds do. */
export function textOf(text: string): string {
  return ODD.test(text) ? text.replace(/[\0\p{Cs}]/gu, '\ufffd') : text;
}

const ODD = /[\0\ud800-\udfff]/;

/** How JSON writes what PostgreSQL does not hold, or something that looks the same. */
const ODD_JSON = /\\u(?:0000|d[89a-f])/;

/** A value as text for `::jsonb`, with texts that PostgreSQL holds. */
export function jsonOf(value: unknown): string {
  const json = JSON.stringify(value);
  if (!ODD_JSON.test(json)) return json;
  return JSON.stringify(value, (_, part) => (typeof part === 'string' ? textOf(part) : part));
}
