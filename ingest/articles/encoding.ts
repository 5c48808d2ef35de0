import { isUtf8 } from 'node:buffer';
import { byteOrderMark, declaredCharsets, decodeAs, headerCharset } from '../../core/charset.ts';
import type { CharsetSource } from './feed.ts';

export interface DecodedText {
  readonly text: string;
  /** WHATWG name of what it was read as. */
  readonly charset: string;
  readonly charsetFrom: CharsetSource;
  /** Some bytes are not in that charset (they became U+FFFD), or another one was declared. */
  readonly damaged: boolean;
}

/** How a `<` or white space begins in the wide encodings (XML 1.0, appendix F). */
const WIDE: readonly (readonly [start: RegExp, charset: string])[] = [
  [/^(3c|0a|0d|20)000000/, 'utf-32le'],
  [/^000000(3c|0a|0d|20)/, 'utf-32be'],
  [/^(3c|0a|0d|20)00/, 'utf-16le'],
  [/^00(3c|0a|0d|20)/, 'utf-16be'],
];

/**
 * Decodes a body: by its byte order mark or the shape of its first bytes; as UTF-8 if it is valid,
 * whatever anybody says, for no other text happens to be; else as the header, then as the document
 * says, whichever fits; else as UTF-8 with some damage or windows-1252, whichever is nearer.
 */
export function decodeBody(bytes: Buffer, contentType?: string): DecodedText {
  const mark = byteOrderMark(bytes);
  if (mark) return decoded(bytes.subarray(mark.length), mark.charset, 'bom');
  const start = bytes.subarray(0, 4).toString('hex');
  for (const [pattern, charset] of WIDE) {
    if (pattern.test(start)) return decoded(bytes, charset, 'bytes');
  }
  const header = headerCharset(contentType);
  const { xml, html } = declaredCharsets(bytes);
  const document = xml ?? html;
  if (isUtf8(withoutCutCharacter(bytes))) {
    // Of all charsets that use the bytes of ASCII alone, only this one is still met.
    const escaped = [header, document].includes('iso-2022-jp') && bytes.includes(0x1b);
    if (escaped) return decoded(bytes, 'iso-2022-jp', 'document');
    const from = header === 'utf-8' ? 'header' : document === 'utf-8' ? 'document' : 'detection';
    return { ...decoded(bytes, 'utf-8', from), damaged: false };
  }
  return bestOf(bytes, header, document);
}

function bestOf(
  bytes: Buffer,
  header: string | undefined,
  document: string | undefined,
): DecodedText {
  let best: DecodedText | undefined;
  for (const [charset, from] of [
    [header, 'header'],
    [document, 'document'],
  ] as const) {
    // Not UTF-16 either: what was read byte by byte is not.
    if (charset === undefined || /^utf-(8|16|32)/.test(charset)) continue;
    const each = decoded(bytes, charset, from);
    if (!each.damaged) return each;
    best ??= each;
  }
  if (best) return best;
  const utf8 = bytes.toString('utf8');
  const wrong = count(utf8, /\ufffd/g);
  const right = count(utf8, /[\u0080-\ufffc]/g);
  return right > wrong
    ? { text: utf8, charset: 'utf-8', charsetFrom: 'detection', damaged: true }
    : { ...decoded(bytes, 'windows-1252', 'detection'), damaged: true };
}

function count(text: string, pattern: RegExp): number {
  let found = 0;
  for (const _ of text.matchAll(pattern)) found += 1;
  return found;
}

/** A body that was cut may end within a character. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc2 && byte <= 0xf4) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
    }
  }
  return bytes;
}

function decoded(bytes: Buffer, charset: string, charsetFrom: CharsetSource): DecodedText {
  const text = decodeAs(bytes, charset);
  return { text, charset, charsetFrom, damaged: text.includes('\ufffd') };
}
