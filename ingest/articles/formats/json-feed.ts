import { wellFormed } from '../../../core/charset.ts';
import { parseDate } from '../dates.ts';
import type { Enclosure, Feed, FeedItem, Person } from '../feed.ts';
import { resolveUrl } from '../links.ts';
import { oneLine } from '../text.ts';
import { addPerson, type FormatContext, itemLink, uniqueNames } from './parts.ts';
import { absoluteReferences } from './relative.ts';

type Fields = Readonly<Record<string, unknown>>;

/** JSON Feed 1.0 and 1.1; undefined if the value is something else. */
export function readJsonFeed(
  value: unknown,
  context: FormatContext,
): { feed: Feed; items: FeedItem[]; left: number } | undefined {
  const fields = fieldsOf(value);
  const version = text(fields?.version);
  if (!fields || !version || !/jsonfeed\.org\/version\/1/i.test(version)) return undefined;
  const self = resolveUrl(text(fields.feed_url), context.url);
  const link = resolveUrl(text(fields.home_page_url), context.url ?? self);
  const feed: Feed = {
    format: 'json',
    id: undefined,
    title: oneLine(text(fields.title) ?? ''),
    link,
    self,
    description: oneLine(text(fields.description) ?? ''),
    language: text(fields.language),
    ttlMinutes: undefined,
    updatePeriodMinutes: undefined,
    hub: hubOf(fields.hubs),
    authors: authorsOf(fields),
    updated: undefined,
  };
  const all = listOf(fields.items)
    .map(fieldsOf)
    .filter((item) => item !== undefined);
  const kept = all.slice(0, context.limits.itemsMax);
  const base = context.url ?? self ?? link;
  return {
    feed,
    items: kept.map((item) => readItem(item, feed, base)),
    left: all.length - kept.length,
  };
}

function readItem(item: Fields, feed: Feed, base: string | undefined): FeedItem {
  const id = text(item.id);
  const html = text(item.content_html);
  const authors = authorsOf(item);
  const title = oneLine(text(item.title) ?? '');
  const link = itemLink(text(item.url), base) ?? itemLink(text(item.external_url), base);
  return {
    id,
    idIsLink: false,
    link: link ?? (/^https?:\/\//.test(id ?? '') ? itemLink(id, undefined) : undefined),
    title,
    summary: text(item.summary) ?? '',
    summaryType: 'text',
    content:
      html === undefined ? (text(item.content_text) ?? '') : absoluteReferences(html, link ?? base),
    contentType: html === undefined ? 'text' : 'html',
    authors: authors.length > 0 ? authors : feed.authors,
    categories: uniqueNames(listOf(item.tags).map((tag) => text(tag) ?? '')),
    published: parseDate(text(item.date_published)),
    updated: parseDate(text(item.date_modified)),
    enclosures: attachmentsOf(item.attachments, base),
    comments: undefined,
  };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Version 1 asks readers to take numbers for text. */
function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : wellFormed(trimmed);
}

function hubOf(hubs: unknown): string | undefined {
  for (const hub of listOf(hubs).map(fieldsOf)) {
    const url = resolveUrl(text(hub?.url), undefined);
    if (url !== undefined) return url;
  }
  return undefined;
}

function authorsOf(fields: Fields): Person[] {
  const people: Person[] = [];
  for (const value of [...listOf(fields.authors), fields.author].map(fieldsOf)) {
    const url = resolveUrl(text(value?.url), undefined);
    const name = oneLine(text(value?.name) ?? url ?? '');
    if (name !== '') addPerson(people, { name, ...(url ? { url } : {}) });
  }
  return people;
}

function attachmentsOf(value: unknown, base: string | undefined): Enclosure[] {
  const found: Enclosure[] = [];
  for (const each of listOf(value).slice(0, 100).map(fieldsOf)) {
    const url = resolveUrl(text(each?.url), base);
    if (url === undefined) continue;
    const type = text(each?.mime_type);
    const bytes = each?.size_in_bytes;
    found.push({
      url,
      ...(type ? { type } : {}),
      ...(typeof bytes === 'number' && Number.isSafeInteger(bytes) ? { bytes } : {}),
    });
  }
  return found;
}
