import { escapeAttribute, escapeText } from 'entities';
import { Parser } from 'htmlparser2';
import { type Damage, type FeedLimits, FeedRefusal } from './feed.ts';
import { Namespaces } from './namespaces.ts';
import { xmlText } from './text.ts';

/** An element of a feed. Names are lower case, with the prefix that its namespace has here. */
export class Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>> | undefined;
  readonly children: (Element | string)[] = [];
  /** `xml:base` that holds here, resolved; undefined where nobody said one. */
  readonly base: string | undefined;

  constructor(name: string, attributes: Record<string, string> | undefined, base?: string) {
    this.name = name;
    this.attributes = attributes;
    this.base = base;
  }

  /** The first child of that name. */
  child(name: string): Element | undefined {
    for (const child of this.children) {
      if (typeof child !== 'string' && child.name === name) return child;
    }
    return undefined;
  }

  all(name: string): Element[] {
    const found: Element[] = [];
    for (const child of this.children) {
      if (typeof child !== 'string' && child.name === name) found.push(child);
    }
    return found;
  }

  get(attribute: string): string | undefined {
    const { attributes } = this;
    return attributes && Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
  }

  get hasElements(): boolean {
    return this.children.some((child) => typeof child !== 'string');
  }

  /** All text within, as it is; no spaces around. */
  get text(): string {
    return this.rawText().trim();
  }

  rawText(): string {
    const [only] = this.children;
    if (this.children.length === 1 && typeof only === 'string') return only;
    let text = '';
    for (const child of this.children) text += typeof child === 'string' ? child : child.rawText();
    return text;
  }

  /** What is within, as markup again. Prefixes are left out: it was XHTML. */
  markup(): string {
    let text = '';
    for (const child of this.children) {
      text += typeof child === 'string' ? escapeText(child) : child.#tag();
    }
    return text.trim();
  }

  #tag(): string {
    const name = this.name.slice(this.name.indexOf(':') + 1);
    let attributes = '';
    for (const [key, value] of Object.entries(this.attributes ?? {})) {
      if (!key.startsWith('xmlns')) attributes += ` ${key}="${escapeAttribute(value)}"`;
    }
    if (VOID.has(name)) return `<${name}${attributes}>`;
    return `<${name}${attributes}>${this.markup()}</${name}>`;
  }
}

const VOID = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'area', 'col', 'source', 'wbr']);
const ROOTS = new Set(['rss', 'rdf:rdf', 'atom:feed', 'feed', 'channel']);
const ITEMS = new Set(['item', 'atom:entry', 'entry']);
const HOLDERS = new Set(['channel', 'rss', 'rdf:rdf', 'atom:feed', 'feed', 'items']);
/** Nobody closes as many tags late, and each costs the reader's stack. */
const OPEN_MAX = 2_000;

export interface FeedTree {
  readonly root: Element | undefined;
  readonly damage: Set<Damage>;
  /** The first element that is no feed's: what the body is instead. */
  readonly stranger: string | undefined;
}

export interface TreeOptions {
  readonly limits: FeedLimits;
  /** The feed's own address. */
  readonly url: string | undefined;
  /** Names that begin what is looked for; those of feeds by default. */
  readonly roots?: ReadonlySet<string>;
}

/**
 * Reads markup as XML that may be damaged: it never gives up before the end. No entity of a DOCTYPE
 * is expanded, nothing is fetched. Throws FeedRefusal when it is deeper or larger than the limits.
 */
export function readTree(text: string, options: TreeOptions): FeedTree {
  const builder = new TreeBuilder(options);
  const parser = new Parser(builder, {
    xmlMode: true,
    decodeEntities: false,
    lowerCaseTags: true,
    lowerCaseAttributeNames: true,
  });
  parser.write(text);
  builder.end();
  return builder;
}

interface Frame {
  readonly raw: string;
  readonly element: Element;
  readonly scoped: boolean;
}

class TreeBuilder implements FeedTree {
  readonly damage = new Set<Damage>();
  root: Element | undefined;
  stranger: string | undefined;
  readonly #options: TreeOptions;
  readonly #names = new Namespaces();
  readonly #stack: Frame[] = [];
  #elements = 0;
  #items = 0;
  #open = 0;
  #cdata = false;
  #done = false;

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  onopentag(raw: string, attributes: Record<string, string>): void {
    this.#open += 1;
    if (this.#done) return;
    const scoped = this.#names.enter(raw, attributes);
    const name = this.#names.nameOf(raw);
    if (!this.root && !this.#begins(name)) {
      if (scoped) this.#names.leave();
      return;
    }
    this.#check(name);
    let parent = this.#stack.at(-1)?.element;
    if (ITEMS.has(name) && parent && !HOLDERS.has(parent.name)) parent = this.#closeItem(parent);
    const element = this.#element(name, attributes, parent);
    this.root ??= element;
    if (ITEMS.has(name)) this.#items += 1;
    if (this.#items > this.#options.limits.itemsMax && ITEMS.has(name)) {
      this.damage.add('items-left-out');
    } else {
      parent?.children.push(element);
    }
    this.#stack.push({ raw, element, scoped });
  }

  onclosetag(raw: string): void {
    this.#open -= 1;
    const at = this.#stack.findLastIndex((frame) => frame.raw === raw);
    if (at === -1) return;
    if (at < this.#stack.length - 1) this.damage.add('unclosed');
    this.#popTo(at);
    // What follows the feed is not the feed's.
    if (at === 0) this.#done = true;
  }

  ontext(text: string): void {
    const element = this.#stack.at(-1)?.element;
    if (!element) {
      if (!this.root && text.trim() !== '') this.damage.add('junk-before');
      return;
    }
    element.children.push(this.#cdata ? text : xmlText(text));
  }

  oncdatastart(): void {
    this.#cdata = true;
  }

  oncdataend(): void {
    this.#cdata = false;
  }

  /** The text is over: an item that is still open was cut. */
  end(): void {
    if (this.#names.undeclared) this.damage.add('undeclared-prefix');
    if (this.#stack.length === 0) return;
    this.damage.add('truncated');
    const at = this.#stack.findIndex(({ element }) => ITEMS.has(element.name));
    if (at > 0) this.#stack[at - 1]?.element.children.pop();
    this.#stack.length = 0;
  }

  #begins(name: string): boolean {
    if ((this.#options.roots ?? ROOTS).has(name)) return true;
    this.stranger ??= name;
    this.damage.add('junk-before');
    if (name === 'html') throw new FeedRefusal('html', 'a web page');
    return false;
  }

  #check(name: string): void {
    const { depthMax, elementsMax } = this.#options.limits;
    this.#elements += 1;
    if (this.#elements > elementsMax) {
      throw new FeedRefusal('too-complex', `more than ${elementsMax} elements`);
    }
    if (this.#stack.length >= depthMax || this.#open > OPEN_MAX) {
      throw new FeedRefusal('too-deep', `<${name.slice(0, 40)}> in more than ${depthMax} others`);
    }
  }

  /** An item within an item: the one before was not closed. */
  #closeItem(parent: Element): Element {
    const at = this.#stack.findIndex(({ element }) => ITEMS.has(element.name));
    const holder = this.#stack[at - 1]?.element;
    if (at < 1 || !holder) return parent;
    this.damage.add('unclosed');
    this.#popTo(at);
    return holder;
  }

  #popTo(length: number): void {
    for (let i = this.#stack.length - 1; i >= length; i -= 1) {
      if (this.#stack[i]?.scoped) this.#names.leave();
    }
    this.#stack.length = length;
  }

  #element(name: string, attributes: Record<string, string>, parent: Element | undefined) {
    let any = false;
    for (const key in attributes) {
      any = true;
      const value = attributes[key] ?? '';
      if (value.includes('&')) attributes[key] = xmlText(value);
      // Attributes without a prefix are in no namespace.
      const name = /^(?!xml).+:/.test(key) ? this.#names.nameOf(key) : key;
      if (name !== key && name.startsWith('rdf:')) attributes[name] = attributes[key] ?? '';
    }
    const said = any ? attributes['xml:base'] : undefined;
    const base = said === undefined ? parent?.base : this.#base(said, parent?.base);
    return new Element(name, any ? attributes : undefined, base);
  }

  #base(said: string, outer: string | undefined): string | undefined {
    const from = outer ?? this.#options.url;
    return URL.canParse(said.trim(), from) ? new URL(said.trim(), from).href : from;
  }
}
