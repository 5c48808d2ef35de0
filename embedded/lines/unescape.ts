import { BACKSLASH } from './scan.ts';

/** Bytes as text; what is no UTF-8 becomes U+FFFD. */
export function decode(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** Escapes of a measurement: comma and space; any other backslash stands for itself. */
export function unescapeMeasurement(line: Uint8Array, start: number, end: number): string {
  return decode(line, start, end).replaceAll('\\,', ',').replaceAll('\\ ', ' ');
}

/** Escapes of a tag's key or value: comma, space and equals. */
export function unescapeTag(line: Uint8Array, start: number, end: number): string {
  return decode(line, start, end)
    .replaceAll('\\,', ',')
    .replaceAll('\\ ', ' ')
    .replaceAll('\\=', '=');
}

/** Escapes of a field's name: those of a tag, and the quote. */
export function unescapeField(line: Uint8Array, start: number, end: number): string {
  const text = decode(line, start, end);
  return line.indexOf(BACKSLASH, start) < 0 ? text : text.replace(/\\([, "=])/g, '$1');
}

/** A quoted string value: quote and backslash are escaped inside it. */
export function unescapeString(value: Uint8Array): string {
  const text = decode(value, 1, value.length - 1);
  return text.includes('\\') ? text.replace(/\\(["\\])/g, '$1') : text;
}
