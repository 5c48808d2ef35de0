import type { Clock } from '../../../core/clock.ts';
import { isCode, messageOf } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { movable } from '../../../core/movable.ts';
import { TaskThread } from '../../../core/task-thread.ts';
import type { Page, PageRefusal, ReadPage, RefusedPage } from './page.ts';

export interface PageReader {
  /**
   * `readPage` in a thread. The bytes are moved there: nobody else may use them after.
   */
  read(page: Page, options?: { readonly signal?: AbortSignal }): Promise<ReadPage | RefusedPage>;
  close(): Promise<void>;
}

export interface PageReaderOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A page that takes longer is hostile. */
  readonly taskMsMax?: number;
  /** Of JavaScript objects; beyond it the thread ends, and only the thread. */
  readonly memoryMbMax?: number;
  /** Tests give one that misbehaves. */
  readonly program?: URL;
}

const TASK_MS_MAX = 10_000;
const MEMORY_MB_MAX = 512;
const YOUNG_MB = 32;
const PROGRAM = new URL('./reader-thread.js', import.meta.url);

/** To the thread: a page whose bytes own their memory. */
export type PageTask = Omit<Page, 'bytes'> & { readonly bytes: Uint8Array };

/**
 * Reads pages in a thread of their own, one at a time in the order asked, so that the event loop
 * waits for none. A page that takes too long or too much memory ends the thread and is refused;
 * those behind it are read by the next one.
 */
export function createPageReader(options: PageReaderOptions): PageReader {
  const { clock, log, taskMsMax: timeoutMs = TASK_MS_MAX } = options;
  const { memoryMbMax = MEMORY_MB_MAX, program = PROGRAM } = options;
  const thread = new TaskThread<PageTask, ReadPage | RefusedPage>({
    ...{ program, name: 'page reader', clock, memoryMbMax, youngMbMax: YOUNG_MB },
  });
  return {
    async read(page, { signal } = {}) {
      const bytes = movable(page.bytes);
      const asked = { timeoutMs, transfer: [bytes.buffer], ...(signal && { signal }) };
      try {
        return await thread.run({ ...page, bytes }, asked);
      } catch (error) {
        const why = messageOf(error);
        if (!isCode(error, 'cancelled')) log.error({ why, url: page.url }, 'the page reader ended');
        return { ok: false, reason: reasonOf(error), message: why };
      }
    },
    close: () => thread.close(),
  };
}

function reasonOf(error: unknown): PageRefusal {
  if (isCode(error, 'timeout')) return 'timeout';
  return isCode(error, 'too-large') ? 'too-complex' : 'failed';
}
