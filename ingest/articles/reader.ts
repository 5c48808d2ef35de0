import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { movable } from '../../core/movable.ts';
import { TaskThread } from '../../core/task-thread.ts';
import type { FeedItem, ParsedFeed, RefusalReason, RefusedFeed } from './feed.ts';
import type { ParseOptions } from './parse-feed.ts';

export interface FeedReader {
  /** `parseFeed` in a thread. The bytes are moved there: nobody else may use them after. */
  read(bytes: Buffer, options?: ParseOptions): Promise<ParsedFeed | RefusedFeed>;
  close(): Promise<void>;
}

export interface FeedReaderOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A body that takes longer is hostile. */
  readonly taskMsMax?: number;
  /** Of JavaScript objects; beyond it the thread ends, and only the thread. */
  readonly memoryMbMax?: number;
  /** Tests give one that misbehaves. */
  readonly program?: URL;
}

const TASK_MS_MAX = 20_000;
const MEMORY_MB_MAX = 768;
const YOUNG_MB = 32;
const PROGRAM = new URL('./reader-thread.js', import.meta.url);

/** To the reader's thread. */
export interface ReaderRequest {
  readonly bytes: Uint8Array;
  readonly options: ParseOptions;
}

/** Its answer; the items come before it, in parts. */
export type ReaderAnswer = Omit<ParsedFeed, 'items'> | RefusedFeed;

/**
 * Reads bodies in a thread of their own, one at a time in the order asked, so that the event loop
 * waits for none. A body that takes too long or too much memory ends the thread and is refused;
 * those behind it are read by the next one.
 */
export function createFeedReader(options: FeedReaderOptions): FeedReader {
  const { clock, log, taskMsMax: timeoutMs = TASK_MS_MAX } = options;
  const { memoryMbMax = MEMORY_MB_MAX, program = PROGRAM } = options;
  const thread = new TaskThread<ReaderRequest, ReaderAnswer, readonly FeedItem[]>({
    ...{ program, name: 'feed reader', clock, memoryMbMax, youngMbMax: YOUNG_MB },
  });
  return {
    async read(bytes, parseOptions = {}) {
      const items: FeedItem[] = [];
      const body = movable(bytes);
      const onPart = (part: readonly FeedItem[]): void => {
        for (const item of part) items.push(item);
      };
      const asked = { timeoutMs, transfer: [body.buffer], onPart };
      try {
        const answer = await thread.run({ bytes: body, options: parseOptions }, asked);
        return answer.ok ? { ...answer, items } : answer;
      } catch (error) {
        const why = messageOf(error);
        if (!isCode(error, 'cancelled')) {
          log.error({ why, url: parseOptions.url }, 'the feed reader ended');
        }
        return refused(isCode(error, 'timeout') ? 'timeout' : 'failed', why);
      }
    },
    close: () => thread.close(),
  };
}

function refused(reason: RefusalReason, message: string): RefusedFeed {
  return { ok: false, reason, message, alternates: [] };
}
