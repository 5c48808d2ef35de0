const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;
const SPACE = 32;
const EQUALS = 61;

/** Whole lines, each with its newline. */
export interface Lines {
  readonly payload: Buffer;
  /** Where each line ends, behind its newline. */
  readonly ends: readonly number[];
}

/**
 * Finds the lines of what the encoder wrote. A newline inside a quoted string does not end a line,
 * and a quote opens a string only where a value begins.
 */
export function splitLines(payload: Buffer): Lines {
  const ends: number[] = [];
  if (!payload.includes(QUOTE)) {
    for (let end = payload.indexOf(NEWLINE); end !== -1; end = payload.indexOf(NEWLINE, end + 1)) {
      ends.push(end + 1);
    }
    return { payload, ends };
  }
  for (let at = 0; at < payload.length; ) {
    at = endOfLine(payload, at);
    ends.push(at);
  }
  return { payload, ends };
}

function endOfLine(payload: Buffer, start: number): number {
  let at = endOfSeries(payload, start, payload.length);
  while (at < payload.length) {
    const byte = payload[at];
    if (byte === NEWLINE) return at + 1;
    if (byte === EQUALS && payload[at + 1] === QUOTE) at = endOfString(payload, at + 2);
    // In a key a backslash takes the next byte with it.
    else at += byte === BACKSLASH ? 2 : 1;
  }
  return payload.length;
}

/**
 * Where the bare space behind measurement and tags is; the encoder leaves no name that ends in \.
 */
function endOfSeries(payload: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (payload[at] !== SPACE || payload[at - 1] === BACKSLASH)) at += 1;
  return at;
}

/** Behind the closing quote of the string whose text starts at `start`. */
function endOfString(payload: Buffer, start: number): number {
  let at = start;
  while (at < payload.length && payload[at] !== QUOTE) at += payload[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Lines `from` (included) to `to` (not). */
export function sliceLines({ payload, ends }: Lines, from: number, to: number): Lines {
  const start = from === 0 ? 0 : (ends[from - 1] as number);
  const stop = to === 0 ? 0 : (ends[to - 1] as number);
  return {
    payload: payload.subarray(start, stop),
    ends: ends.slice(from, to).map((end) => end - start),
  };
}

/** The text of line `index` without its newline. */
export function lineAt({ payload, ends }: Lines, index: number): string {
  const start = index === 0 ? 0 : (ends[index - 1] as number);
  return payload.toString('utf8', start, (ends[index] as number) - 1);
}

/** The lines whose index passes, in order. */
export function keepLines(lines: Lines, keep: (index: number) => boolean): Lines {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let size = 0;
  for (let i = 0; i < lines.ends.length; i++) {
    if (!keep(i)) continue;
    const start = i === 0 ? 0 : (lines.ends[i - 1] as number);
    const part = lines.payload.subarray(start, lines.ends[i]);
    parts.push(part);
    size += part.length;
    ends.push(size);
  }
  return { payload: Buffer.concat(parts), ends };
}

/**
 * Shares lines out over `count` connections so that a series always takes the same one: its points
 * keep their order although the connections run side by side.
 */
export function shareOut(lines: Lines, count: number): Lines[] {
  if (count === 1) return [lines];
  if (!hasRepeats(lines)) return inPieces(lines, count);
  const shares = Array.from({ length: count }, () => ({
    parts: [] as Buffer[],
    ends: [] as number[],
    size: 0,
  }));
  let start = 0;
  for (const end of lines.ends) {
    const share = shares[
      hashOfSeries(lines.payload, start, end) % count
    ] as (typeof shares)[number];
    share.parts.push(lines.payload.subarray(start, end));
    share.size += end - start;
    share.ends.push(share.size);
    start = end;
  }
  return shares
    .filter(({ size }) => size > 0)
    .map(({ parts, ends }) => ({ payload: Buffer.concat(parts), ends }));
}

/** Without a series that comes twice any cut will do, and nothing has to be copied. */
function inPieces(lines: Lines, count: number): Lines[] {
  const { length } = lines.ends;
  const cuts = Array.from({ length: count + 1 }, (_, i) => Math.floor((length * i) / count));
  return cuts
    .slice(1)
    .map((to, i) => sliceLines(lines, cuts[i] as number, to))
    .filter(({ ends }) => ends.length > 0);
}

/** Whether a series may be there twice; two that only share their hash count as one. */
function hasRepeats({ payload, ends }: Lines): boolean {
  const mask = 2 ** Math.ceil(Math.log2(ends.length * 2 + 1)) - 1;
  const seen = new Int32Array(mask + 1);
  let start = 0;
  for (const end of ends) {
    // 0 marks an empty place.
    const hash = hashOfSeries(payload, start, end) | 0 || 1;
    let place = hash & mask;
    while (seen[place] !== 0) {
      if (seen[place] === hash) return true;
      place = (place + 1) & mask;
    }
    seen[place] = hash;
    start = end;
  }
  return false;
}

/** FNV-1a of measurement and tags. */
function hashOfSeries(payload: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  let last = 0;
  for (let at = start; at < end; at++) {
    const byte = payload[at] as number;
    if (byte === SPACE && last !== BACKSLASH) break;
    hash = Math.imul(hash ^ byte, 0x01000193);
    last = byte;
  }
  return hash >>> 0;
}
