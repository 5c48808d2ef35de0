import type { FeedItem } from './feed.ts';
import { excerptOf, linesOf } from './pages/page-text.ts';
import { type Harmless, plainMarkup } from './pages/plain-markup.ts';
import { sanitize } from './pages/sanitize.ts';
import { recognise } from './rules/symbols.ts';
import { oneLine, plainText } from './text.ts';
import { isWholeText } from './whole-text.ts';

/** What of an item is stored and matched, beside its title and names. */
export interface PreparedItem {
  /** Plain text. */
  readonly summary: string;
  /** Markup made harmless; null: the feed has no more than the summary. */
  readonly content: string | null;
  /** The plain text of it; '' where there is none. */
  readonly text: string;
  /** The text is the article, not the beginning of it. */
  readonly whole: boolean;
  readonly symbols: readonly string[];
}

const SUMMARY_CHARS = 2_000;
const TEXT_CHARS = 200_000;

/** Makes of a publisher's markup what may be stored; takes up to milliseconds for a long one. */
export function prepareItem(item: FeedItem, baseUrl: string): PreparedItem {
  const { title, summary, content, summaryType, contentType } = item;
  const short = summaryType === 'html' ? plainText(summary) : oneLine(summary);
  // Many feeds have the article where its summary should be.
  const long = content === '' && summaryType === 'html' && short.length > SUMMARY_CHARS;
  const markup = long ? summary : contentType === 'html' ? content : '';
  const base = item.link ?? baseUrl;
  const clean = markup === '' ? undefined : harmless(markup, base);
  const text = contentType === 'text' ? content.slice(0, TEXT_CHARS) : '';
  const body = clean?.text ?? text;
  const shown = short === '' ? body : short;
  return {
    summary: shown.length > SUMMARY_CHARS ? excerptOf(shown, SUMMARY_CHARS) : oneLine(shown),
    content: clean?.html ?? null,
    text: body,
    whole: isWholeText({ text: body, summary: short, content: content !== '' }),
    symbols: recognise(`${title}\n${shown.slice(0, SUMMARY_CHARS)}\n${body}`),
  };
}

function harmless(markup: string, baseUrl: string): Harmless {
  const plain = plainMarkup(markup, baseUrl);
  if (plain) return plain;
  const html = sanitize(markup, baseUrl);
  return { html, text: linesOf(html, TEXT_CHARS) };
}
