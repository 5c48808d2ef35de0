import { type Lines, lineAt } from './lines.ts';

/**
 * Indexes of the lines that InfluxDB's 422 means, as far as its words tell: for a type conflict the
 * lines of that measurement with that field, for the retention those before its lower bound. The
 * words name the first fault only, so the caller compares the count with `dropped`.
 */
export function droppedLines(lines: Lines, message: string): number[] {
  const conflict = /input field "(.*?)" on measurement "(.*?)" is type/.exec(message);
  if (conflict) {
    const [, field = '', measurement = ''] = conflict;
    return indexesOf(lines, conflicting(field, measurement));
  }
  const bound = /Lower Bound at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z/.exec(message);
  if (!bound) return [];
  const seconds = BigInt(Date.parse(`${bound[1]}Z`)) * 1_000_000n;
  const boundNs = seconds + BigInt((bound[2] ?? '').padEnd(9, '0'));
  return indexesOf(lines, (line) => timeOf(line) < boundNs);
}

function conflicting(field: string, measurement: string): (line: string) => boolean {
  const start = measurement.replace(/[, ]/g, '\\$&');
  const key = `${field.replace(/[,= ]/g, '\\$&')}=`;
  return (line) =>
    line.startsWith(start) &&
    (line[start.length] === ',' || line[start.length] === ' ') &&
    (line.includes(` ${key}`) || line.includes(`,${key}`));
}

function indexesOf(lines: Lines, matches: (line: string) => boolean): number[] {
  return lines.ends.map((_, i) => i).filter((i) => matches(lineAt(lines, i)));
}

/** The encoder always writes a time. */
function timeOf(line: string): bigint {
  return BigInt(line.slice(line.lastIndexOf(' ') + 1));
}
