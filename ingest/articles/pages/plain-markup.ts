import { wellFormed } from '../../../core/charset.ts';
import { decoded, oneLine } from '../text.ts';
import { escapeAttribute, escapeText } from './markup.ts';
import { BLOCKS } from './page-text.ts';
import { CONTROL, IMAGES, LINKS, safeUrl } from './sanitize.ts';

/** Markup made harmless, and the lines of its text. */
export interface Harmless {
  readonly html: string;
  readonly text: string;
}

const INLINE = new Set(
  'a b strong i em u s del ins sub sup small mark q cite abbr time code kbd samp var'.split(' '),
);
/** Left out, with what is in them kept. */
const DROPPED = new Set(['span', 'font']);
/** Blocks that hold text, and no other block. */
const PARAGRAPHS = new Set('p h1 h2 h3 h4 h5 h6 figcaption'.split(' '));
/** Blocks that hold blocks, by what stands for them. */
const HOLDERS: ReadonlyMap<string, string> = new Map([
  ...['div', 'blockquote', 'ul', 'ol', 'li', 'figure'].map((name) => [name, name] as const),
  ...['article', 'section', 'main', 'header', 'footer'].map((name) => [name, 'div'] as const),
]);
const DEPTH_MAX = 40;
const ATTRIBUTES_CHARS_MAX = 2_000;
/** Of its input and of its output, so that no limit of `sanitize` is met. */
const CHARS_MAX = 150_000;

/** A tag as nearly everybody writes it. */
const TAG =
  /<(?:\/([a-z][a-z0-9]*)|([a-z][a-z0-9]*)((?:[ \t\r\n]+[a-z][a-z0-9:_-]*="[^"<>]*"){0,20})[ \t\r\n]*(\/?))>/y;
const ATTRIBUTE = /([a-z][a-z0-9:_-]*)="([^"]*)"/g;

/**
 * What `sanitize` and then `linesOf` make of markup, in one go and many times faster: of markup
 * that closes what it opens, in order, and in which nothing needs a parser to be understood. Of any
 * other it makes nothing (undefined): then those two decide.
 */
export function plainMarkup(html: string, baseUrl: string): Harmless | undefined {
  if (html.length > CHARS_MAX) return undefined;
  if (ODD.test(html) && (CONTROL_SIGN.test(html) || wellFormed(html) !== html)) return undefined;
  const writer = new PlainWriter(baseUrl);
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    const end = open === -1 ? html.length : open;
    if (end > at && !writer.text(html.slice(at, end))) return undefined;
    if (open === -1) break;
    TAG.lastIndex = open;
    const tag = TAG.exec(html);
    if (tag === null || tag[0].length > ATTRIBUTES_CHARS_MAX || !writer.tag(tag)) return undefined;
    at = TAG.lastIndex;
  }
  return writer.end();
}

const CONTROL_SIGN = new RegExp(CONTROL.source);
/** Those, and halves of pairs. */
const ODD = new RegExp(`${CONTROL.source}|[\\ud800-\\udfff]`);

interface Open {
  /** As the markup calls it. */
  readonly name: string;
  /** As it is written; '' where it is not. */
  readonly written: string;
}

class PlainWriter {
  #html = '';
  readonly #baseUrl: string;
  readonly #open: Open[] = [];
  /** Start tags of what nothing is in yet. */
  readonly #waiting: { readonly name: string; readonly tag: string }[] = [];
  #afterSpace = true;
  readonly #lines: string[] = [];
  #line = '';

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /** False, here and below: this is not plain. */
  text(raw: string): boolean {
    const text = decoded(raw);
    if (text !== raw && CONTROL_SIGN.test(text)) return false;
    // A parser gives text in pieces, and a piece of white space opens no element that waits.
    if (this.#waiting.length > 0 && /^[ \t\r\n\f]/.test(text) && /[&<>]/.test(raw + text)) {
      return false;
    }
    const spaced = MORE_SPACE.test(text) ? text.replace(/[ \t\r\n\f]+/g, ' ') : text;
    const rest = this.#afterSpace && spaced.startsWith(' ') ? spaced.slice(1) : spaced;
    if (rest === '') return true;
    if (rest !== ' ') this.#flush();
    this.#html += escapeText(rest);
    this.#line += rest;
    this.#afterSpace = rest.endsWith(' ');
    return true;
  }

  tag([, closed, name = '', attributes = '', slash]: RegExpExecArray): boolean {
    if (closed !== undefined) return this.#close(closed);
    if (name === 'br' || name === 'hr' || name === 'img') return this.#void(name, attributes);
    if (slash !== '' || this.#open.length === DEPTH_MAX) return false;
    if (name === 'a') return this.#link(attributes);
    if (INLINE.has(name)) return this.#begin(name, name, `<${name}>`);
    if (DROPPED.has(name)) return this.#begin(name, '', '');
    const written = PARAGRAPHS.has(name) ? name : HOLDERS.get(name);
    if (written === undefined || !this.#allows(name)) return false;
    if (name === 'ol' && attributes.includes('start=')) return false;
    return this.#begin(name, written, `<${written}>`);
  }

  end(): Harmless | undefined {
    if (this.#open.length > 0 || this.#html.length > CHARS_MAX) return undefined;
    // What is left out at the beginning changes what the spaces after it are.
    if (this.#html.trimStart() !== this.#html) return undefined;
    this.#endLine();
    return { html: this.#html.trim(), text: this.#lines.join('\n') };
  }

  /** Blocks in what holds blocks alone, so that no parser closes one for another. */
  #allows(name: string): boolean {
    if (this.#open.some((one) => !HOLDERS.has(one.name))) return false;
    const parent = this.#open.at(-1)?.name;
    if ((name === 'li') !== (parent === 'ul' || parent === 'ol')) return false;
    return name !== 'figcaption' || parent === 'figure';
  }

  #begin(name: string, written: string, tag: string): boolean {
    this.#open.push({ name, written });
    if (written !== '') this.#waiting.push({ name: written, tag });
    return true;
  }

  #close(name: string): boolean {
    const open = this.#open.pop();
    if (open?.name !== name) return false;
    const { written } = open;
    if (written === '') return true;
    if (this.#waiting.pop() !== undefined) return true;
    this.#html += `</${written}>`;
    if (BLOCKS.has(written)) this.#endLine();
    return true;
  }

  #void(name: string, attributes: string): boolean {
    if (name === 'hr' && !this.#allows(name)) return false;
    let tag = `<${name}>`;
    if (name === 'img') {
      const { src, alt = '' } = readAttributes(attributes, 'src', 'alt') ?? {};
      if (src === undefined || alt.length > ALT_CHARS_MAX) return false;
      const url = address(src, this.#baseUrl, IMAGES);
      // An image without an address is nothing.
      if (url === undefined) return true;
      tag = `<img src="${escapeAttribute(url)}" alt="${escapeAttribute(alt)}">`;
    }
    this.#flush();
    this.#html += tag;
    this.#afterSpace = name !== 'img';
    if (BLOCKS.has(name)) this.#endLine();
    return true;
  }

  #link(attributes: string): boolean {
    // One in another is what browsers do not nest.
    if (this.#open.some(({ name }) => name === 'a')) return false;
    const read = readAttributes(attributes, 'href');
    if (read === undefined) return false;
    const { href } = read;
    const url = href === undefined ? undefined : address(href, this.#baseUrl, LINKS);
    if (url === undefined) return this.#begin('a', '', '');
    return this.#begin('a', 'a', `<a href="${escapeAttribute(url)}" rel="noopener nofollow">`);
  }

  #flush(): void {
    for (const { name, tag } of this.#waiting) {
      this.#html += tag;
      if (BLOCKS.has(name)) this.#endLine();
    }
    this.#waiting.length = 0;
  }

  #endLine(): void {
    const line = oneLine(this.#line);
    this.#line = '';
    if (line !== '') this.#lines.push(line);
  }
}

const ALT_CHARS_MAX = 1_000;
/** White space that is not one space. */
const MORE_SPACE = /[\t\r\n\f]| {2}/;

/** Nothing but one attribute, whose value is as it is written. */
const ONLY = /^ ([a-z]+)="([^"&]*)"$/;

/** Some attributes of a tag; undefined where a parser has to say what they are. */
function readAttributes(
  text: string,
  ...names: readonly string[]
): Record<string, string> | undefined {
  const read: Record<string, string> = {};
  const only = ONLY.exec(text);
  if (only && only[1] === names[0]) return { [only[1]!]: only[2]! };
  for (const [, name = '', raw = ''] of text.matchAll(ATTRIBUTE)) {
    if (!names.includes(name) || Object.hasOwn(read, name)) continue;
    const value = raw.replaceAll('&amp;', '&');
    // What else is a reference depends on what follows it.
    if (raw.replaceAll('&amp;', '').includes('&')) return undefined;
    read[name] = value;
  }
  return read;
}

/** An address that is written as a browser writes it, so that nothing needs to be made of it. */
const WRITTEN = new RegExp(
  '^https?://(?!xn--)[a-z0-9]+(?:[.-](?!xn--)[a-z0-9]+)*\\.[a-z]{2,}/(?!\\.|%2e)' +
    '(?:(?!/\\.|/%2e)[!$&(-;=@-Z_a-z~%])*(?:\\?[!$&(-;=@-Z_a-z~%]*)?$',
  'i',
);

function address(value: string, baseUrl: string, schemes: RegExp): string | undefined {
  if (WRITTEN.test(value) && !/[A-Z]/.test(value.slice(0, value.indexOf('/', 8)))) return value;
  const url = safeUrl(value, baseUrl, schemes);
  return url === undefined ? undefined : safeUrl(url, baseUrl, schemes);
}
