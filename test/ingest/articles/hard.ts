import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ParsedFeed } from '../../../ingest/articles/feed.ts';
import { choosePolicy, identify } from '../../../ingest/articles/identity.ts';
import { parseFeed } from '../../../ingest/articles/parse-feed.ts';
import { type Check, feedsFolder } from './corpus.ts';

interface Hard {
  readonly file: string;
  readonly http: Readonly<Record<string, unknown>>;
  readonly expect: Readonly<Record<string, unknown>> & { readonly outcome: string };
}

/** Any date beyond is 'future': what to do about it is decided where the time is known. */
const FUTURE = Date.UTC(2090, 0, 1);

/** The hostile and odd feeds, with what their list expects of each. */
export function hardChecks(): Check[] {
  const folder = join(feedsFolder, 'hard-generated');
  const list = JSON.parse(readFileSync(join(folder, 'MANIFEST.json'), 'utf8')) as Hard[];
  const checks: Check[] = [];
  for (const { file, http, expect } of list) {
    const contentType = String(http['content-type']);
    const url = 'https://feeds.test/';
    const parsed = parseFeed(readFileSync(join(folder, file)), { contentType, url });
    const check = (field: string, got: unknown, want: unknown) => {
      if (want === undefined) return;
      const right = JSON.stringify(got) === JSON.stringify(want);
      checks.push({ name: `hard/${file}: ${field}`, field, right, got, want });
    };
    const { outcome } = expect;
    // What is not refused for its bytes may be refused: nothing is said of it.
    const ok = outcome === 'reject' ? false : outcome === 'ok-or-reject' ? parsed.ok : true;
    check('outcome', parsed.ok, ok);
    if (parsed.ok) checkFeed(parsed, expect, check);
  }
  return checks;
}

type CheckField = (field: string, got: unknown, want: unknown) => void;

function checkFeed(parsed: ParsedFeed, expect: Hard['expect'], check: CheckField): void {
  const { feed, items } = parsed;
  check('items', items.length, expect.items);
  check(
    'titles',
    items.map(({ title }) => title),
    expect.titles,
  );
  check(
    'links',
    items.map(({ link }) => link ?? null),
    expect.links,
  );
  check(
    'guids',
    items.map(({ id }) => id ?? null),
    expect.guids,
  );
  const authors = items.map((item) => item.authors.map(({ name }) => name));
  check('authors', authors, expect.authors);
  check(
    'dates',
    items.map(({ published }) => isoOf(published)),
    expect.dates,
  );
  check('unique', identify(items, choosePolicy(items)).length, expect.unique);
  check('ttlMinutes', feed.ttlMinutes, expect.ttlMinutes);
  check('hub', feed.hub ?? null, expect.hub);
  check('feedTitle', feed.title, expect.feedTitle);
  if (expect.outcome === 'partial') check('damage', parsed.damage.length > 0, true);
  for (const [i, want] of ((expect.contentLinks ?? []) as string[]).entries()) {
    check(`contentLink ${i}`, items[i]?.content.includes(`href="${want}"`), true);
  }
}

function isoOf(ms: number | undefined): string | null {
  if (ms === undefined) return null;
  return ms > FUTURE ? 'future' : new Date(ms).toISOString().replace('.000Z', 'Z');
}
