import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../core/paths.ts';
import { parseDate } from '../../../ingest/articles/dates.ts';
import type { FeedItem, ParsedFeed, Person } from '../../../ingest/articles/feed.ts';
import { parseFeed } from '../../../ingest/articles/parse-feed.ts';
import { plainText } from '../../../ingest/articles/text.ts';

export const feedsFolder = join(projectRoot, '..', 'shared', 'data', 'feeds');
export const skip = existsSync(feedsFolder) ? false : 'no ../shared/data/feeds here';

/** One expectation: `name` is `file: path`. */
export interface Check {
  readonly name: string;
  readonly field: string;
  readonly right: boolean;
  readonly got: unknown;
  readonly want: unknown;
}

/**
 * What is not ours to read: clean markup is the sanitiser's work; CDF (1997), places and podcast
 * chapters are no news.
 */
const OUT_OF_SCOPE = /^(wellformed\/(sanitize|cdf|geo|psc)|illformed\/geo)\//;

interface Expectation {
  readonly file: string;
  readonly assertions: readonly { readonly path: readonly (string | number)[]; eq?: unknown }[];
}

/** Where feedparser's own tests serve its files. */
const SERVER = 'http://127.0.0.1:8097/';

/** feedparser's expectations of title, link, id, date, author, summary and content. */
export function feedparserChecks(): Check[] {
  const file = join(feedsFolder, 'feedparser-expectations.json');
  const checks: Check[] = [];
  for (const each of JSON.parse(readFileSync(file, 'utf8')) as Expectation[]) {
    if (OUT_OF_SCOPE.test(each.file)) continue;
    const wanted = each.assertions.filter(({ path, eq }) => eq !== undefined && fieldOf(path));
    if (wanted.length === 0) continue;
    const bytes = readFileSync(join(feedsFolder, 'feedparser', 'tests', each.file));
    const header = (name: string) =>
      new RegExp(`^Header:\\s+${name}:\\s*(\\S.*)$`, 'im').exec(bytes.toString('latin1'))?.[1];
    const place = header('Content-Location');
    const document = `${SERVER}tests/${each.file}`;
    const url = place && URL.canParse(place, SERVER) ? new URL(place, SERVER).href : document;
    const safe = url.startsWith('http') ? url : document;
    const parsed = parseFeed(bytes, { contentType: header('Content-type'), url: safe });
    for (const { path, eq } of wanted) {
      const field = fieldOf(path) ?? '';
      const got = parsed.ok ? valueAt(parsed, path, field) : parsed.reason;
      const right = parsed.ok && same(got, eq, field);
      checks.push({
        name: `feedparser/${each.file}: ${path.join('.')}`,
        field,
        right,
        got,
        want: eq,
      });
    }
  }
  return checks;
}

const FIELDS = new Set(['title', 'link', 'id', 'guid', 'author', 'summary', 'description']);

function fieldOf(path: readonly (string | number)[]): string | undefined {
  const rest = path.filter((part) => typeof part === 'string');
  const [where, name = '', detail] = rest;
  if (where !== 'feed' && where !== 'entries') return undefined;
  if (where === 'feed' && !['title', 'link', 'id', 'guid', 'title_detail'].includes(name)) {
    return undefined;
  }
  if (/^(published|updated)(_parsed)?$/.test(name)) return name.replace('_parsed', '');
  if (name === 'guid') return 'id';
  if (name === 'description') return 'summary';
  if (FIELDS.has(name) && detail === undefined) return name;
  if (detail !== 'value') return undefined;
  if (name === 'title_detail') return 'title';
  if (name === 'summary_detail') return 'summary';
  return name === 'content' ? 'content' : undefined;
}

function valueAt(parsed: ParsedFeed, path: readonly (string | number)[], field: string): unknown {
  if (path[0] === 'feed') return parsed.feed[field as 'title'];
  const item = parsed.items[Number(path[1])];
  if (!item) return 'no such item';
  return field === 'author' ? authorLine(item.authors[0]) : item[field as keyof FeedItem];
}

function authorLine(person: Person | undefined): string | undefined {
  if (!person) return undefined;
  const { name, email } = person;
  return email === undefined || email === name ? name : `${name} (${email})`;
}

/** Titles are plain text here, so their markup does not count; that of other texts does. */
function same(got: unknown, want: unknown, field: string): boolean {
  if (field === 'published' || field === 'updated') return got === instantOf(want);
  if (typeof got !== 'string' || typeof want !== 'string') return false;
  if (got === want) return true;
  if (field === 'title') return got === plainText(want) || got === want.replace(/\s+/g, ' ').trim();
  return markup(got) === markup(want);
}

function instantOf(want: unknown): number | undefined {
  if (typeof want === 'string') return parseDate(want);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = want as number[];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The same markup may be written in several ways. */
function markup(text: string): string {
  return text
    .trim()
    .replace(/\s*\/>/g, '>')
    .replace(/='([^']*)'/g, '="$1"');
}

interface GofeedPerson {
  readonly name?: string;
  readonly email?: string;
}
interface GofeedItem extends Readonly<Record<string, unknown>> {
  readonly author?: GofeedPerson;
  readonly categories?: readonly string[];
}
interface GofeedFeed {
  readonly title?: string;
  readonly link?: string;
  readonly items?: readonly GofeedItem[];
}

/** The expectations of gofeed's translator: its one shape for all formats. */
export function gofeedChecks(): Check[] {
  const checks: Check[] = [];
  for (const format of ['rss', 'atom', 'json']) {
    const folder = join(feedsFolder, 'gofeed', 'testdata', 'translator', format);
    for (const file of readdirSync(folder).sort()) {
      const expected = join(folder, file.replace(/\.xml$/, '.json'));
      if (!file.endsWith('.xml') || !existsSync(expected)) continue;
      const parsed = parseFeed(readFileSync(join(folder, file)));
      const want = JSON.parse(readFileSync(expected, 'utf8')) as GofeedFeed;
      const name = `gofeed/${format}/${file}`;
      if (parsed.ok) checks.push(...gofeedFile(name, parsed, want));
      else checks.push({ name, field: 'feed', right: false, got: parsed.reason, want });
    }
  }
  return checks;
}

function gofeedFile(file: string, parsed: ParsedFeed, want: GofeedFeed): Check[] {
  const checks: Check[] = [];
  const check = (path: string, got: unknown, wanted: unknown) => {
    if (wanted === undefined) return;
    const field = path.split('.').at(-1) ?? path;
    const right = Array.isArray(wanted)
      ? JSON.stringify(got) === JSON.stringify(wanted)
      : same(got, wanted, field);
    checks.push({ name: `${file}: ${path}`, field, right, got, want: wanted });
  };
  check('title', parsed.feed.title, want.title);
  check('link', parsed.feed.link, want.link);
  for (const [i, item] of (want.items ?? []).entries()) {
    const got = parsed.items[i];
    check(`${i}.title`, got?.title, item.title);
    check(`${i}.link`, got?.link, item.link);
    check(`${i}.id`, got?.id, item.guid);
    check(`${i}.summary`, got?.summary, item.description);
    check(`${i}.content`, got?.content, item.content);
    check(`${i}.published`, got?.published, item.published);
    check(`${i}.updated`, got?.updated, item.updated);
    check(`${i}.name`, got?.authors[0]?.name, item.author?.name);
    check(`${i}.email`, got?.authors[0]?.email, item.author?.email);
    check(`${i}.categories`, got?.categories, item.categories);
  }
  return checks;
}
