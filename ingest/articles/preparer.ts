import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import { TaskThread } from '../../core/task-thread.ts';
import type { FoundArticle } from '../../registry/feed-checks.ts';
import type { Rule } from '../../registry/rules.ts';
import type { Origin } from './found-articles.ts';
import type { IdentifiedItem } from './identity.ts';
import type { Reason } from './poll/reasons.ts';
import { versionOf } from './rule-book.ts';

export interface PrepareTask {
  readonly items: readonly IdentifiedItem[];
  readonly origin: Origin;
  /** Of the rules that count; they come along where the thread does not have them. */
  readonly version: string;
  readonly rules?: readonly Rule[];
}

export type Prepared = 'done' | 'rules-wanted';

/** No articles could be made of the items of a feed. */
export class ItemsRefused extends Error {
  override readonly name = 'ItemsRefused';
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Items to articles, in a thread, in their order. */
export interface Preparer {
  /** @throws ItemsRefused: hostile items cost their feed, and no other. */
  prepare(items: readonly IdentifiedItem[], origin: Origin): Promise<readonly FoundArticle[]>;
  /** From now on articles are judged by these. */
  useRules(rules: readonly Rule[]): void;
  close(): Promise<void>;
}

/** So many items, or characters, are sent at once: the event loop copies them. */
const ITEMS_MAX = 100;
const CHARS_MAX = 500_000;
const TASK_MS_MAX = 20_000;
const MEMORY_MB_MAX = 512;
const PROGRAM = new URL('./preparer-thread.js', import.meta.url);

export function createPreparer({ clock }: { readonly clock: Clock }): Preparer {
  const thread = new TaskThread<PrepareTask, Prepared, readonly FoundArticle[]>({
    ...{ program: PROGRAM, name: 'preparer of articles', clock, memoryMbMax: MEMORY_MB_MAX },
  });
  let rules: readonly Rule[] = [];
  let version = versionOf(rules);
  return {
    async prepare(items, origin) {
      const found: FoundArticle[] = [];
      const onPart = (part: readonly FoundArticle[]): void => void found.push(...part);
      const options = { timeoutMs: TASK_MS_MAX, onPart };
      for (const some of portions(items)) {
        const task = { items: some, origin, version };
        try {
          const told = await thread.run(task, options);
          // A new thread, or new rules.
          if (told === 'rules-wanted') await thread.run({ ...task, version, rules }, options);
        } catch (error) {
          throw new ItemsRefused(reasonOf(error), messageOf(error));
        }
      }
      return found;
    },
    useRules(wanted) {
      rules = wanted;
      version = versionOf(wanted);
    },
    close: () => thread.close(),
  };
}

function* portions(items: readonly IdentifiedItem[]): Generator<readonly IdentifiedItem[]> {
  let portion: IdentifiedItem[] = [];
  let chars = 0;
  for (const one of items) {
    portion.push(one);
    chars += one.item.title.length + one.item.summary.length + one.item.content.length;
    if (portion.length < ITEMS_MAX && chars < CHARS_MAX) continue;
    yield portion;
    portion = [];
    chars = 0;
  }
  if (portion.length > 0) yield portion;
}

function reasonOf(error: unknown): Reason {
  if (isCode(error, 'timeout')) return 'slow';
  return isCode(error, 'too-large') ? 'too-complex' : 'internal';
}
