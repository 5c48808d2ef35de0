import type { ParsedFeed, RefusedFeed } from './feed.ts';
import type { ParseOptions } from './parse-feed.ts';

/** What the reader's thread is asked. */
export interface ReaderRequest {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly options: ParseOptions;
}

export interface ReaderReply {
  readonly id: number;
  /** A part of the items; the rest of the answer comes with the last part. */
  readonly items: ParsedFeed['items'];
  readonly last?: Omit<ParsedFeed, 'items'> | RefusedFeed;
}
