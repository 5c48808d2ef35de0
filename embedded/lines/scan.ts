/**
 * Where the parts of a line begin and end, with InfluxDB's own rules and words (its parser is the
 * definition: what it accepts is accepted, odd as it may be). All positions are bytes.
 */
export const COMMA = 0x2c;
export const SPACE = 0x20;
export const EQUALS = 0x3d;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const NEWLINE = 0x0a;
export const HASH = 0x23;
export const MINUS = 0x2d;
const TAB = 0x09;
const NINE = 0x39;
const ZERO = 0x30;

/** Why one line cannot be parsed, in InfluxDB's words. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

/** End of the line that starts at `start`: a newline inside a quoted value does not end it. */
export function lineEnd(body: Uint8Array, start: number): number {
  let quoted = false;
  let inFields = false;
  let equals = 0;
  let commas = 0;
  let i = start;
  while (i < body.length) {
    const byte = body[i]!;
    if (byte === BACKSLASH && i + 2 < body.length) {
      i += 2;
      continue;
    }
    if (byte === SPACE) inFields = true;
    if (inFields) {
      if (!quoted && byte === EQUALS) equals++;
      else if (!quoted && byte === COMMA) commas++;
      else if (byte === QUOTE && equals > commas) quoted = !quoted;
    }
    if (byte === NEWLINE && !quoted) break;
    i++;
  }
  return Math.min(i, body.length);
}

export function skipSpace(line: Uint8Array, start: number): number {
  let i = start;
  while (i < line.length && (line[i] === SPACE || line[i] === TAB || line[i] === 0)) i++;
  return i;
}

/** End of the measurement, and whether tags follow. */
export function scanMeasurement(line: Uint8Array, start: number): { end: number; tags: boolean } {
  if (start >= line.length || line[start] === COMMA) throw new LineError('missing measurement');
  for (let i = start + 1; i < line.length; i++) {
    if (line[i - 1] === BACKSLASH) continue;
    if (line[i] === COMMA) return { end: i, tags: true };
    if (line[i] === SPACE) return { end: i, tags: false };
  }
  throw new LineError('missing fields');
}

export interface TagSpan {
  readonly start: number;
  /** The `=` between key and value. */
  readonly equals: number;
  readonly end: number;
}

/** The tags from `start` (after a comma) to the space that ends the key. */
export function scanTags(line: Uint8Array, start: number): { tags: TagSpan[]; end: number } {
  const tags: TagSpan[] = [];
  for (let i = start; ; ) {
    const equals = scanTagKey(line, i);
    const end = scanTagValue(line, equals + 1);
    tags.push({ start: i, equals, end });
    if (line[end] === SPACE) return { tags, end };
    i = end + 1;
  }
}

function scanTagKey(line: Uint8Array, start: number): number {
  const first = line[start];
  if (first === undefined || first === SPACE || first === COMMA || first === EQUALS) {
    throw new LineError('missing tag key');
  }
  for (let i = start + 1; i < line.length; i++) {
    if (line[i - 1] === BACKSLASH) continue;
    if (line[i] === SPACE || line[i] === COMMA) break;
    if (line[i] === EQUALS) return i;
  }
  throw new LineError('missing tag value');
}

function scanTagValue(line: Uint8Array, start: number): number {
  const first = line[start];
  if (first === undefined || first === COMMA || first === SPACE) {
    throw new LineError('missing tag value');
  }
  for (let i = start + 1; i < line.length; i++) {
    if (line[i - 1] === BACKSLASH) continue;
    if (line[i] === EQUALS) throw new LineError('invalid tag format');
    if (line[i] === COMMA || line[i] === SPACE) return i;
  }
  throw new LineError('missing fields');
}

/** End of the timestamp's digits; throws on anything else than digits and a first minus. */
export function scanTime(line: Uint8Array, start: number): number {
  let i = start;
  if (line[i] === MINUS) i++;
  for (; i < line.length; i++) {
    const byte = line[i]!;
    if (byte === NEWLINE || byte === SPACE) break;
    if (byte < ZERO || byte > NINE) throw new LineError('bad timestamp');
  }
  return i;
}
