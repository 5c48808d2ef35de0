import type { Clock } from '../../core/clock.ts';
import { TaskThread } from '../../core/task-thread.ts';
import type { FeedItem } from './feed.ts';
import type { PreparedItem } from './prepare.ts';

export interface PrepareTask {
  readonly items: readonly FeedItem[];
  readonly baseUrl: string;
}

/** `prepareItem` in a thread, in the order of the items. */
export interface Preparer {
  /** @throws TidemarkError as `TaskThread.run`: hostile items cost their feed, and no other. */
  prepare(items: readonly FeedItem[], baseUrl: string): Promise<readonly PreparedItem[]>;
  close(): Promise<void>;
}

/** So many items, or characters, are sent at once: the event loop copies them. */
const ITEMS_MAX = 250;
const CHARS_MAX = 1_000_000;
const TASK_MS_MAX = 20_000;
const MEMORY_MB_MAX = 512;
const PROGRAM = new URL('./preparer-thread.js', import.meta.url);

export function createPreparer({ clock }: { readonly clock: Clock }): Preparer {
  const thread = new TaskThread<PrepareTask, null, readonly PreparedItem[]>({
    ...{ program: PROGRAM, name: 'preparer of articles', clock, memoryMbMax: MEMORY_MB_MAX },
  });
  return {
    async prepare(items, baseUrl) {
      const prepared: PreparedItem[] = [];
      const onPart = (part: readonly PreparedItem[]): void => void prepared.push(...part);
      for (const some of portions(items)) {
        await thread.run({ items: some, baseUrl }, { timeoutMs: TASK_MS_MAX, onPart });
      }
      return prepared;
    },
    close: () => thread.close(),
  };
}

function* portions(items: readonly FeedItem[]): Generator<readonly FeedItem[]> {
  let portion: FeedItem[] = [];
  let chars = 0;
  for (const item of items) {
    portion.push(item);
    chars += item.title.length + item.summary.length + item.content.length;
    if (portion.length < ITEMS_MAX && chars < CHARS_MAX) continue;
    yield portion;
    portion = [];
    chars = 0;
  }
  if (portion.length > 0) yield portion;
}
