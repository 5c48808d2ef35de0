import iconv from 'iconv-lite';

/** Bytes that say how what follows them is encoded; the longest first. */
const MARKS: readonly (readonly [hex: string, charset: string])[] = [
  ['fffe0000', 'utf-32le'],
  ['0000feff', 'utf-32be'],
  ['efbbbf', 'utf-8'],
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
];

export interface ByteOrderMark {
  readonly charset: string;
  /** In bytes. */
  readonly length: number;
}

/** The mark that bytes begin with. */
export function byteOrderMark(bytes: Buffer): ByteOrderMark | undefined {
  const start = bytes.subarray(0, 4).toString('hex');
  const found = MARKS.find(([mark]) => start.startsWith(mark));
  return found && { charset: found[1], length: found[0].length / 2 };
}

/** The charset of a Content-Type; undefined: none is said that is known. */
export function headerCharset(contentType: string | undefined): string | undefined {
  return charsetOf(/;\s*charset\s*=\s*["']?([^\s"';]{1,40})/i.exec(contentType ?? '')?.[1]);
}

/** XML wants its declaration first, HTML in the first 1,024 bytes; some put junk before. */
const DECLARATION_BYTES = 2_048;

/** The charsets that a document says it is in, as XML and as HTML. */
export function declaredCharsets(bytes: Buffer): {
  readonly xml: string | undefined;
  readonly html: string | undefined;
} {
  const head = bytes.subarray(0, DECLARATION_BYTES).toString('latin1');
  const xml = /<\?xml\s[^>]{0,200}?encoding\s*=\s*["']\s*([^"'>]{1,40}?)\s*["']/i.exec(head);
  const html = /<meta[^>]{0,200}?charset\s*=\s*["']?([^\s"'/>;]{1,40})/i.exec(head);
  return { xml: charsetOf(xml?.[1]), html: charsetOf(html?.[1]) };
}

/** Labels that Node does not know, or not where it was built with few charsets. */
const LABELS: Readonly<Record<string, string>> = {
  ascii: 'windows-1252',
  'us-ascii': 'windows-1252',
  latin1: 'windows-1252',
  l1: 'windows-1252',
  'iso-8859-1': 'windows-1252',
  'iso8859-1': 'windows-1252',
  iso_8859_1: 'windows-1252',
  'iso-8859-9': 'windows-1254',
  'iso-8859-11': 'windows-874',
  'tis-620': 'windows-874',
  gb2312: 'gbk',
  'x-gbk': 'gbk',
  'ks_c_5601-1987': 'euc-kr',
  sjis: 'shift_jis',
  'x-sjis': 'shift_jis',
};

/** Charsets of text alone: iconv-lite also knows hex and base64, and UTF-7 hides markup. */
const TEXT = new RegExp(
  `^(${[
    ...['utf-8', 'utf-16(le|be)', 'utf-32(le|be)?', 'gb18030', 'gbk', 'big5(-hkscs)?'],
    ...['shift[_-]jis', 'euc-(jp|kr)', 'iso-?8859-\\d+', 'windows-\\d+', 'cp\\d+', 'ibm\\d+'],
    ...['koi8-[ru]', 'mac\\w+', 'tis-?620'],
  ].join('|')})$`,
);

/**
 * The WHATWG name of a label, in lower case (Encoding Standard, 4.2): `iso-8859-1` is windows-1252,
 * as publishers and browsers mean it. Undefined for what is no charset, or not a known one.
 */
export function charsetOf(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  const lower = label.toLowerCase();
  const standard = standardName(lower);
  if (standard !== undefined) return standard;
  const name = LABELS[lower] ?? lower.replace(/^x-(?=mac|euc)/, '');
  return TEXT.test(name) && iconv.encodingExists(name) ? name : undefined;
}

function standardName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/** What decodes more than the name says, as the standard wants it. */
const DECODERS: Readonly<Record<string, string>> = {
  gbk: 'gb18030',
  'iso-8859-8-i': 'iso-8859-8',
  'x-mac-cyrillic': 'maccyrillic',
};

/**
 * The text of bytes in a charset of `charsetOf`. What cannot be decoded becomes U+FFFD; no half of
 * a surrogate pair is left. `cut`: the bytes went on, a character that was cut is left out.
 */
export function decodeAs(bytes: Buffer, charset: string, cut = false): string {
  if (charset === 'utf-8' && !cut) return bytes.toString('utf8');
  const name = DECODERS[charset] ?? charset;
  // Node's own decoder has taken windows-1252 for ISO-8859-1; iconv-lite has no ISO-2022-JP.
  if (!iconv.encodingExists(name)) {
    return wellFormed(new TextDecoder(charset).decode(bytes, { stream: cut }));
  }
  const decoder = iconv.getDecoder(name);
  const text = decoder.write(bytes);
  // What the decoder still holds is the beginning of a character.
  return wellFormed(cut ? text : text + (decoder.end() ?? ''));
}

/** Halves of surrogate pairs, which no encoding of Unicode can write, become U+FFFD. */
export function wellFormed(text: string): string {
  if (!/[\ud800-\udfff]/.test(text)) return text;
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '\ufffd',
  );
}
