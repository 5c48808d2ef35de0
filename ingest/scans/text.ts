import iconv from 'iconv-lite';

/** A body as text. */
export interface BodyText {
  readonly text: string;
  /** What it was read as, in lower case. */
  readonly charset: string;
  readonly charsetFrom: 'bom' | 'header' | 'document' | 'default';
  /** The body went on: a character cut at the end is left out. */
  readonly truncated: boolean;
}

export interface BodySource {
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
  readonly truncated: boolean;
}

/** Where the HTML standard looks for a declaration. */
const DECLARATION_BYTES = 1024;

/** Labels that pages use for another charset than they name (WHATWG Encoding, 4.2). */
const LABELS: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  'unicode-1-1-utf-8': 'utf-8',
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
  gb2312: 'gb18030',
  gbk: 'gb18030',
  'x-gbk': 'gb18030',
  'ks_c_5601-1987': 'euc-kr',
  'utf-16': 'utf-16le',
  unicode: 'utf-16le',
};
/** Charsets of text alone: the library also knows hex and base64, and UTF-7 hides markup. */
const TEXT = new RegExp(
  `^(${[
    ...['utf-8', 'utf-16(le|be)', 'utf-32(le|be)?', 'gb18030', 'big5(-hkscs)?', 'shift[_-]jis'],
    ...['euc-(jp|kr)', 'iso-?8859-\\d+', 'windows-\\d+', 'cp\\d+', 'ibm\\d+', 'koi8-[ru]'],
    ...['mac\\w+', 'tis-?620'],
  ].join('|')})$`,
);

const BOMS: readonly (readonly [string, string])[] = [
  ['efbbbf', 'utf-8'],
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
];

/**
 * Decodes a body: by its byte order mark, else as the header says, else as the document says, else
 * as UTF-8. A charset that is not known counts as not said; what cannot be decoded becomes U+FFFD.
 */
export function bodyText({ bytes, contentType, truncated }: BodySource): BodyText {
  const [charset, charsetFrom] = charsetOf(bytes, contentType);
  return { text: decode(bytes, charset, truncated), charset, charsetFrom, truncated };
}

function charsetOf(
  bytes: Buffer,
  contentType: string | undefined,
): readonly [string, BodyText['charsetFrom']] {
  const start = bytes.subarray(0, 3).toString('hex');
  const marked = BOMS.find(([bom]) => start.startsWith(bom));
  if (marked) return [marked[1], 'bom'];
  const said = known(/;\s*charset\s*=\s*"?([^\s";]{1,40})/i.exec(contentType ?? '')?.[1]);
  if (said) return [said, 'header'];
  const declared = known(declaration(bytes));
  // A declaration that was read byte by byte cannot be in UTF-16.
  if (declared) return [declared.startsWith('utf-16') ? 'utf-8' : declared, 'document'];
  return ['utf-8', 'default'];
}

function declaration(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, DECLARATION_BYTES).toString('latin1');
  const meta = /<meta[^>]{0,200}?charset\s*=\s*["']?([^\s"'/>;]{1,40})/i.exec(head);
  const xml = /^<\?xml[^>]{0,100}?encoding\s*=\s*["']([^"']{1,40})["']/.exec(head);
  return meta?.[1] ?? xml?.[1];
}

function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  const lower = label.toLowerCase().replace(/^x-(?=mac|sjis|euc)/, '');
  const name = LABELS[lower] ?? lower;
  return TEXT.test(name) && iconv.encodingExists(name) ? name : undefined;
}

/** Without a lone surrogate, whatever the bytes were. */
function decode(bytes: Buffer, charset: string, truncated: boolean): string {
  if (charset === 'utf-8' && !truncated) {
    const text = bytes.toString('utf8');
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
  const decoder = iconv.getDecoder(charset);
  const text = decoder.write(bytes);
  // What the decoder still holds is the beginning of a character that was cut.
  const whole = truncated ? text : text + (decoder.end() ?? '');
  return wellFormed(whole);
}

function wellFormed(text: string): string {
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '\ufffd',
  );
}
