import type { z } from 'zod';
import type { Feed, FeedChange, FeedSettings, NewFeed } from '../../registry/feeds.ts';
import {
  basicOf,
  demandInterval,
  demandReachable,
  named,
  wrongField,
} from '../http/field-errors.ts';
import type { FeedDesk } from './feed-desk.ts';
import { type feedPatch, type feedWish, INTERVAL_MS } from './feed-schemas.ts';

type Wish = z.output<typeof feedWish>;
type Patch = z.output<typeof feedPatch>;
type Given = Omit<Wish, 'url'>;

const BODY_BYTES = 20 * 1024 * 1024;

/** What a setting is that nobody gave. */
function defaultsOf({ store }: FeedDesk): FeedSettings {
  return {
    ...{ intervalMs: null, headers: {}, fetch: 'matched', store, policy: null },
    bodyBytesMax: BODY_BYTES,
  };
}

/**
 * What is wanted, whole, for a feed that is new, and what of it was given, for one of the same url,
 * to which it has to fit. Nobody is asked whether a feed is there.
 * @throws TidemarkError `invalid` naming the field, HttpProblem 422 for a place out of reach
 */
export async function readFeedWish(
  desk: FeedDesk,
  { url: text, ...given }: Wish,
): Promise<{ readonly wanted: NewFeed; readonly given: FeedChange }> {
  const { url, host, authorization } = named(() => desk.addressOf(text));
  if (authorization !== undefined && typeof given.credentials === 'string') {
    throw wrongField('credentials', 'those in the URL or these, not both');
  }
  const own = authorization === undefined ? {} : { settings: { authorization } };
  const change = changeOf(desk, given, own);
  const settings = { ...defaultsOf(desk), ...change.settings };
  const wanted = { url, host, name: change.name ?? null, tags: change.tags ?? {}, settings };
  checkSettings(desk, url, settings);
  demandReachable(await desk.refusalOf(url));
  const same = await desk.findSame(url);
  if (same) checkChange(desk, same, change);
  return { wanted, given: change };
}

/**
 * What of a feed is to be changed; it fits to what stays.
 * @throws TidemarkError `invalid` naming the field
 */
export function readFeedPatch(desk: FeedDesk, feed: Feed, patch: Patch): FeedChange {
  const change = changeOf(desk, patch, {});
  checkChange(desk, feed, change);
  return { ...change, ...(patch.active !== undefined && { active: patch.active }) };
}

/** A feed with everything at its default, as lists of subscriptions bring them. */
export function plainFeed(
  desk: FeedDesk,
  feed: Pick<NewFeed, 'url' | 'host' | 'name' | 'tags'> & { readonly authorization?: string },
): NewFeed {
  const { authorization, ...rest } = feed;
  const settings = defaultsOf(desk);
  return {
    ...rest,
    settings: authorization === undefined ? settings : { ...settings, authorization },
  };
}

function checkChange(desk: FeedDesk, { url, settings }: Feed, change: FeedChange): void {
  const { authorization, ...rest } = settings;
  const kept = change.without?.includes('authorization') ? rest : settings;
  checkSettings(desk, url, { ...kept, ...change.settings });
}

/** Whether it can be asked so. Two kinds of credentials would leave open which is sent. */
function checkSettings(
  desk: FeedDesk,
  url: string,
  { headers, authorization }: Partial<FeedSettings>,
): void {
  const names = Object.keys(headers ?? {}).map((name) => name.toLowerCase());
  if (authorization !== undefined && names.includes('authorization')) {
    throw wrongField('headers', 'no authorization beside credentials');
  }
  named(() => desk.check(url, headers ?? {}));
}

type Kept = Partial<{ -readonly [Name in keyof FeedSettings]: FeedSettings[Name] }>;

/** What was given, null as the default. */
function changeOf(desk: FeedDesk, given: Given, { settings: own = {} }: FeedChange): FeedChange {
  const { interval, name, tags, credentials, headers, fetch, store, policy, bodyBytesMax } = given;
  if (interval != null) demandInterval(interval, INTERVAL_MS);
  const usual = defaultsOf(desk);
  const settings: Kept = { ...own };
  if (interval !== undefined) settings.intervalMs = interval;
  if (headers !== undefined) settings.headers = headers ?? usual.headers;
  if (fetch !== undefined) settings.fetch = fetch ?? usual.fetch;
  if (store !== undefined) settings.store = store ?? usual.store;
  if (policy !== undefined) settings.policy = policy;
  if (bodyBytesMax !== undefined) settings.bodyBytesMax = bodyBytesMax ?? usual.bodyBytesMax;
  if (typeof credentials === 'string') settings.authorization = basicOf(credentials);
  return {
    ...(name !== undefined && { name }),
    ...(tags !== undefined && { tags: tags ?? {} }),
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(credentials === null && { without: ['authorization'] as const }),
  };
}
