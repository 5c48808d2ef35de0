import { othersTurn } from '../../core/pause.ts';
import type { FeedCheck, KnownArticle } from '../../registry/feed-checks.ts';
import { slices } from '../../registry/slices.ts';
import type { FeedVisit } from '../../registry/visits.ts';
import type { FeedItem } from './feed.ts';
import { type Look, type LookTools, lookForFeed } from './feed-look.ts';
import {
  IDENTITY_SLICE,
  type IdentifiedItem,
  type IdentityPolicy,
  identify,
  policyChoice,
} from './identity.ts';
import type { ArticleLedger } from './ledger.ts';
import { freshForMs } from './poll/hints.ts';
import { type CheckLimits, nextCheck } from './poll/next-check.ts';
import { type Pace, paceAfter, readPace } from './poll/pace.ts';
import type { Failure, Reason } from './poll/reasons.ts';
import { ItemsRefused, type Preparer } from './preparer.ts';

export interface FeedTools extends LookTools {
  readonly preparer: Pick<Preparer, 'prepare'>;
  readonly ledger: Pick<ArticleLedger, 'knownArticles'>;
  readonly limits: CheckLimits;
  readonly random: () => number;
}

export interface CheckedFeed {
  readonly check: FeedCheck;
  readonly reason: Reason;
  readonly bodyBytes: number | undefined;
}

/**
 * Checks a feed: asks for it, reads it, tells what is new and when it is due again.
 * @throws HostBusy, VisitLost, and TidemarkErrors of the registry.
 */
export async function visitFeed(visit: FeedVisit, tools: FeedTools): Promise<CheckedFeed> {
  const look = await lookForFeed(visit, tools);
  const bodyBytes = look.at?.bodyBytes;
  switch (look.kind) {
    case 'failed':
      return { ...failedFeed(visit, look.failure, tools), bodyBytes };
    case 'unchanged':
      return { check: unchangedCheck(visit, look, tools), reason: look.reason, bodyBytes };
    case 'read':
      return { ...(await readFeed(visit, look, tools)), bodyBytes };
  }
}

/** What stays as it was. */
function kept(visit: FeedVisit) {
  const { feed, token, policy, etag, lastModified, bodyHash } = visit;
  return {
    ...{ feed, token, policy, etag, lastModified, bodyHash, fetchUrl: visit.url, host: visit.host },
    ...{ title: null, link: null, format: null, language: null, items: null, damage: [] },
    ...{ initial: false, articles: [], changed: false, pace: visit.pace },
  };
}

/** Asked again after a while that grows; never again where it is gone for good. */
export function failedFeed(visit: FeedVisit, failure: Failure, tools: FeedTools): CheckedFeed {
  const { reason, message, status, retryAfterMs } = failure;
  const failures = visit.failures + 1;
  const { intervalMs: wantedMs } = visit.settings;
  const { nowMs, limits, random } = tools;
  const about = { nowMs: nowMs(), wantedMs, failures, retryAfterMs, limits, random };
  const next = nextCheck({ ...about, pace: readPace(visit.pace) });
  const over = reason === 'gone';
  const check: FeedCheck = {
    ...kept(visit),
    ...{ failures, reason, message, status, ...next },
    state: over ? 'gone' : 'failing',
    ...(over && { why: 'The server says that it is gone for good (410): not asked any more.' }),
  };
  return { check, reason, bodyBytes: undefined };
}

interface Success {
  readonly nowMs: number;
  readonly pace: Pace;
}

/** What every check that went well has in common. */
function passed(
  visit: FeedVisit,
  { at }: { readonly at: Exclude<Look, { kind: 'failed' }>['at'] },
  { nowMs, pace }: Success,
  { limits, random }: FeedTools,
) {
  const { headers, status } = at.answer;
  const { intervalMs: wantedMs } = visit.settings;
  const freshMs = freshForMs(headers, nowMs);
  const next = nextCheck({ nowMs, wantedMs, pace, failures: 0, freshMs, limits, random });
  return {
    ...{ state: 'ok' as const, failures: 0, message: null, status, pace, ...next },
    fetchUrl: at.fetchUrl,
    host: new URL(at.fetchUrl).host,
  };
}

/** Validators as they came: a weak one is sent back as it is. */
function validators(headers: Readonly<Record<string, string>>) {
  return { etag: headerOf(headers.etag), lastModified: headerOf(headers['last-modified']) };
}

const HEADER_CHARS = 1_000;

function headerOf(value: string | undefined): string | null {
  return value === undefined || value.length > HEADER_CHARS || value === '' ? null : value;
}

function unchangedCheck(
  visit: FeedVisit,
  look: Extract<Look, { kind: 'unchanged' }>,
  tools: FeedTools,
): FeedCheck {
  const nowMs = tools.nowMs();
  const pace = paceAfter(readPace(visit.pace), { nowMs, first: false, fresh: 0 });
  const { etag, lastModified } = validators(look.at.answer.headers);
  return {
    ...kept(visit),
    ...passed(visit, look, { nowMs, pace }, tools),
    reason: look.reason,
    // A 304 need not repeat them; a whole answer without them has none.
    etag: etag ?? (look.reason === 'same' ? null : visit.etag),
    lastModified: lastModified ?? (look.reason === 'same' ? null : visit.lastModified),
  };
}

async function readFeed(
  visit: FeedVisit,
  look: Extract<Look, { kind: 'read' }>,
  tools: FeedTools,
): Promise<Omit<CheckedFeed, 'bodyBytes'>> {
  try {
    return { check: await readCheck(visit, look, tools), reason: 'ok' };
  } catch (error) {
    if (!(error instanceof ItemsRefused) || tools.signal.aborted) throw error;
    const { reason, message } = error;
    return failedFeed(visit, { reason, message, status: look.at.answer.status }, tools);
  }
}

async function readCheck(
  visit: FeedVisit,
  look: Extract<Look, { kind: 'read' }>,
  tools: FeedTools,
): Promise<FeedCheck> {
  const { parsed, bodyHash, at } = look;
  const { feed: about, items, damage } = parsed;
  const nowMs = tools.nowMs();
  const policy = await policyOf(visit, items);
  // What they are told apart by is another thing now: all look new, and none of them is news.
  const initial = visit.bodyHash === null || policy !== visit.policy;
  const identified = await identifyInTurns(items, policy);
  const known = await knownOf(visit, identified, tools);
  const wanted = identified.filter((one) => isNews(one, known));
  const origin = { feed: visit.feed, settings: visit.settings, url: at.answer.url, nowMs };
  const articles = await tools.preparer.prepare(wanted, { ...origin, language: about.language });
  const fresh = wanted.filter(({ key }) => !known.has(key)).length;
  const published = items.flatMap((item) => item.published ?? item.updated ?? []);
  const said = { ttlMinutes: about.ttlMinutes, periodMinutes: about.updatePeriodMinutes };
  const reading = { nowMs, first: initial, fresh, published, ...said };
  const pace = paceAfter(readPace(visit.pace), reading);
  return {
    ...kept(visit),
    ...passed(visit, look, { nowMs, pace }, tools),
    ...validators(at.answer.headers),
    ...{ bodyHash, policy, initial, articles, reason: 'ok', changed: articles.length > 0 },
    ...{ title: about.title, link: about.link ?? null, format: about.format },
    ...{ language: about.language ?? null, items: items.length, damage },
  };
}

/** Never back to a more exact one: the articles that are there would come again as new. */
async function policyOf(
  { settings, policy, bodyHash }: FeedVisit,
  items: readonly FeedItem[],
): Promise<IdentityPolicy> {
  if (settings.policy !== null) return settings.policy;
  // Of what nobody has read so far nothing is decided.
  const choosing = policyChoice(items, bodyHash === null ? 'id' : policy);
  for (;;) {
    const step = choosing.next();
    if (step.done === true) return step.value;
    await othersTurn();
  }
}

/** So many rows of a feed are read at once. */
const KNOWN_SLICE = 1_000;

async function knownOf(
  { feed }: FeedVisit,
  identified: readonly IdentifiedItem[],
  { ledger }: FeedTools,
): Promise<ReadonlyMap<string, KnownArticle>> {
  const known = new Map<string, KnownArticle>();
  for (const some of slices(identified, KNOWN_SLICE)) {
    const keys = some.map(({ key }) => key);
    for (const [key, one] of await ledger.knownArticles(feed, keys)) known.set(key, one);
  }
  return known;
}

function isNews(
  { key, contentHash }: IdentifiedItem,
  known: ReadonlyMap<string, KnownArticle>,
): boolean {
  return !known.get(key)?.hashes.includes(contentHash);
}

/** As `identify`, without holding up the event loop. */
async function identifyInTurns(
  items: readonly FeedItem[],
  policy: IdentityPolicy,
): Promise<readonly IdentifiedItem[]> {
  const found = new Map<string, IdentifiedItem>();
  for (const some of slices(items, IDENTITY_SLICE)) {
    if (items.length > IDENTITY_SLICE) await othersTurn();
    for (const one of identify(some, policy)) {
      if (!found.has(one.key)) found.set(one.key, one);
    }
  }
  return [...found.values()];
}
