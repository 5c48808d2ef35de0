/** The reader's thread: one body after the other. */
import { answerTasks } from '../../core/task-answers.ts';
import type { FeedItem } from './feed.ts';
import { KnownHashes } from './known-hashes.ts';
import { parseFeed } from './parse-feed.ts';
import type { ReaderAnswer, ReaderRequest } from './reader.ts';

/** What is taken over at once on the other side, which has to do other things between. */
const PART_CHARS = 500_000;
const PART_ITEMS = 200;

/** Of the feeds of a large list; some 200 bytes each. */
const HASHES_MAX = 100_000;

const hashes = new KnownHashes(HASHES_MAX);

answerTasks<ReaderRequest, ReaderAnswer, readonly FeedItem[]>(({ bytes, options }, send) => {
  const { buffer, byteOffset, byteLength } = bytes;
  const parsed = parseFeed(Buffer.from(buffer, byteOffset, byteLength), options);
  if (!parsed.ok) return parsed;
  const { items, ...rest } = parsed;
  let part: FeedItem[] = [];
  let chars = 0;
  for (const item of items) {
    // 10,000 of them take too long for a thread where others wait.
    part.push({ ...item, contentHash: hashes.of(item) });
    chars += item.title.length + item.summary.length + item.content.length;
    if (chars < PART_CHARS && part.length < PART_ITEMS) continue;
    send(part);
    part = [];
    chars = 0;
  }
  send(part);
  return rest;
});
