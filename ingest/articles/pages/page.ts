/** The article of a web page. All text is well-formed Unicode without control characters. */
export interface ReadPage {
  readonly ok: true;
  /** Where it is from: of a page that is no article there may be a description. */
  readonly from: 'article' | 'description';
  /** On one line, as all but `html` and `text`; '' if the page has none. */
  readonly title: string;
  readonly byline: string | undefined;
  /** Sanitised, addresses absolute; at most `HTML_CHARS_MAX`. */
  readonly html: string;
  /** A line for each paragraph; at most `TEXT_CHARS_MAX`. */
  readonly text: string;
  readonly excerpt: string;
  /** As in BCP 47: `en`, `pt-BR`. */
  readonly language: string | undefined;
}

export interface RefusedPage {
  readonly ok: false;
  readonly reason: PageRefusal;
  readonly message: string;
}

/** Why no article was read from a page. */
export type PageRefusal =
  | 'empty'
  | 'not-html' // by its header or its bytes
  | 'too-large'
  | 'too-complex' // more elements than an article has, or nested too deep
  | 'no-article'
  | 'timeout'
  | 'failed'; // its reader ended

export interface Page {
  readonly bytes: Buffer;
  /** The header. */
  readonly contentType?: string | undefined;
  /** Where it came from, after redirects; relative addresses are resolved against it. */
  readonly url: string;
}

export const PAGE_BYTES_MAX = 5_000_000;
export const TEXT_CHARS_MAX = 200_000;
export const HTML_CHARS_MAX = 500_000;
export const EXCERPT_CHARS = 300;
