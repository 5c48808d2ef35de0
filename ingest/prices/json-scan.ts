/**
 * Positions in the bytes of a JSON document. Every function trusts that two bytes 0 follow the
 * document, which no value goes beyond, and throws a SyntaxError where the grammar is broken.
 */
export const QUOTE = 34;
export const BACKSLASH = 92;
export const COMMA = 44;
export const COLON = 58;
export const OPEN_OBJECT = 123;
export const CLOSE_OBJECT = 125;
export const OPEN_ARRAY = 91;
export const CLOSE_ARRAY = 93;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const LOWER_E = 101;
const UPPER_E = 69;

/** Deeper ones are refused: no exchange has them, and they would cost the stack. */
export const DEPTH_MAX = 256;

export function broken(at: number): SyntaxError {
  return new SyntaxError(`no JSON at byte ${at}`);
}

/** 1 for bytes that a text has as they are: no quote, backslash or control character. */
const PLAIN = new Uint8Array(256).fill(1, 32);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** The first byte of a text that does not stand for itself: its closing quote, as a rule. */
export function plainEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (PLAIN[bytes[at] as number] === 1) at += 1;
  return at;
}

/** Behind the closing quote of a text that has an escape at `from`. */
export function escapedEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === BACKSLASH) at = plainEnd(bytes, at + 2);
  if (bytes[at] !== QUOTE) throw broken(at);
  return at + 1;
}

/** The position of the next byte that is no white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let byte = bytes[at] as number; byte <= 32; byte = bytes[at] as number) {
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return at;
    at += 1;
  }
  return at;
}

/** Behind the number that begins at `from`. */
export function numberEnd(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  // A zero stands alone: what follows it is another, broken thing.
  if (bytes[at] === ZERO) at += 1;
  else at = digitsEnd(bytes, at);
  if (bytes[at] === DOT) at = digitsEnd(bytes, at + 1);
  if (bytes[at] !== LOWER_E && bytes[at] !== UPPER_E) return at;
  const sign = bytes[at + 1];
  return digitsEnd(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

/** Behind one digit or more. */
function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let byte = bytes[at] as number; byte >= ZERO && byte <= NINE; byte = bytes[at] as number) {
    at += 1;
  }
  if (at === from) throw broken(at);
  return at;
}

const literal = (text: string): Uint8Array => new TextEncoder().encode(text);
const TRUE = literal('true');
const FALSE = literal('false');
const NULL = literal('null');

/** Behind `true`, `false` or `null`. */
export function literalEnd(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  const word = first === TRUE[0] ? TRUE : first === FALSE[0] ? FALSE : NULL;
  for (let i = 0; i < word.length; i += 1) {
    if (bytes[from + i] !== word[i]) throw broken(from + i);
  }
  return from + word.length;
}

/** Whether a literal or a text of escapes alone is left: the rarer beginnings of a value. */
export function isNumber(byte: number): boolean {
  return byte === MINUS || (byte >= ZERO && byte <= NINE);
}

/** Behind the value that begins at `from`, whatever it is; as strict as reading it would be. */
export function valueEnd(bytes: Uint8Array, from: number, depth: number): number {
  const byte = bytes[from] as number;
  if (byte === QUOTE) return textEnd(bytes, from);
  if (isNumber(byte)) return numberEnd(bytes, from);
  if (byte === OPEN_OBJECT) return objectEnd(bytes, from, depth + 1);
  if (byte === OPEN_ARRAY) return arrayEnd(bytes, from, depth + 1);
  return literalEnd(bytes, from);
}

/** Behind the text whose opening quote stands at `from`. */
export function textEnd(bytes: Uint8Array, from: number): number {
  const end = plainEnd(bytes, from + 1);
  if (bytes[end] === QUOTE) return end + 1;
  const behind = escapedEnd(bytes, end);
  checkEscapes(bytes, from, behind);
  return behind;
}

const latin1 = new TextDecoder('latin1');

/** Escapes are rare: JSON.parse knows them all. */
function checkEscapes(bytes: Uint8Array, from: number, to: number): void {
  JSON.parse(latin1.decode(bytes.subarray(from, to)));
}

function objectEnd(bytes: Uint8Array, from: number, depth: number): number {
  if (depth > DEPTH_MAX) throw broken(from);
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSE_OBJECT) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) throw broken(at);
    at = skipSpace(bytes, textEnd(bytes, at));
    if (bytes[at] !== COLON) throw broken(at);
    at = skipSpace(bytes, valueEnd(bytes, skipSpace(bytes, at + 1), depth));
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) throw broken(at);
    at = skipSpace(bytes, at + 1);
  }
}

function arrayEnd(bytes: Uint8Array, from: number, depth: number): number {
  if (depth > DEPTH_MAX) throw broken(from);
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSE_ARRAY) return at + 1;
  for (;;) {
    at = skipSpace(bytes, valueEnd(bytes, at, depth));
    if (bytes[at] === CLOSE_ARRAY) return at + 1;
    if (bytes[at] !== COMMA) throw broken(at);
    at = skipSpace(bytes, at + 1);
  }
}
