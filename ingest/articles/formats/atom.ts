import { parseDate } from '../dates.ts';
import type { Enclosure, Feed, FeedItem, Person } from '../feed.ts';
import { resolveUrl } from '../links.ts';
import { oneLine, plainText } from '../text.ts';
import type { Element } from '../tree.ts';
import {
  addPerson,
  enclosureOf,
  type FormatContext,
  firstText,
  itemLink,
  NO_TEXT,
  personOf,
  type Text,
  uniqueNames,
  updatePeriodOf,
} from './parts.ts';
import { absoluteReferences } from './relative.ts';

/**
 * Atom 0.3 and 1.0 (RFC 4287). Feeds that forget the namespace are read too: an element is looked
 * for with it, then without.
 */
export function readAtom(root: Element, context: FormatContext): { feed: Feed; items: FeedItem[] } {
  const base = root.base ?? context.url;
  const links = both(root, 'link');
  const hub = relLink(links, 'hub', undefined);
  const feed: Feed = {
    format: 'atom',
    id: oneText(root, 'id'),
    title: titleOf(root),
    link: resolveUrl(alternate(links)?.get('href'), base) ?? resolveUrl(bare(links), base),
    self: relLink(links, 'self', base),
    description: plainText(textOf(one(root, 'subtitle', 'tagline', 'info'))?.value ?? ''),
    language: root.get('xml:lang') ?? firstText(root, 'dc:language'),
    ttlMinutes: undefined,
    updatePeriodMinutes: updatePeriodOf(root),
    hub,
    authors: peopleOfAtom(root),
    updated: parseDate(oneText(root, 'updated', 'modified')),
  };
  const entries = both(root, 'entry');
  return { feed, items: entries.map((entry) => readEntry(entry, feed, context)) };
}

function readEntry(entry: Element, feed: Feed, context: FormatContext): FeedItem {
  const base = entry.base ?? context.url ?? feed.link;
  const links = both(entry, 'link');
  const content = textOf(one(entry, 'content'), base) ?? NO_TEXT;
  const summary = textOf(one(entry, 'summary'), base) ?? mediaDescription(entry) ?? NO_TEXT;
  const main = alternate(links);
  const id = oneText(entry, 'id');
  const authors = peopleOfAtom(entry);
  return {
    id,
    idIsLink: false,
    link: itemLink(main?.get('href'), main?.base ?? base) ?? itemLink(bare(links), base),
    title: titleOf(entry) || plainText(firstText(entry, 'dc:title', 'media:title') ?? ''),
    summary: summary.value,
    summaryType: summary.type,
    content: content.value,
    contentType: content.type,
    authors: authors.length > 0 ? authors : sourceAuthors(entry, feed),
    categories: uniqueNames([
      ...both(entry, 'category').map(
        (each) => each.get('term')?.trim() || each.get('label') || each.text,
      ),
      ...entry.all('dc:subject').map((each) => each.text),
    ]),
    published: parseDate(oneText(entry, 'published', 'issued', 'created')),
    updated: parseDate(oneText(entry, 'updated', 'modified')),
    enclosures: enclosuresOf(links, base),
    comments: relLink(links, 'replies', base) ?? resolveUrl(firstText(entry, 'comments'), base),
  };
}

function both(element: Element, name: string): Element[] {
  const found = element.all(`atom:${name}`);
  return found.length > 0 ? found : element.all(name);
}

function one(element: Element, ...names: readonly string[]): Element | undefined {
  for (const name of names) {
    const found = element.child(`atom:${name}`) ?? element.child(name);
    if (found) return found;
  }
  return undefined;
}

function oneText(element: Element, ...names: readonly string[]): string | undefined {
  return firstText(element, ...names.flatMap((name) => [`atom:${name}`, name]));
}

/** A text construct of Atom 1.0 (3.1), with the types and modes of 0.3; undefined if empty. */
export function textOf(element: Element | undefined, base?: string): Text | undefined {
  if (!element) return undefined;
  const type = (element.get('type') ?? '').trim().toLowerCase();
  const mode = (element.get('mode') ?? '').trim().toLowerCase();
  const value = constructText(element, type, mode);
  if (value === '') return undefined;
  const html = /html|xml|octet/.test(type) || (element.hasElements && type !== 'text');
  if (!html) return { value, type: 'text' };
  return { value: absoluteReferences(value, element.base ?? base), type: 'html' };
}

function constructText(element: Element, type: string, mode: string): string {
  // RFC 4287, 4.1.3.3: whatever is neither text nor markup is in base64.
  const binary = type.includes('/') && !/^text\/|html|xml/.test(type);
  if (mode === 'base64' || (binary && !element.hasElements))
    return Buffer.from(element.text, 'base64').toString('utf8');
  if (!element.hasElements) {
    // Text of XHTML that has no tags is text that was escaped once, as HTML is twice.
    const text = element.text;
    return type === 'xhtml' || (mode === 'xml' && type.includes('xml')) ? element.markup() : text;
  }
  const children = element.children.filter((child) => typeof child !== 'string' || child.trim());
  const [only] = children;
  const wrapped = children.length === 1 && typeof only !== 'string' && only?.name === 'xhtml:div';
  return wrapped ? only.markup() : element.markup();
}

function titleOf(element: Element): string {
  const text = textOf(one(element, 'title'));
  if (!text) return '';
  return text.type === 'html' ? plainText(text.value) : oneLine(text.value);
}

function mediaDescription(entry: Element): Text | undefined {
  const value = firstText(entry.child('media:group') ?? entry, 'media:description');
  return value === undefined ? undefined : { value, type: 'text' };
}

function relOf(link: Element): string {
  const rel = (link.get('rel') ?? 'alternate').trim().toLowerCase();
  return rel.replace('http://www.iana.org/assignments/relation/', '') || 'alternate';
}

/** The page: of several, the first that is HTML or says no type. */
export function alternate(links: readonly Element[]): Element | undefined {
  const pages = links.filter((link) => relOf(link) === 'alternate' && link.get('href'));
  return pages.find((link) => /^$|html/.test(link.get('type') ?? '')) ?? pages[0];
}

/** Against the rules, the address as text. */
function bare(links: readonly Element[]): string | undefined {
  return links.find((link) => link.text !== '')?.text;
}

/** Without a base only an absolute address counts. */
export function relLink(links: readonly Element[], rel: string, base: string | undefined) {
  const link = links.find((each) => relOf(each) === rel);
  return resolveUrl(link?.get('href'), base === undefined ? undefined : (link?.base ?? base));
}

export function enclosuresOf(links: readonly Element[], base: string | undefined): Enclosure[] {
  const found: Enclosure[] = [];
  for (const link of links) {
    const enclosure =
      relOf(link) === 'enclosure' ? enclosureOf(link, link.base ?? base) : undefined;
    if (enclosure && found.length < 100) found.push(enclosure);
  }
  return found;
}

/** In the order of the feed; the creators of Dublin Core count alike. */
export function peopleOfAtom(element: Element): Person[] {
  const people: Person[] = [];
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    const { name } = child;
    if (name !== 'atom:author' && name !== 'author' && name !== 'dc:creator') continue;
    const person = name === 'dc:creator' ? personOf(child.text) : personOfAtom(child);
    if (person) addPerson(people, person);
  }
  return people;
}

function personOfAtom(author: Element): Person | undefined {
  if (!author.hasElements) return personOf(author.text);
  const email = oneText(author, 'email');
  const name = plainText(oneText(author, 'name') ?? '') || email;
  const url = resolveUrl(oneText(author, 'uri', 'url', 'homepage'), author.base);
  if (name === undefined) return url === undefined ? undefined : { name: url, url };
  return { name, ...(email ? { email } : {}), ...(url ? { url } : {}) };
}

/** RFC 4287, 4.2.1: the source's authors, then the feed's. */
function sourceAuthors(entry: Element, feed: Feed): readonly Person[] {
  const source = one(entry, 'source');
  const people = source ? peopleOfAtom(source) : [];
  return people.length > 0 ? people : feed.authors;
}
