import { FactsNoted, type PageFacts } from './facts.ts';
import { type Attributes, escapeAttribute, escapeText, VOID, walkMarkup } from './markup.ts';

export interface TidyPage extends PageFacts {
  /** A document with one head and one body, of which a DOM can be made without danger. */
  readonly html: string;
  /** It is nested too deep or has too many nodes: the document ends there. */
  readonly cut: boolean;
}

/** Finding an article takes some 70 us for each. */
export const ELEMENTS_MAX = 50_000;
/** Each makes a text of its own in a DOM; Readability takes the square of those in a row. */
const REFERENCES_MAX = 20_000;
/** Deeper ones are left out, with what is in them kept: finding articles goes up and down them. */
const NESTED_MAX = 256;
const ATTRIBUTES_MAX = 32;
const ATTRIBUTE_CHARS_MAX = 8_192;
/** The largest description of an article for machines that is read. */
const DATA_CHARS_MAX = 1_000_000;

/** What some put around data in pages that are XML as well. */
const CDATA = /^\s*(?:\/\/)?\s*<!\[CDATA\[|(?:\/\/)?\s*\]\]>\s*$/g;

/** Signs of text that would be taken for the beginning of a reference or a tag. */
const MISTAKEN = /&(?=[a-z#])|<(?![\s\d])/gi;

const ESCAPED = /[&<>\u00a0]/g;

/** Nothing that is read is in them. */
const WITHOUT = new Set(
  (
    'style template iframe frame frameset object embed applet noembed noframes svg math canvas ' +
    'audio video select option optgroup datalist textarea dialog xmp plaintext'
  ).split(' '),
);
const HEAD = new Set(['meta', 'link', 'noscript']);
const FRAME = new Set(['html', 'head', 'body']);

/**
 * A page of a stranger as a document that says the same to a reader: built anew, so that head and
 * body are where a DOM looks for them, without programs, styles and what else is not read, and with
 * limits to what its size and shape can cost. In time linear in its length.
 */
export function tidyPage(html: string): TidyPage {
  const writer = new TidyWriter();
  const ended = (): boolean => writer.elements > ELEMENTS_MAX || writer.references > REFERENCES_MAX;
  const end = walkMarkup(html, writer, { without: WITHOUT, ended });
  return {
    ...writer.facts(),
    html: writer.document(),
    cut: end !== 'complete' || ended(),
  };
}

class TidyWriter {
  elements = 0;
  /** Signs of text that are references where a DOM writes it. */
  references = 0;
  readonly #noted = new FactsNoted();
  /** Its pieces, until a tag ends it. */
  #text = '';
  #head = '';
  #body = '';
  #rootAttributes = '';
  #bodyAttributes = '';
  #inBody = false;
  /** For each element that is open: its name if it is written, '' if not. */
  readonly #open: string[] = [];
  #nested = 0;
  /** Programs, of which only data about the article is kept. */
  #script: 'program' | 'data' | undefined;
  #data = '';
  #title: 'none yet' | 'open' | 'had' = 'none yet';

  open(name: string, attributes: Attributes): void {
    this.elements += 1;
    this.#noted.note(name, attributes);
    this.#open.push(this.#begin(name, attributes) ? name : '');
  }

  close(name: string): void {
    const written = this.#open.pop();
    if (name === 'script') this.#endScript();
    if (name === 'title' && this.#title === 'open') this.#title = 'had';
    if (!written) return;
    this.#nested -= 1;
    this.#write(`</${written}>`);
  }

  text(text: string): void {
    if (this.#script !== undefined) {
      if (this.#script === 'data') this.#data += text;
    } else if (this.#title === 'open') {
      this.#noted.addTitle(text);
    } else {
      if (/\S/.test(text)) this.#leaveHead();
      this.#text += text;
      for (const _ of text.matchAll(ESCAPED)) this.references += 1;
    }
  }

  document(): string {
    this.#write('');
    return (
      `<!DOCTYPE html><html${this.#rootAttributes}><head>` +
      `<title>${escapeText(this.#noted.title)}</title>${this.#head}</head>` +
      `<body${this.#bodyAttributes}>${this.#body}</body></html>`
    );
  }

  facts(): PageFacts {
    return this.#noted.facts();
  }

  /** Tells whether an end tag is to be written. */
  #begin(name: string, attributes: Attributes): boolean {
    if (FRAME.has(name)) this.#frame(name, attributes);
    else if (name === 'script') this.#script = isData(attributes) ? 'data' : 'program';
    else if (name === 'title') this.#title = this.#title === 'none yet' ? 'open' : 'had';
    else if (name !== 'base') return this.#element(name, attributes);
    return false;
  }

  #element(name: string, attributes: Attributes): boolean {
    if (!HEAD.has(name)) this.#leaveHead();
    if (VOID.has(name)) {
      this.#write(`<${name}${attributesOf(attributes)}>`);
      return false;
    }
    if (this.#nested >= NESTED_MAX || !/^[a-z][a-z0-9-]*$/.test(name)) return false;
    this.#nested += 1;
    this.#write(`<${name}${attributesOf(attributes)}>`);
    return true;
  }

  #frame(name: string, attributes: Attributes): void {
    if (name === 'html') this.#rootAttributes ||= attributesOf(attributes);
    if (name !== 'body') return;
    this.#enterBody();
    this.#bodyAttributes ||= attributesOf(attributes);
  }

  /** What is in a `noscript` of the head may be anything, and does not end it. */
  #leaveHead(): void {
    if (this.#nested === 0) this.#enterBody();
  }

  #enterBody(): void {
    if (!this.#inBody) this.#write('');
    this.#inBody = true;
  }

  #endScript(): void {
    // What would end the element is JSON that a string escape can say as well.
    const data = this.#data.replace(CDATA, '').replaceAll('<', '\\u003c');
    if (this.#script === 'data' && data.length <= DATA_CHARS_MAX) {
      this.#write(`<script type="application/ld+json">${data}</script>`);
    }
    this.#script = undefined;
    this.#data = '';
  }

  /** The text before it, and a tag. */
  #write(tag: string): void {
    const text = this.#text.replace(MISTAKEN, (sign) => (sign === '&' ? '&amp;' : '&lt;'));
    this.#text = '';
    if (this.#inBody) this.#body += text + tag;
    else this.#head += text + tag;
  }
}

function isData({ type = '' }: Attributes): boolean {
  return /^application\/ld\+json/i.test(type);
}

function attributesOf(attributes: Attributes): string {
  let text = '';
  let count = 0;
  for (const name of Object.keys(attributes)) {
    const value = attributes[name] ?? '';
    if (!/^[a-z_][a-z0-9_.:-]*$/.test(name) || /^on|^__|^is$/.test(name)) continue;
    if (value.length > ATTRIBUTE_CHARS_MAX) continue;
    text += value === '' ? ` ${name}=""` : ` ${name}="${escapeAttribute(value)}"`;
    count += 1;
    if (count === ATTRIBUTES_MAX) break;
  }
  return text;
}
