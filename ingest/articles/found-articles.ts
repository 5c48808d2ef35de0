import { isHost } from '../../registry/article-hosts.ts';
import type { FoundArticle } from '../../registry/feed-checks.ts';
import type { FeedSettings } from '../../registry/feeds.ts';
import type { FeedItem } from './feed.ts';
import type { IdentifiedItem } from './identity.ts';
import { excerptOf } from './pages/page-text.ts';
import { prepareItem } from './prepare.ts';
import type { RuleBook } from './rule-book.ts';

export interface Origin {
  readonly feed: number;
  readonly settings: FeedSettings;
  /** Where the body came from. */
  readonly url: string;
  readonly language: string | undefined;
  readonly nowMs: number;
}

const EXCERPT_CHARS = 300;
const NAMES_MAX = 50;
const NAME_CHARS = 200;
/** How far ahead a publisher's clock may be. */
const AHEAD_MS = 3_600_000;
/** Dates before feeds were invented are mistakes. */
const FIRST_MS = Date.UTC(1990, 0, 1);

/** An item as an article: its text made harmless, judged by the rules. */
export function foundArticle(
  { key, contentHash, item }: IdentifiedItem,
  { feed, settings, url, language, nowMs }: Origin,
  rules: RuleBook,
): FoundArticle {
  const { summary, content, text, whole, symbols } = prepareItem(item, url);
  const authors = names(item.authors.map(({ name }) => name));
  const categories = names(item.categories);
  // What will not be read from a page is known to be no more than this.
  const known = whole || settings.fetch === 'never' || item.link === undefined;
  const { title } = item;
  const { matches, needsText } = rules.evaluate({
    ...{ feed, title, summary, authors, categories, symbols },
    ...(known ? { body: text } : text !== '' && { body: text, partial: true }),
  });
  const wanted = matches.length > 0 || needsText;
  const job = whole && settings.fetch !== 'always' ? null : jobOf(item, settings, wanted);
  const excerpt = settings.store === 'excerpt';
  return {
    ...{ key, contentHash, guid: item.id ?? null, url: item.link ?? null, title },
    summary: excerpt ? excerptOf(summary, EXCERPT_CHARS) : summary,
    content: excerpt ? null : content,
    ...{ authors, categories, symbols, language: language ?? null },
    publishedMs: dateOf(item.published, nowMs),
    updatedMs: dateOf(item.updated, nowMs),
    bodyState: job ? 'queued' : whole ? 'feed' : 'none',
    ...{ job, matches },
  };
}

function jobOf(
  { link }: FeedItem,
  { fetch }: FeedSettings,
  wanted: boolean,
): { url: string; host: string } | null {
  if (link === undefined || fetch === 'never' || (fetch === 'matched' && !wanted)) return null;
  if (!URL.canParse(link)) return null;
  const { host, username, password } = new URL(link);
  return isHost(host) && username === '' && password === '' ? { url: link, host } : null;
}

function names(given: readonly string[]): string[] {
  const kept = given.map((name) => name.trim().slice(0, NAME_CHARS)).filter((name) => name !== '');
  return [...new Set(kept)].slice(0, NAMES_MAX);
}

/** A date that cannot be one is none: an invented one would be believed. */
function dateOf(ms: number | undefined, nowMs: number): number | null {
  return ms === undefined || ms < FIRST_MS || ms > nowMs + AHEAD_MS ? null : ms;
}
