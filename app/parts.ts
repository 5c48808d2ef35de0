import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/** What has been started, to be stopped in reverse: each part may still need the ones before it. */
export interface Parts {
  add(name: string, close: () => Promise<void>): void;
  /** Twice is allowed. One part that fails to stop does not keep the others from it. */
  close(): Promise<void>;
}

export function createParts(log: Log): Parts {
  const started: { name: string; close: () => Promise<void> }[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (const { name, close } of started.toReversed()) {
      try {
        await close();
      } catch (error) {
        log.error({ part: name, error: messageOf(error) }, 'a part did not stop cleanly');
      }
    }
  }

  return {
    add: (name, close) => void started.push({ name, close }),
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}
