import { formatMs } from '../../core/duration.ts';
import type { Feed } from '../../registry/feeds.ts';
import { isoOf, isoOrNull } from '../http/moment.ts';
import type { FeedDesk } from './feed-desk.ts';

/** What is secret of it is not told. */
function shownFeed(feed: Feed) {
  const { settings, policy: policyNow } = feed;
  const { id, url, name, title, link, active, state, reason, message, status, failures } = feed;
  const { checking, why, fetchUrl, host, checks, unchanged, articles, items, format } = feed;
  const { fetch, store, policy, bodyBytesMax } = settings;
  return {
    ...{ id, url, name, title, link, active, state, reason, message, status, failures },
    due: isoOrNull(feed.dueMs),
    checking,
    why: active ? why : 'It is switched off.',
    interval: lengthOf(settings.intervalMs),
    intervalNow: lengthOf(feed.intervalNowMs),
    ...{ fetchUrl, host },
    lastCheck: isoOrNull(feed.checkedMs),
    lastNew: isoOrNull(feed.changedItemsMs),
    ...{ checks, unchanged, articles, items, format, language: feed.language, damage: feed.damage },
    ...{ policy, policyNow, fetch, store },
    headers: Object.keys(settings.headers),
    credentials: settings.authorization !== undefined,
    ...{ bodyBytesMax, tags: feed.tags },
    created: isoOf(feed.createdMs),
    changed: isoOf(feed.changedMs),
  };
}

const MINUTE_MS = 60_000;
/** Of a feed that was not checked so far. */
const INTERVAL_MS = 60_000;

/** Feeds as they are told, with what keeps each from being asked as it is to be. */
export async function shownFeeds(desk: FeedDesk, feeds: readonly Feed[]) {
  const { intervalMsFloor, spacingMs } = desk;
  const about = { intervalMsFloor, spacingMs, workers: await desk.workers() };
  return feeds.map((feed) => ({ ...shownFeed(feed), warnings: feedWarnings(about, feed) }));
}

/** The same of one. */
export async function shownOne(desk: FeedDesk, feed: Feed) {
  const [shown] = await shownFeeds(desk, [feed]);
  return shown!;
}

interface Circumstances extends Pick<FeedDesk, 'intervalMsFloor' | 'spacingMs'> {
  readonly workers: number;
}

function feedWarnings(
  { intervalMsFloor, spacingMs, workers }: Circumstances,
  feed: Feed,
): string[] {
  const { active, host, settings } = feed;
  const { intervalMs } = settings;
  if (!active) return [];
  const warnings: string[] = [];
  if (workers === 0) {
    warnings.push('no worker is there: no feed is checked until one runs (tidemark start)');
  }
  if (intervalMs !== null && intervalMs < intervalMsFloor) {
    warnings.push(
      `an interval of ${formatMs(intervalMs)} is below ${formatMs(intervalMsFloor)}, which feeds ` +
        'keep by themselves: its server may refuse so many requests',
    );
  }
  const wanted = aMinute(feed);
  // The other half is for articles.
  const share = MINUTE_MS / spacingMs / 2;
  if (wanted > share) {
    warnings.push(
      `the feeds of ${host} ask for ${round(wanted)} requests a minute, and get ${round(share)} ` +
        'while articles of it wait too: they come late; longer intervals help',
    );
  }
  return warnings;
}

/** Requests that the feeds of its host ask for, itself as it is to be asked from now on. */
function aMinute({ hostLoad, intervalNowMs, settings: { intervalMs } }: Feed): number {
  const nowMs = intervalNowMs ?? INTERVAL_MS;
  return hostLoad * 60 + MINUTE_MS / (intervalMs ?? nowMs) - MINUTE_MS / nowMs;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function lengthOf(ms: number | null): string | null {
  return ms === null ? null : formatMs(ms);
}
