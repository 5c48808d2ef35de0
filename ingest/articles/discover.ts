import { decodeHTML } from 'entities';
import { Parser } from 'htmlparser2';
import type { DiscoveredFeed } from './feed.ts';
import { resolveUrl } from './links.ts';
import { oneLine } from './text.ts';

const TYPES = /^(application\/(rss|atom|rdf)\+xml|application\/feed\+json|text\/(rss|atom)\+xml)$/;
/** A page that names more is a directory. */
const FEEDS_MAX = 20;
/** Feeds are named in the head. */
const HEAD_CHARS = 500_000;

/** The feeds that a web page names by `<link rel="alternate">`, in its order, each once. */
export function discoverFeeds(html: string, url: string | undefined): DiscoveredFeed[] {
  const found = new Map<string, DiscoveredFeed>();
  let base = url;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (name === 'base') base = resolveUrl(attributes.href, url) ?? base;
        if (name !== 'link' || found.size >= FEEDS_MAX) return;
        const rels = (attributes.rel ?? '').toLowerCase().split(/\s+/);
        const type = (attributes.type ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
        const feed = (rels.includes('alternate') && TYPES.test(type)) || rels.includes('feed');
        const address = feed ? resolveUrl(decodeHTML(attributes.href ?? ''), base) : undefined;
        if (address === undefined || found.has(address)) return;
        const title = oneLine(decodeHTML(attributes.title ?? '')).slice(0, 500);
        found.set(address, { url: address, type, title });
      },
    },
    { decodeEntities: false },
  );
  parser.write(html.slice(0, HEAD_CHARS));
  return [...found.values()];
}
