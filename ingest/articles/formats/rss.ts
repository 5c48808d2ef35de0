import { parseDate } from '../dates.ts';
import type { Enclosure, Feed, FeedItem } from '../feed.ts';
import { resolveUrl } from '../links.ts';
import { looseTitle, plainText } from '../text.ts';
import type { Element } from '../tree.ts';
import { alternate, enclosuresOf, peopleOfAtom, relLink, textOf } from './atom.ts';
import {
  addPerson,
  enclosureOf,
  type FormatContext,
  firstText,
  htmlOf,
  itemLink,
  minutesOf,
  NO_TEXT,
  peopleOf,
  uniqueNames,
  updatePeriodOf,
} from './parts.ts';

/** RSS 0.9x, 2.0 and, with its items beside the channel, RDF 0.9 and 1.0. */
export function readRss(root: Element, context: FormatContext): { feed: Feed; items: FeedItem[] } {
  const channel = root.name === 'channel' ? root : (root.child('channel') ?? root);
  const feed = readChannel(channel, root, context);
  const items = [...itemsIn(channel), ...(channel === root ? [] : itemsIn(root))];
  return { feed, items: items.map((item) => readItem(item, feed, context)) };
}

function itemsIn(holder: Element): Element[] {
  const within = holder.all('items').flatMap((items) => items.all('item'));
  return [...holder.all('item'), ...holder.all('atom:entry'), ...within];
}

function readChannel(channel: Element, root: Element, context: FormatContext): Feed {
  const links = channel.all('atom:link');
  const base = channel.base ?? context.url;
  const said = firstText(channel, 'link') ?? channel.child('link')?.get('href');
  return {
    format: root.name === 'rdf:rdf' ? 'rdf' : 'rss',
    id: channel.get('rdf:about')?.trim(),
    title: looseTitle(firstText(channel, 'title', 'dc:title', 'atom:title') ?? ''),
    link: resolveUrl(said, base) ?? resolveUrl(alternate(links)?.get('href'), base),
    self: relLink(links, 'self', base),
    description: plainText(
      firstText(channel, 'description', 'dc:description', 'atom:subtitle', 'itunes:summary') ?? '',
    ),
    language: firstText(channel, 'language', 'dc:language') ?? root.get('xml:lang'),
    ttlMinutes: minutesOf(firstText(channel, 'ttl')),
    updatePeriodMinutes: updatePeriodOf(channel),
    hub: relLink(links, 'hub', undefined),
    authors: authorsOf(channel, 'managingeditor'),
    updated: parseDate(
      firstText(channel, 'lastbuilddate', 'pubdate', 'dc:date', 'dcterms:modified', 'atom:updated'),
    ),
  };
}

function readItem(item: Element, feed: Feed, context: FormatContext): FeedItem {
  const base = item.base ?? feed.link ?? context.url;
  const links = item.all('atom:link');
  const guid = item.child('guid') ?? item.child('atom:id');
  const id = guid?.text || item.get('rdf:about')?.trim() || firstText(item, 'dc:identifier');
  const idIsLink = guid?.name === 'guid' && guid.get('ispermalink')?.trim() !== 'false';
  const own = itemLink(linkText(item), base) ?? itemLink(alternate(links)?.get('href'), base);
  const about = idIsLink || item.get('rdf:about') !== undefined ? absoluteUrl(id) : undefined;
  const content =
    htmlOf(item.child('content:encoded'), base) ??
    htmlOf(item.child('xhtml:body') ?? item.child('body') ?? item.child('fullitem'), base) ??
    textOf(item.child('atom:content'), base) ??
    NO_TEXT;
  const summary = summaryOf(item, base) ?? NO_TEXT;
  return {
    id: id === '' ? undefined : id,
    idIsLink: idIsLink && about !== undefined,
    link: own ?? about,
    title: titleOf(item),
    summary: summary.value,
    summaryType: summary.type,
    content: content.value,
    contentType: content.type,
    authors: authorsOf(item, 'author'),
    categories: categoriesOf(item),
    published: parseDate(firstText(item, ...PUBLISHED)),
    updated: parseDate(firstText(item, 'atom:updated', 'atom:modified', 'dcterms:modified')),
    enclosures: [...ownEnclosures(item, base), ...enclosuresOf(links, base)].slice(0, 100),
    comments: resolveUrl(firstText(item, 'comments'), base),
  };
}

const PUBLISHED = [
  ...['pubdate', 'dc:date', 'dcterms:issued', 'dcterms:created', 'atom:published', 'atom:issued'],
  'date',
];

function titleOf(item: Element): string {
  const text = firstText(item, 'title', 'dc:title');
  if (text !== undefined) return looseTitle(text);
  const atom = textOf(item.child('atom:title'));
  if (atom) return atom.type === 'html' ? plainText(atom.value) : looseTitle(atom.value);
  return looseTitle(firstText(item, 'media:title', 'itunes:title') ?? '');
}

function summaryOf(item: Element, base: string | undefined) {
  for (const name of ['description', 'dc:description', 'dcterms:abstract', 'summary']) {
    for (const element of item.all(name)) {
      const html = htmlOf(element, base);
      if (html) return html;
    }
  }
  const group = item.child('media:group');
  return (
    textOf(item.child('atom:summary'), base) ??
    htmlOf(item.child('itunes:summary'), base) ??
    htmlOf(item.child('media:description') ?? group?.child('media:description'), base)
  );
}

function linkText(item: Element): string | undefined {
  for (const link of item.all('link')) {
    const value = link.text || link.get('href');
    if (value) return value;
  }
  return undefined;
}

/** A guid that is not an address is not made one. */
function absoluteUrl(id: string | undefined): string | undefined {
  return id !== undefined && /^https?:\/\//i.test(id) ? itemLink(id, undefined) : undefined;
}

function authorsOf(element: Element, name: string) {
  const people = peopleOfAtom(element);
  const more = [...element.all(name), ...element.all('dc:author')];
  for (const person of peopleOf(more)) addPerson(people, person);
  if (people.length > 0) return people;
  return peopleOf([...element.all('itunes:author'), ...element.all('dc:contributor')]);
}

function categoriesOf(item: Element): string[] {
  const names: string[] = [];
  for (const child of item.children) {
    if (typeof child === 'string') continue;
    if (child.name === 'category' || child.name === 'dc:subject') names.push(child.text);
    if (child.name === 'atom:category') names.push(child.get('term') ?? child.text);
    if (child.name === 'itunes:category') names.push(child.get('text') ?? '');
  }
  return uniqueNames(names);
}

function ownEnclosures(item: Element, base: string | undefined): Enclosure[] {
  const found: Enclosure[] = [];
  const media = [item, ...item.all('media:group')].flatMap((each) => each.all('media:content'));
  for (const element of [...item.all('enclosure'), ...media]) {
    const enclosure = enclosureOf(element, base);
    if (!enclosure || found.some(({ url }) => url === enclosure.url)) continue;
    if (found.push(enclosure) >= 100) break;
  }
  return found;
}
