import { byteOrderMark, declaredCharsets, decodeAs, headerCharset } from '../../core/charset.ts';

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

/**
 * Decodes a body: by its byte order mark, else as the header says, else as the document says, else
 * as UTF-8. A charset that is not known counts as not said; what cannot be decoded becomes U+FFFD,
 * so that there is no lone surrogate.
 */
export function bodyText({ bytes, contentType, truncated }: BodySource): BodyText {
  const mark = byteOrderMark(bytes);
  const [charset, charsetFrom] = mark ? [mark.charset, 'bom' as const] : said(bytes, contentType);
  const text = decodeAs(mark ? bytes.subarray(mark.length) : bytes, charset, truncated);
  return { text, charset, charsetFrom, truncated };
}

function said(
  bytes: Buffer,
  contentType: string | undefined,
): readonly [string, BodyText['charsetFrom']] {
  const header = headerCharset(contentType);
  if (header !== undefined) return [header, 'header'];
  const { html, xml } = declaredCharsets(bytes);
  const declared = html ?? xml;
  if (declared === undefined) return ['utf-8', 'default'];
  // A declaration that was read byte by byte cannot be in UTF-16.
  return [/^utf-(16|32)/.test(declared) ? 'utf-8' : declared, 'document'];
}
