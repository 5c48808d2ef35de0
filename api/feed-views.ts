import { formatMs } from '../core/duration.ts';
import type { Feed } from '../registry/feeds.ts';
import type { FeedDesk } from './feed-desk.ts';
import { isoOf, isoOrNull } from './moment.ts';

/** A feed as it is told. What is secret of it is not. */
export function shownFeed(feed: Feed) {
  const { settings, policy: policyNow } = feed;
  const { id, url, name, title, link, active, state, reason, message, status, failures } = feed;
  const { checking, why, fetchUrl, host, checks, unchanged, articles, items, format } = feed;
  const { fetch, store, policy, bodyBytesMax } = settings;
  return {
    ...{ id, url, name, title, link, active, state, reason, message, status, failures },
    due: isoOrNull(feed.dueMs),
    ...{ checking, why },
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

/** What keeps a feed from being asked as it is to be. */
export function feedWarnings(
  { intervalMsFloor, spacingMs }: Pick<FeedDesk, 'intervalMsFloor' | 'spacingMs'>,
  { active, host, hostLoad, settings: { intervalMs } }: Feed,
): string[] {
  if (!active) return [];
  const warnings: string[] = [];
  if (intervalMs !== null && intervalMs < intervalMsFloor) {
    warnings.push(
      `an interval of ${formatMs(intervalMs)} is below ${formatMs(intervalMsFloor)}, which feeds ` +
        'keep by themselves: its server may refuse so many requests',
    );
  }
  // The other half is for articles.
  if (spacingMs > 0 && hostLoad * spacingMs > 0.5) {
    const wanted = round(hostLoad * MINUTE_MS);
    const allowed = round(MINUTE_MS / spacingMs / 2);
    warnings.push(
      `the feeds of ${host} ask for ${wanted} requests a minute, and get ${allowed} while ` +
        'articles of it wait too: they come late; longer intervals help',
    );
  }
  return warnings;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function lengthOf(ms: number | null): string | null {
  return ms === null ? null : formatMs(ms);
}
