import type { Feed, FeedChange, FeedFilter, FeedSettings, NewFeed } from '../../registry/feeds.ts';
import type { MonitorDesk } from '../monitors/desk.ts';

/** A feed as a list of subscriptions names it. */
export interface ListedFeed {
  readonly url: string;
  readonly title: string | undefined;
  /** Folders, `/` between. */
  readonly folder: string | undefined;
  /** The page that it is about. */
  readonly link: string | undefined;
}

export type ReadList =
  | { readonly ok: true; readonly feeds: readonly ListedFeed[]; readonly damage: readonly string[] }
  | { readonly ok: false; readonly reason: string; readonly message: string };

/** Where feeds are kept. They are asked by workers. */
export interface FeedDesk extends Pick<MonitorDesk, 'addressOf' | 'refusalOf'> {
  /** Below it no feed comes by itself: whoever asks for less is warned. */
  readonly intervalMsFloor: number;
  /** How long a host is left alone after each request; 0: not at all. */
  readonly spacingMs: number;
  /** What new feeds keep of their articles. */
  readonly store: FeedSettings['store'];
  /** @throws TidemarkError `invalid` with `option` as detail for what cannot be sent. */
  check(url: string, headers: Readonly<Record<string, string>>): void;
  /** Finds the feed of the same url, switches it on and changes it, or makes one. */
  ensure(
    wanted: NewFeed,
    given: FeedChange,
  ): Promise<{ readonly feed: Feed; readonly made: boolean }>;
  /** Makes those that are not there; how many that were. */
  addMany(wanted: readonly NewFeed[]): Promise<number>;
  change(id: number, change: FeedChange): Promise<Feed | undefined>;
  /** @throws TidemarkError `conflict` when it is switched off. */
  checkNow(id: number): Promise<Feed | undefined>;
  /** How many workers there are that check feeds. */
  workers(): Promise<number>;
  find(id: number): Promise<Feed | undefined>;
  findSame(url: string): Promise<Feed | undefined>;
  list(filter: FeedFilter): Promise<readonly Feed[]>;
  /**
   * OPML, as bytes, which are nobody's after, and as the type that was said. Never throws for what
   * is in them.
   */
  readList(bytes: Buffer, contentType: string): Promise<ReadList>;
  writeList(feeds: readonly ListedFeed[], nowMs: number): string;
}
