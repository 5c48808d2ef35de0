import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import { wellFormed } from '../../../core/charset.ts';
import { decodeBody } from '../encoding.ts';
import { parsedUrl } from '../links.ts';
import { oneLine } from '../text.ts';
import { escapeText } from './markup.ts';
import {
  EXCERPT_CHARS,
  PAGE_BYTES_MAX,
  type Page,
  type PageRefusal,
  type ReadPage,
  type RefusedPage,
  TEXT_CHARS_MAX,
} from './page.ts';
import { cleanLine, excerptOf, linesOf } from './page-text.ts';
import { CONTROL, sanitize } from './sanitize.ts';
import { ELEMENTS_MAX, type TidyPage, tidyPage } from './tidy.ts';

const LINE_CHARS_MAX = 1_000;
/** Less is a notice: that it loads, or wants cookies. */
const ARTICLE_CHARS_MIN = 50;

/**
 * The article of a page, found by Mozilla's Readability, sanitised. Of a page without one its
 * description is given, if it has any. Never throws for what is in the bytes. Takes seconds and
 * much memory for some: `PageReader` does it in a thread, with a deadline.
 */
export function readPage(page: Page): ReadPage | RefusedPage {
  const { bytes, contentType, url } = page;
  if (bytes.length === 0) return refused('empty', 'the page has no bytes');
  if (bytes.length > PAGE_BYTES_MAX) {
    return refused('too-large', `${bytes.length} bytes; at most ${PAGE_BYTES_MAX} are read`);
  }
  const other = otherThanHtml(bytes, contentType);
  if (other !== undefined) return refused('not-html', other);
  const tidy = tidyPage(decodeBody(bytes, contentType).text);
  const baseUrl = baseOf(tidy.base, url);
  const article = tidy.cut ? undefined : articleOf(tidy, baseUrl);
  const description = descriptionOf(tidy);
  // Less than the publisher says of it: a notice, or what loads the text.
  if (article && article.text.length >= description.text.length) return article;
  if (description.text !== '') return description;
  return tidy.cut
    ? refused(
        'too-complex',
        `more than ${ELEMENTS_MAX} elements, very many references, or nested too deep`,
      )
    : refused('no-article', 'the page has no article and no description');
}

function refused(reason: PageRefusal, message: string): RefusedPage {
  return { ok: false, reason, message };
}

/** What else the bytes are, as their header or they themselves say. */
function otherThanHtml(bytes: Buffer, contentType: string | undefined): string | undefined {
  const type = /^\s*([^\s;,]+)/.exec(contentType ?? '')?.[1]?.toLowerCase();
  if (type !== undefined && !HTML_TYPES.test(type)) return `the page is ${type.slice(0, 100)}`;
  const start = bytes.subarray(0, 8).toString('latin1');
  const found = SIGNATURES.find(([signature]) => start.startsWith(signature));
  return found && `the page is ${found[1]}, whatever its header says`;
}

/** Those that servers send pages with; plain text is many a server's default. */
const HTML_TYPES = /^(text\/(html|plain|xml)|application\/(xhtml\+xml|xml|octet-stream)|html)$/;
const SIGNATURES = [
  ['%PDF-', 'a PDF'],
  ['\u0089PNG', 'a picture'],
  ['\u00ff\u00d8\u00ff', 'a picture'],
  ['GIF8', 'a picture'],
  ['PK\u0003\u0004', 'an archive'],
  ['\u001f\u008b', 'compressed'],
] as const;

/** `<base href>` counts if it is http(s), as for browsers. */
function baseOf(base: string | undefined, url: string): string {
  const found = base === undefined ? undefined : parsedUrl(base, url);
  return found && /^https?:$/.test(found.protocol) ? found.href : url;
}

function articleOf(tidy: TidyPage, baseUrl: string): ReadPage | undefined {
  const { document } = parseHTML(tidy.html);
  const found = new Readability(document, { maxElemsToParse: ELEMENTS_MAX }).parse();
  if (!found) return undefined;
  const html = sanitize(found.content ?? '', baseUrl);
  const text = linesOf(html, TEXT_CHARS_MAX);
  if (text.length < ARTICLE_CHARS_MIN) return undefined;
  return {
    ok: true,
    from: 'article',
    title: line(found.title || tidy.title),
    byline: line(found.byline ?? '') || undefined,
    html,
    text,
    excerpt: excerptOf(clean(found.excerpt ?? ''), EXCERPT_CHARS) || excerptOf(text, EXCERPT_CHARS),
    language: languageOf(tidy.language),
  };
}

function descriptionOf(tidy: TidyPage): ReadPage {
  const text = oneLine(clean(tidy.description));
  return {
    ok: true,
    from: 'description',
    title: line(tidy.title),
    byline: undefined,
    html: text === '' ? '' : `<p>${escapeText(text)}</p>`,
    text,
    excerpt: excerptOf(text, EXCERPT_CHARS),
    language: languageOf(tidy.language),
  };
}

function clean(text: string): string {
  return wellFormed(text.replace(CONTROL, ''));
}

function line(text: string): string {
  return cleanLine(text, LINE_CHARS_MAX);
}

/** `en_US` of Open Graph is the same as `en-US`. */
function languageOf(language: string | undefined): string | undefined {
  const tag = language?.trim().replaceAll('_', '-');
  if (tag === undefined || !/^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$/i.test(tag)) return undefined;
  return tag
    .split('-')
    .map((part, at) => (at > 0 && part.length === 2 ? part.toUpperCase() : part.toLowerCase()))
    .join('-');
}
