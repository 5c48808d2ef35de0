import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import type { CharsetSource } from './feed.ts';
import { wellFormed } from './text.ts';

export interface DecodedText {
  readonly text: string;
  /** WHATWG name of what it was read as. */
  readonly charset: string;
  readonly charsetFrom: CharsetSource;
  /** Some bytes are not in that charset (they became U+FFFD), or another one was declared. */
  readonly damaged: boolean;
}

/** XML wants its declaration first, HTML in the first 1,024 bytes; some put junk before. */
const DECLARATION_BYTES = 2_048;

const MARKS: readonly (readonly [hex: string, charset: string, length: number])[] = [
  ['efbbbf', 'utf-8', 3],
  ['fffe0000', 'utf-32le', 4],
  ['0000feff', 'utf-32be', 4],
  ['fffe', 'utf-16le', 2],
  ['feff', 'utf-16be', 2],
];

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
  const start = bytes.subarray(0, 4).toString('hex');
  for (const [mark, charset, length] of MARKS) {
    if (start.startsWith(mark)) return decoded(bytes.subarray(length), charset, 'bom');
  }
  for (const [pattern, charset] of WIDE) {
    if (pattern.test(start)) return decoded(bytes, charset, 'bytes');
  }
  const header = charsetOf(/;\s*charset\s*=\s*["']?([^\s"';]{1,40})/i.exec(contentType ?? '')?.[1]);
  const document = charsetOf(declaration(bytes));
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

function declaration(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, DECLARATION_BYTES).toString('latin1');
  const xml = /<\?xml\s[^>]{0,200}?encoding\s*=\s*["']\s*([^"'>]{1,40}?)\s*["']/i.exec(head);
  const meta = /<meta[^>]{0,200}?charset\s*=\s*["']?([^\s"'/>;]{1,40})/i.exec(head);
  return xml?.[1] ?? meta?.[1];
}

/** The WHATWG name of a label; `iso-8859-1` is windows-1252, as publishers and browsers mean it. */
function charsetOf(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    const lower = label.toLowerCase();
    return /^(cp|ibm|mac)\w+$/.test(lower) && iconv.encodingExists(lower) ? lower : undefined;
  }
}

function decoded(bytes: Buffer, charset: string, charsetFrom: CharsetSource): DecodedText {
  const text = wellFormed(decode(bytes, charset));
  return { text, charset, charsetFrom, damaged: text.includes('\ufffd') };
}

/** Node 20's own decoder takes windows-1252 for ISO-8859-1; iconv-lite has no ISO-2022-JP. */
function decode(bytes: Buffer, charset: string): string {
  if (charset === 'utf-8') return bytes.toString('utf8');
  if (iconv.encodingExists(charset)) return iconv.decode(bytes, charset);
  return new TextDecoder(charset).decode(bytes);
}
