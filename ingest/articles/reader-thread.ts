import { parentPort } from 'node:worker_threads';
import type { FeedItem, ParsedFeed, RefusedFeed } from './feed.ts';
import { hashContent } from './identity.ts';
import { parseFeed } from './parse-feed.ts';
import type { ReaderReply, ReaderRequest } from './reader-messages.ts';

/** The reader's thread: one body after the other. */
const port = parentPort;
if (!port) throw new Error('the reader runs in a thread of its own');

/** What is taken over at once on the other side, which has to do other things between. */
const PART_CHARS = 1_000_000;
const PART_ITEMS = 500;

function answer(id: number, parsed: ParsedFeed | RefusedFeed): void {
  const send = (reply: ReaderReply) => port?.postMessage(reply);
  if (!parsed.ok) {
    send({ id, items: [], last: parsed });
    return;
  }
  const { items, ...last } = parsed;
  let part: FeedItem[] = [];
  let chars = 0;
  for (const item of items) {
    // 10,000 of them take too long for a thread where others wait.
    part.push({ ...item, contentHash: hashContent(item) });
    chars += item.title.length + item.summary.length + item.content.length;
    if (chars < PART_CHARS && part.length < PART_ITEMS) continue;
    send({ id, items: part });
    part = [];
    chars = 0;
  }
  send({ id, items: part, last });
}

port.on('message', ({ id, bytes, options }: ReaderRequest) => {
  const { buffer, byteOffset, byteLength } = bytes;
  answer(id, parseFeed(Buffer.from(buffer, byteOffset, byteLength), options));
});
