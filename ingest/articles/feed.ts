/** A feed and its items, whatever format they came in. All text is well-formed Unicode. */
export interface Feed {
  readonly format: FeedFormat;
  /** `atom:id` or `rdf:about`. */
  readonly id: string | undefined;
  readonly title: string;
  /** The page that the feed is about; http(s), absolute if the feed's own address is known. */
  readonly link: string | undefined;
  /** What the feed says its own address is. */
  readonly self: string | undefined;
  readonly description: string;
  readonly language: string | undefined;
  /** `ttl` of RSS: for how long it says that it stays the same. */
  readonly ttlMinutes: number | undefined;
  /** `sy:updatePeriod` divided by `sy:updateFrequency`. */
  readonly updatePeriodMinutes: number | undefined;
  readonly hub: string | undefined;
  readonly authors: readonly Person[];
  /** Unix milliseconds. */
  readonly updated: number | undefined;
}

export type FeedFormat = 'rss' | 'rdf' | 'atom' | 'json';

export interface FeedItem {
  /** `guid`, `atom:id`, `rdf:about`, `id`: as the publisher wrote it, spaces around left out. */
  readonly id: string | undefined;
  /** The id is said to be the item's address (`isPermaLink`). */
  readonly idIsLink: boolean;
  /** http(s), without tracking parameters; relative ones resolved. */
  readonly link: string | undefined;
  /** Plain text on one line. */
  readonly title: string;
  /** As `summaryType` says. Markup is the publisher's and not sanitised; its links are absolute. */
  readonly summary: string;
  readonly summaryType: TextType;
  /** The whole article where the feed has it, else ''. Not sanitised either. */
  readonly content: string;
  readonly contentType: TextType;
  readonly authors: readonly Person[];
  readonly categories: readonly string[];
  /** Unix milliseconds; undefined where the feed has none that can be read. Never invented. */
  readonly published: number | undefined;
  readonly updated: number | undefined;
  readonly enclosures: readonly Enclosure[];
  /** Address of the page of comments. */
  readonly comments: string | undefined;
  /** `hashContent` of it, where the reader's thread has worked it out already. */
  readonly contentHash?: string;
}

export type TextType = 'text' | 'html';

export interface Person {
  readonly name: string;
  readonly email?: string;
  readonly url?: string;
}

export interface Enclosure {
  readonly url: string;
  readonly type?: string;
  readonly bytes?: number;
}

/** What was wrong with a feed that was read all the same. */
export type Damage =
  | 'truncated' // it ends in the middle: the item that was cut is left out
  | 'unclosed' // tags that nobody closed
  | 'junk-before' // something stands before the feed
  | 'control-characters' // left out
  | 'undeclared-prefix' // taken for what it usually is
  | 'encoding' // the bytes are not in the charset that was said
  | 'items-left-out' // more than `itemsMax`
  | 'text-cut'; // an item's text is longer than `textMax`

/** Why a body is not a feed. */
export type RefusalReason =
  | 'empty'
  | 'html' // a web page; `alternates` are the feeds that it names
  | 'not-a-feed'
  | 'too-large'
  | 'too-deep'
  | 'too-complex'
  | 'timeout'
  | 'failed'; // the thread ended: a mistake of ours, or its memory

export interface FeedLimits {
  /** Of the body, inflated. */
  readonly bytesMax: number;
  readonly itemsMax: number;
  /** Tags within tags. */
  readonly depthMax: number;
  readonly elementsMax: number;
  /** Characters of one text of one item. */
  readonly textMax: number;
}

export const FEED_LIMITS: FeedLimits = {
  bytesMax: 25_000_000,
  itemsMax: 10_000,
  depthMax: 256,
  elementsMax: 1_000_000,
  textMax: 1_000_000,
};

export interface ParsedFeed {
  readonly ok: true;
  readonly feed: Feed;
  readonly items: readonly FeedItem[];
  readonly damage: readonly Damage[];
  /** What the bytes were read as, and how that was found. */
  readonly charset: string;
  readonly charsetFrom: CharsetSource;
}

export type CharsetSource = 'bom' | 'bytes' | 'header' | 'document' | 'detection';

export interface DiscoveredFeed {
  readonly url: string;
  readonly type: string;
  readonly title: string;
}

export interface RefusedFeed {
  readonly ok: false;
  readonly reason: RefusalReason;
  readonly message: string;
  readonly alternates: readonly DiscoveredFeed[];
}

/** Ends the reading of a body from wherever it is in it. */
export class FeedRefusal extends Error {
  override readonly name = 'FeedRefusal';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
