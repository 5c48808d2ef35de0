import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import { movable } from '../../core/movable.ts';
import { TaskThread } from '../../core/task-thread.ts';
import type { OpmlList, RefusedOpml } from './opml.ts';

export interface OpmlReader {
  /** `readOpml` in a thread. The bytes are moved there: nobody else may use them after. */
  read(bytes: Buffer, contentType: string): Promise<OpmlList | RefusedOpml>;
  close(): Promise<void>;
}

/** To the thread. */
export interface OpmlRequest {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

const TASK_MS_MAX = 10_000;
const MEMORY_MB_MAX = 256;
const PROGRAM = new URL('./opml-thread.js', import.meta.url);

/**
 * Reads lists in a thread of its own: a megabyte takes a tenth of a second, and others wait. What
 * takes too long or too much memory is refused.
 */
export function createOpmlReader({ clock }: { readonly clock: Clock }): OpmlReader {
  const thread = new TaskThread<OpmlRequest, OpmlList | RefusedOpml>({
    ...{ program: PROGRAM, name: 'reader of lists', clock, memoryMbMax: MEMORY_MB_MAX },
  });
  return {
    async read(bytes, contentType) {
      const body = movable(bytes);
      const asked = { timeoutMs: TASK_MS_MAX, transfer: [body.buffer] };
      try {
        return await thread.run({ bytes: body, contentType }, asked);
      } catch (error) {
        const large = isCode(error, 'too-large');
        if (!large && !isCode(error, 'timeout')) throw error;
        return { ok: false, reason: large ? 'too-large' : 'timeout', message: messageOf(error) };
      }
    },
    close: () => thread.close(),
  };
}
