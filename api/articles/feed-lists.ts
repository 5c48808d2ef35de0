/** Lists of subscriptions: OPML in and out. */
import { isCode } from '../../core/errors.ts';
import type { Feed, NewFeed } from '../../registry/feeds.ts';
import { HttpProblem } from '../http/errors.ts';
import { labelOf } from '../http/field-schemas.ts';
import type { FeedDesk, ListedFeed } from './feed-desk.ts';
import { plainFeed } from './feed-wish.ts';

/** The first is how it is sent. */
export const listTypes = ['text/x-opml', 'text/xml', 'application/xml'] as const;

/** Feeds are taken and given so many at a time. */
const PART = 500;
/** Of a name, and of a tag. */
const TEXT_MAX = 200;
const SHOWN_MAX = 200;
const FOLDER = 'folder';

export interface Imported {
  readonly added: number;
  readonly known: number;
  readonly refused: readonly { readonly url: string; readonly why: string }[];
  readonly damage: readonly string[];
}

/**
 * Makes the feeds of a list that are not there.
 * @throws HttpProblem 422 for bytes that are no list, with the reason
 */
export async function importFeeds(
  desk: FeedDesk,
  bytes: Buffer,
  contentType: string,
): Promise<Imported> {
  const list = await desk.readList(bytes, contentType);
  if (!list.ok) {
    throw new HttpProblem(422, 'unprocessable', `not a list of feeds: ${list.message}`, {
      details: { reason: list.reason, expected: 'OPML' },
    });
  }
  const refused: { url: string; why: string }[] = [];
  let [added, known] = [0, 0];
  for (let at = 0; at < list.feeds.length; at += PART) {
    const wanted: NewFeed[] = [];
    for (const listed of list.feeds.slice(at, at + PART)) {
      const found = await wantedOf(desk, listed);
      if ('why' in found) refused.push(found);
      else wanted.push(found);
    }
    const made = wanted.length === 0 ? 0 : await desk.addMany(wanted);
    added += made;
    known += wanted.length - made;
  }
  return { added, known, refused, damage: list.damage };
}

async function wantedOf(
  desk: FeedDesk,
  { url: text, title, folder }: ListedFeed,
): Promise<NewFeed | { readonly url: string; readonly why: string }> {
  const refusal = (why: string) => ({ url: withoutSecret(text).slice(0, SHOWN_MAX), why });
  try {
    const address = desk.addressOf(text);
    const refused = await desk.refusalOf(address.url);
    if (refused !== undefined) return refusal(refused.why);
    const [name = null, tag] = [title, folder].map((each) => labelOf(each, TEXT_MAX));
    const tags = tag === undefined ? {} : { [FOLDER]: tag };
    return plainFeed(desk, { ...address, name, tags });
  } catch (error) {
    if (!isCode(error, 'invalid')) throw error;
    const { expected } = (error.details ?? {}) as { readonly expected?: string };
    return refusal(expected === undefined ? error.message : `expected ${expected}`);
  }
}

function withoutSecret(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, '//');
}

/** All feeds that are watched, as OPML, in the folders that their tag `folder` names. */
export async function exportFeeds(desk: FeedDesk, nowMs: number): Promise<string> {
  const listed: ListedFeed[] = [];
  for (let after = 0; ; ) {
    const feeds = await desk.list({ after, limit: PART, active: true });
    // Of each no more than it takes: there may be many.
    for (const feed of feeds) listed.push(listedOf(feed));
    const last = feeds.at(-1);
    if (last === undefined || feeds.length < PART) break;
    after = last.id;
  }
  return desk.writeList(listed, nowMs);
}

function listedOf({ url, name, title, link, tags }: Feed): ListedFeed {
  return {
    url,
    title: name ?? title ?? undefined,
    folder: tags[FOLDER],
    link: link ?? undefined,
  };
}
