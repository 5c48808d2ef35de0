import { escapeUTF8 } from 'entities';
import { wellFormed } from '../../core/charset.ts';
import { decodeBody } from './encoding.ts';
import { type Damage, FEED_LIMITS, FeedRefusal, type RefusalReason } from './feed.ts';
import { type Element, readTree } from './tree.ts';

/** A feed as a list of subscriptions names it. */
export interface OpmlFeed {
  /** As it stands there: nobody has looked whether it is an address. */
  readonly url: string;
  readonly title: string | undefined;
  /** The folders that it is in, `/` between. */
  readonly folder: string | undefined;
  /** The page that the feed is about. */
  readonly link: string | undefined;
}

export interface OpmlList {
  readonly ok: true;
  readonly feeds: readonly OpmlFeed[];
  readonly damage: readonly Damage[];
}

export interface RefusedOpml {
  readonly ok: false;
  readonly reason: RefusalReason;
  readonly message: string;
}

/** Lists are read where others wait: of a size that takes some milliseconds. */
const LIMITS = { ...FEED_LIMITS, bytesMax: 1_048_576, depthMax: 64, elementsMax: 20_000 };
const ROOTS: ReadonlySet<string> = new Set(['opml']);
const TITLE_MAX = 200;
const URL_MAX = 8_192;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]+/g;

/**
 * Reads a list of subscriptions (OPML 1.0, 2.0: http://opml.org/spec2.opml). Never throws for what
 * is in the bytes: what is damaged keeps its whole outlines. No entity is expanded, nothing is
 * fetched.
 */
export function readOpml(bytes: Buffer, contentType?: string): OpmlList | RefusedOpml {
  try {
    if (bytes.length > LIMITS.bytesMax) {
      throw new FeedRefusal('too-large', `more than ${LIMITS.bytesMax} bytes`);
    }
    return listOf(decodeBody(bytes, contentType).text.replace(FORBIDDEN, '').trim());
  } catch (error) {
    if (!(error instanceof FeedRefusal)) throw error;
    return { ok: false, reason: error.reason, message: error.message };
  }
}

function listOf(text: string): OpmlList {
  if (text === '') throw new FeedRefusal('empty', 'nothing but white space');
  if (/^<!doctype html/i.test(text)) throw new FeedRefusal('html', 'a web page');
  const { root, stranger, damage } = readTree(text, {
    limits: LIMITS,
    url: undefined,
    roots: ROOTS,
  });
  if (root === undefined) {
    const what = stranger === undefined ? 'text' : `<${stranger.replace('?', '').slice(0, 40)}>`;
    throw new FeedRefusal('not-a-feed', `it begins with ${what}, and holds no <opml>`);
  }
  const feeds: OpmlFeed[] = [];
  // Some forget the body.
  collect(root.child('body') ?? root, [], feeds);
  return { ok: true, feeds, damage: [...damage] };
}

/** As deep as the tree may be, which is not deep. */
function collect(parent: Element, folders: readonly string[], found: OpmlFeed[]): void {
  for (const outline of parent.all('outline')) {
    const title = textOf(outline, 'title') ?? textOf(outline, 'text');
    const url = addressOf(outline, 'xmlurl');
    if (url !== undefined) {
      const folder = folders.length > 0 ? folders.join('/') : categoryOf(outline);
      found.push({
        ...{ url, title, link: addressOf(outline, 'htmlurl') },
        folder: folder === undefined ? undefined : cut(folder),
      });
    }
    const inner = url === undefined && title !== undefined ? [...folders, title] : folders;
    collect(outline, inner, found);
  }
}

/** Of several the first: `/News/Tech,/Other` is `News/Tech`. */
function categoryOf(outline: Element): string | undefined {
  const first = textOf(outline, 'category')
    ?.split(',', 1)[0]
    ?.replace(/^\/+|\/+$/g, '');
  return first === '' ? undefined : first;
}

function addressOf(outline: Element, name: string): string | undefined {
  const text = outline.get(name)?.trim();
  return text === undefined || text === '' ? undefined : text.slice(0, URL_MAX);
}

function textOf(outline: Element, name: string): string | undefined {
  const text = outline
    .get(name)
    ?.replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return text === undefined || text === '' ? undefined : cut(text);
}

function cut(text: string): string {
  return wellFormed(text.slice(0, TITLE_MAX));
}

/** The list as text, folder by folder. Feeds without a folder come first. */
export function writeOpml(
  feeds: readonly OpmlFeed[],
  { title, createdMs }: { readonly title: string; readonly createdMs: number },
): string {
  const folders = new Map<string, string[]>([['', []]]);
  for (const feed of feeds) {
    const { folder = '' } = feed;
    const lines = folders.get(folder);
    if (lines) lines.push(outlineOf(feed));
    else folders.set(folder, [outlineOf(feed)]);
  }
  const outlines = [...folders].flatMap(([folder, lines]) => inFolders(folder, lines));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<opml version="2.0">',
    `<head><title>${escaped(title)}</title>`,
    `<dateCreated>${new Date(createdMs).toUTCString()}</dateCreated></head>`,
    '<body>',
    ...outlines,
    '</body>',
    '</opml>',
    '',
  ].join('\n');
}

function inFolders(folder: string, lines: readonly string[]): readonly string[] {
  const names = folder.split('/').filter((name) => name !== '');
  const open = names.map((name) => `<outline text="${escaped(name)}" title="${escaped(name)}">`);
  return [...open, ...lines, ...names.map(() => '</outline>')];
}

function outlineOf({ url, title = url, link }: OpmlFeed): string {
  const page = link === undefined ? '' : ` htmlUrl="${escaped(link)}"`;
  const name = escaped(title);
  return `<outline type="rss" text="${name}" title="${name}" xmlUrl="${escaped(url)}"${page}/>`;
}

function escaped(text: string): string {
  return escapeUTF8(text.replace(FORBIDDEN, ''));
}
