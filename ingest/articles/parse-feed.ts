import { gunzipSync } from 'node:zlib';
import { wellFormed } from '../../core/charset.ts';
import { discoverFeeds } from './discover.ts';
import { decodeBody } from './encoding.ts';
import {
  type Damage,
  FEED_LIMITS,
  type Feed,
  type FeedItem,
  type FeedLimits,
  FeedRefusal,
  type ParsedFeed,
  type RefusedFeed,
} from './feed.ts';
import { readAtom } from './formats/atom.ts';
import { readJsonFeed } from './formats/json-feed.ts';
import type { FormatContext } from './formats/parts.ts';
import { readRss } from './formats/rss.ts';
import { type FeedTree, readTree } from './tree.ts';

export interface ParseOptions {
  /** The header as it came. */
  readonly contentType?: string | undefined;
  /** Where the body came from, after redirects; relative addresses refer to it. */
  readonly url?: string | undefined;
  readonly limits?: Partial<FeedLimits>;
}

/**
 * Reads a feed of any format from the bytes of a body. Never throws for what is in them: either
 * there is a feed, with what was wrong with it in `damage`, or a reason why there is none. Takes
 * up to a second for 20 MB: servers ask `createFeedReader` instead.
 */
export function parseFeed(bytes: Buffer, options: ParseOptions = {}): ParsedFeed | RefusedFeed {
  const limits = { ...FEED_LIMITS, ...options.limits };
  try {
    return read(inflated(bytes, limits), options, limits);
  } catch (error) {
    if (!(error instanceof FeedRefusal)) throw error;
    return { ok: false, reason: error.reason, message: error.message, alternates: [] };
  }
}

/** A compressed body that nobody said was one. */
function inflated(bytes: Buffer, limits: FeedLimits): Buffer {
  const { bytesMax } = limits;
  const tooLarge = new FeedRefusal('too-large', `more than ${bytesMax} bytes`);
  if (bytes.length > bytesMax) throw tooLarge;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: bytesMax });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge;
    throw new FeedRefusal('not-a-feed', 'compressed, and damaged');
  }
}

/** C0 and C1 control characters that XML forbids, and what is no character at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]+/g;

function read(bytes: Buffer, options: ParseOptions, limits: FeedLimits): ParsedFeed | RefusedFeed {
  const { text: raw, charset, charsetFrom, damaged } = decodeBody(bytes, options.contentType);
  const clean = raw.replace(CONTROL, '');
  const text = clean.trim();
  if (text === '') throw new FeedRefusal('empty', 'nothing but white space');
  const context: FormatContext = { limits, url: options.url };
  const found = /^[{[]/.test(text) ? readJson(text, context) : readMarkup(text, context);
  if ('reason' in found) return found;
  const { feed, items, damage } = found;
  if (damaged) damage.add('encoding');
  if (clean.length < raw.length) damage.add('control-characters');
  const cut = items.map((item) => withinLimits(item, limits, damage));
  return { ok: true, feed, items: cut, damage: [...damage], charset, charsetFrom };
}

interface Found {
  readonly feed: Feed;
  readonly items: FeedItem[];
  readonly damage: Set<Damage>;
}

function readJson(text: string, context: FormatContext): Found {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FeedRefusal('not-a-feed', 'JSON that ends early or is damaged');
  }
  const found = readJsonFeed(value, context);
  if (!found) throw new FeedRefusal('not-a-feed', 'JSON, but no JSON Feed');
  return { ...found, damage: new Set(found.left > 0 ? ['items-left-out'] : []) };
}

function readMarkup(text: string, context: FormatContext): Found | RefusedFeed {
  if (/^(<!--[^>]{0,500}-->\s{0,50})?<!doctype html/i.test(text)) return webPage(text, context);
  let tree: FeedTree;
  try {
    tree = readTree(text, context);
  } catch (error) {
    if (error instanceof FeedRefusal && error.reason === 'html') return webPage(text, context);
    throw error;
  }
  const { root, stranger, damage } = tree;
  if (root) {
    const atom = root.name === 'atom:feed' || root.name === 'feed';
    const found = atom ? readAtom(root, context) : readRss(root, context);
    return { ...found, damage };
  }
  if (stranger !== undefined && PAGE.test(stranger)) return webPage(text, context);
  const what = stranger === undefined ? 'text' : `<${stranger.replace('?', '').slice(0, 40)}>`;
  throw new FeedRefusal('not-a-feed', `it begins with ${what}`);
}

const PAGE = /^(xhtml:)?(html|head|body|title|meta|link|script|style|div|p|h1)$/;

function webPage(text: string, { url }: FormatContext): RefusedFeed {
  const alternates = discoverFeeds(text, url);
  const named = alternates.length === 0 ? 'names no feed' : 'names feeds';
  return { ok: false, reason: 'html', message: `a web page, which ${named}`, alternates };
}

/** Longer than anybody's title or id. */
const TITLE_CHARS = 2_000;
const ID_CHARS = 4_096;

function withinLimits(item: FeedItem, { textMax }: FeedLimits, damage: Set<Damage>): FeedItem {
  const { title, summary, content } = item;
  const idFits = (item.id?.length ?? 0) <= ID_CHARS;
  const textFits = summary.length <= textMax && content.length <= textMax;
  if (idFits && textFits && title.length <= TITLE_CHARS) return item;
  damage.add('text-cut');
  return {
    ...item,
    // One that was cut could be another's.
    id: idFits ? item.id : undefined,
    title: wellFormed(title.slice(0, TITLE_CHARS)),
    summary: wellFormed(summary.slice(0, textMax)),
    content: wellFormed(content.slice(0, textMax)),
  };
}
