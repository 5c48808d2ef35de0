import { createHash } from 'node:crypto';
import type { FeedItem } from './feed.ts';
import { plainText } from './text.ts';

/** What tells one article of a feed from another, the most exact first. */
export const IDENTITY_POLICIES = ['id', 'link', 'link+date', 'content'] as const;
export type IdentityPolicy = (typeof IDENTITY_POLICIES)[number];

export interface Identity {
  /** The same article has the same key in every body of its feed; 32 hex digits. */
  readonly key: string;
  /** By what the key was made: a weaker one than the policy where the item lacks it. */
  readonly by: IdentityPolicy;
  /** Of what a reader sees: another hash under the same key is an updated article. */
  readonly contentHash: string;
}

/** Beyond this share of items that a policy cannot tell apart, it is not the feed's. */
const BAD_SHARE_MAX = 0.05;

/** An item's identity by a policy; what it lacks is made up for by the next policy that it has. */
export function identityOf(item: FeedItem, policy: IdentityPolicy = 'id'): Identity {
  const contentHash = hashContent(item);
  const from = IDENTITY_POLICIES.indexOf(policy);
  for (const by of IDENTITY_POLICIES.slice(from)) {
    const value = policyValue(item, by, contentHash);
    if (value !== undefined) return { key: digest([by, value]), by, contentHash };
  }
  return { key: digest(['content', contentHash]), by: 'content', contentHash };
}

/**
 * The policy that fits a feed: the wanted one, or the first after it under which no more than one
 * in twenty of its items lacks a value or has that of a different item. An item that is there twice
 * is one item. A policy once degraded is kept by the caller: keys would change with it.
 */
export function choosePolicy(
  items: readonly FeedItem[],
  wanted: IdentityPolicy = 'id',
): IdentityPolicy {
  const choosing = policyChoice(items, wanted);
  let step = choosing.next();
  while (step.done !== true) step = choosing.next();
  return step.value;
}

/** So many items are looked at, and digests made, before others may have their turn. */
export const IDENTITY_SLICE = 250;

/** `choosePolicy` in steps, of which none takes long. */
export function* policyChoice(
  items: readonly FeedItem[],
  wanted: IdentityPolicy,
): Generator<undefined, IdentityPolicy> {
  const from = IDENTITY_POLICIES.indexOf(wanted);
  for (const policy of IDENTITY_POLICIES.slice(from)) {
    if (policy === 'content') break;
    const seen = new Map<string, string>();
    let bad = 0;
    for (const [i, item] of items.entries()) {
      if (i % IDENTITY_SLICE === IDENTITY_SLICE - 1) yield;
      const hash = hashContent(item);
      const value = policyValue(item, policy, hash);
      const before = value === undefined ? undefined : seen.get(value);
      if (value === undefined || (before !== undefined && before !== hash)) bad += 1;
      else seen.set(value, hash);
    }
    if (bad <= items.length * BAD_SHARE_MAX) return policy;
  }
  return 'content';
}

export interface IdentifiedItem extends Identity {
  readonly item: FeedItem;
}

/** The articles of one body, each once: of two with one key the first stays. */
export function identify(
  items: readonly FeedItem[],
  policy: IdentityPolicy,
): readonly IdentifiedItem[] {
  const found = new Map<string, IdentifiedItem>();
  for (const item of items) {
    const identity = identityOf(item, policy);
    if (!found.has(identity.key)) found.set(identity.key, { ...identity, item });
  }
  return [...found.values()];
}

/**
 * Of title and text without markup, spaces and addresses. Not of the dates: some feeds write the
 * present into them at every request.
 */
export function hashContent(item: FeedItem): string {
  const { title, summary, content } = item;
  if (item.contentHash !== undefined) return item.contentHash;
  const body = content === '' ? summary : content;
  const type = content === '' ? item.summaryType : item.contentType;
  const text = type === 'html' ? plainText(body) : body;
  return digest([normal(title), normal(text)]);
}

function policyValue(item: FeedItem, policy: IdentityPolicy, hash: string): string | undefined {
  const link = item.link === undefined ? undefined : comparable(item.link);
  switch (policy) {
    case 'id':
      return item.id === undefined ? undefined : comparable(item.id);
    case 'link':
      return link;
    case 'link+date':
      return link && item.published !== undefined ? `${link} ${item.published}` : undefined;
    case 'content':
      return hash;
  }
}

/** A site that moves to https, or drops the last slash, has no new articles. */
function comparable(id: string): string {
  return /^https?:\/\//i.test(id) ? id.replace(/^https?:\/\//i, '//').replace(/\/$/, '') : id;
}

function normal(text: string): string {
  // Nothing below is composed of anything.
  const composed = /[\u0300-\uffff]/.test(text) ? text.normalize('NFC') : text;
  return composed.replace(/\s{2,}|[^\S ]/g, ' ').trim();
}

/** The parts cannot run into each other. */
function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
