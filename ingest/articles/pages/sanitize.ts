import { wellFormed } from '../../../core/charset.ts';
import {
  type Attributes,
  escapeAttribute,
  escapeText,
  type MarkupHandler,
  VOID,
  walkMarkup,
} from './markup.ts';
import { HTML_CHARS_MAX } from './page.ts';

/** Elements that are kept, with their attributes; what is in others is kept without them. */
export const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    ...plain('p div h1 h2 h3 h4 h5 h6 blockquote pre ul li dl dt dd figure figcaption'),
    ...plain('table caption thead tbody tfoot tr br hr b strong i em u s del ins sub sup small'),
    ...plain('mark q cite abbr time code kbd samp var'),
    a: ['href', 'rel'],
    img: ['src', 'alt'],
    ol: ['start'],
    td: ['colspan', 'rowspan'],
    th: ['colspan', 'rowspan'],
  }),
);

function plain(names: string): Record<string, readonly string[]> {
  return Object.fromEntries(names.split(' ').map((name) => [name, []]));
}

/** Elements that are left out with what is in them: programs, forms, and other languages. */
const WITHOUT = new Set(
  (
    'script style template noscript noframes noembed iframe frame frameset object embed applet ' +
    'param svg math canvas audio video source track map area select option optgroup datalist ' +
    'textarea input button title head link meta base xmp plaintext listing dialog slot portal'
  ).split(' '),
);

/** Elements that stand for others. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['strike', 's'],
  ...'article section main header footer aside center address details summary'
    .split(' ')
    .map((name) => [name, 'div'] as const),
]);

export interface SanitizeOptions {
  /** What is over is left out, and what is open is closed. */
  readonly charsMax?: number;
}

/**
 * Markup made harmless, by a list of what is allowed: no programs, styles, forms, frames, classes
 * or ids; links are http(s) or mailto and absolute, images http(s). It is written anew from what
 * was read, every sign of its text escaped: no parser finds in it what is not on the list.
 * Sanitised again it stays the same. In time linear in its length.
 */
export function sanitize(html: string, baseUrl: string, options: SanitizeOptions = {}): string {
  // What was left out may have kept apart what the parser does not nest: `<p><x><div>`.
  return once(once(html, baseUrl, options), baseUrl, options);
}

/** For the end tags of what is open. */
const END_TAGS_CHARS = 2_000;

function once(html: string, baseUrl: string, { charsMax = HTML_CHARS_MAX }: SanitizeOptions) {
  const writer = new Writer(baseUrl, charsMax - END_TAGS_CHARS);
  walkMarkup(html, writer, { without: WITHOUT, ended: () => writer.full });
  return writer.html.trim();
}

/** Deeper ones are left out, with what is in them kept. */
const NESTED_MAX = 100;

class Writer implements MarkupHandler {
  html = '';
  full = false;
  readonly #baseUrl: string;
  readonly #charsMax: number;
  /** For each element that is open: its name if it is written, '' if it is left out. */
  readonly #open: string[] = [];
  #nested = 0;
  /** Start tags of elements that nothing is in yet; written with the first thing that is. */
  #waiting: { name: string; tag: string }[] = [];
  #pre = 0;
  #afterSpace = true;

  constructor(baseUrl: string, charsMax: number) {
    this.#baseUrl = baseUrl;
    this.#charsMax = charsMax;
  }

  open(given: string, attributes: Attributes): void {
    const name = INSTEAD.get(given) ?? given;
    const kept = ALLOWED.has(name) && this.#nested < NESTED_MAX;
    const tag = kept ? this.#tag(name, attributes) : undefined;
    this.#open.push(tag === undefined ? '' : name);
    if (tag === undefined) return;
    if (VOID.has(name)) {
      this.#write(tag, name === 'br' || name === 'hr');
      return;
    }
    this.#nested += 1;
    if (name === 'pre') this.#pre += 1;
    this.#waiting.push({ name, tag });
    // A cell keeps its place.
    if (name === 'td' || name === 'th') this.#write('', true);
  }

  close(): void {
    const name = this.#open.pop();
    if (!name || VOID.has(name)) return;
    this.#nested -= 1;
    if (name === 'pre') this.#pre -= 1;
    if (this.#waiting.length > 0) this.#waiting.pop();
    else this.html += `</${name}>`;
  }

  text(given: string): void {
    const text = wellFormed(given.replace(CONTROL, ''));
    const spaced = this.#pre > 0 ? text : text.replace(/[ \t\r\n\f]+/g, ' ');
    const rest = this.#afterSpace && this.#pre === 0 ? spaced.replace(/^ /, '') : spaced;
    if (rest === ' ' && this.#pre === 0) this.#space();
    else if (rest !== '') this.#write(escapeText(rest), this.#pre === 0 && rest.endsWith(' '));
  }

  /** Between elements it belongs to none of them: it opens none. */
  #space(): void {
    if (!this.full && this.html.length < this.#charsMax) this.html += ' ';
    this.#afterSpace = true;
  }

  #write(markup: string, space: boolean): void {
    const tags = this.#waiting.map(({ tag }) => tag).join('');
    if (this.full || this.html.length + tags.length + markup.length > this.#charsMax) {
      // Nothing of it: half a text would look like the whole.
      this.full = true;
      return;
    }
    this.html += tags + markup;
    this.#waiting = [];
    this.#afterSpace = space;
  }

  /** Undefined where the element is of no use: an image without an address. */
  #tag(name: string, attributes: Attributes): string | undefined {
    if (name === 'a') return this.#link(attributes);
    if (name === 'img') return this.#image(attributes);
    const kept = (ALLOWED.get(name) ?? []).map((attribute) => {
      const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
      return value !== undefined && /^\d{1,4}$/.test(value) ? ` ${attribute}="${value}"` : '';
    });
    return `<${name}${kept.join('')}>`;
  }

  #link(attributes: Attributes): string | undefined {
    const href = safeUrl(attributes.href, this.#baseUrl, LINKS);
    if (href === undefined) return undefined;
    return `<a href="${escapeAttribute(href)}" rel="noopener nofollow">`;
  }

  #image(attributes: Attributes): string | undefined {
    const src = safeUrl(attributes.src, this.#baseUrl, IMAGES);
    if (src === undefined) return undefined;
    const alt = wellFormed((attributes.alt ?? '').replace(CONTROL, '').slice(0, ALT_CHARS_MAX));
    return `<img src="${escapeAttribute(src)}" alt="${escapeAttribute(alt)}">`;
  }
}

const ALT_CHARS_MAX = 1_000;
const URL_CHARS_MAX = 8_192;
export const LINKS = /^(https?|mailto):$/;
export const IMAGES = /^https?:$/;
/** What no text has; tabs and line breaks stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const CONTROL = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/g;

/** As a browser would read it, which leaves out control characters: judged after, not before. */
export function safeUrl(
  reference: string | undefined,
  baseUrl: string,
  schemes: RegExp,
): string | undefined {
  if (reference === undefined || reference.length > URL_CHARS_MAX) return undefined;
  const url = URL.canParse(reference, baseUrl) ? new URL(reference, baseUrl) : undefined;
  if (!url || !schemes.test(url.protocol) || url.href.length > URL_CHARS_MAX) return undefined;
  // A password is nobody's to keep.
  if (url.username !== '' || url.password !== '') return undefined;
  return url.href;
}
