import { createHash } from 'node:crypto';
import type { HttpResponse } from '../../core/http.ts';
import { othersTurn } from '../../core/pause.ts';
import type { FeedVisit } from '../../registry/visits.ts';
import type { DiscoveredFeed, ParsedFeed } from './feed.ts';
import { fetchHops, type HopTools, isSameSite } from './fetch-hops.ts';
import { type Failure, failureOfRefusal } from './poll/reasons.ts';
import type { FeedReader } from './reader.ts';

/** What was found where a feed should be. */
export type Look =
  | { readonly kind: 'unchanged'; readonly reason: 'not-modified' | 'same'; readonly at: Place }
  | {
      readonly kind: 'read';
      readonly parsed: ParsedFeed;
      readonly bodyHash: string;
      readonly at: Place;
    }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly at?: Place };

/** An answer, without its body. */
export interface Place {
  readonly answer: Omit<HttpResponse, 'body'>;
  readonly bodyBytes: number | undefined;
  /** Where it is to be asked from now on. */
  readonly fetchUrl: string;
}

export interface LookTools extends HopTools {
  readonly reader: FeedReader;
}

const ACCEPT =
  'application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, ' +
  'application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.1';
/** Of the feeds that a page names, so many are tried. */
const ALTERNATES_MAX = 3;

/** Looks for the feed of a visit; on a web page, for the first that it names and that is one. */
export async function lookForFeed(visit: FeedVisit, tools: LookTools): Promise<Look> {
  const found = await look(visit, { url: visit.url, own: true }, tools);
  const { alternates = [] } = found;
  for (const { url } of alternates.slice(0, ALTERNATES_MAX)) {
    if (url === visit.url) continue;
    const own = isSameSite(visit.url, url);
    const { look: other } = await look({ ...visit, ...UNKNOWN }, { url, own }, tools);
    if (other.kind === 'read') return other;
  }
  return found.look;
}

const UNKNOWN = { etag: null, lastModified: null, bodyHash: null };

type Looked = { readonly look: Look; readonly alternates?: readonly DiscoveredFeed[] };

async function look(
  visit: FeedVisit,
  { url, own }: { readonly url: string; readonly own: boolean },
  tools: LookTools,
): Promise<Looked> {
  const found = await fetchHops(errandOf(visit, url, own), tools);
  if (!found.ok) return { look: { kind: 'failed', failure: found } };
  const { body, ...answer } = found.answer;
  const { status } = answer;
  const fetchUrl = remembered(visit, found.moved ?? url);
  if (status === 304) {
    const at = { answer, bodyBytes: undefined, fetchUrl };
    const known = visit.etag !== null || visit.lastModified !== null;
    if (known) return { look: { kind: 'unchanged', reason: 'not-modified', at } };
    const message = 'HTTP 304 to a request without conditions';
    return { look: { kind: 'failed', failure: { reason: 'status', message, status }, at } };
  }
  const at = { answer, bodyBytes: body.length, fetchUrl };
  const bodyHash = await hashOf(body);
  if (bodyHash === visit.bodyHash) return { look: { kind: 'unchanged', reason: 'same', at } };
  const contentType = answer.headers['content-type'];
  const parsed = await tools.reader.read(body, { contentType, url: answer.url });
  if (parsed.ok) return { look: { kind: 'read', parsed, bodyHash, at } };
  const failure = failureOfRefusal(parsed, status);
  return { look: { kind: 'failed', failure, at }, alternates: parsed.alternates };
}

/** One with secrets is not asked elsewhere for good: they would go there the next time. */
function remembered({ url, settings }: FeedVisit, to: string): string {
  const secret = settings.authorization !== undefined || Object.keys(settings.headers).length > 0;
  return secret && !isSameSite(url, to) ? url : to;
}

function errandOf({ settings, etag, lastModified }: FeedVisit, url: string, own: boolean) {
  const headers: Record<string, string> = { accept: ACCEPT };
  if (etag !== null) headers['if-none-match'] = etag;
  if (lastModified !== null) headers['if-modified-since'] = lastModified;
  const { authorization } = settings;
  const ownHeaders = { ...settings.headers, ...(authorization !== undefined && { authorization }) };
  return { url, headers, ...(own && { ownHeaders }), bytesMax: settings.bodyBytesMax };
}

/** At once this would hold up everything else for a body of 20 MB. */
const HASH_BYTES = 500_000;

async function hashOf(body: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < body.length; at += HASH_BYTES) {
    if (at > 0) await othersTurn();
    hash.update(body.subarray(at, at + HASH_BYTES));
  }
  return hash.digest('hex');
}
