import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf } from '../../core/errors.ts';
import { type TaskOptions, TaskThread } from '../../core/task-thread.ts';
import type { FoundArticle } from '../../registry/feed-checks.ts';
import type { Rule } from '../../registry/rules.ts';
import type { Origin } from './found-articles.ts';
import type { IdentifiedItem } from './identity.ts';
import type { JudgedPage, PageArticle } from './page-judge.ts';
import type { Reason } from './poll/reasons.ts';
import type { RuleEdition } from './rule-book.ts';
import type { RefusedRule } from './rules/compiled.ts';

export interface ItemsTask {
  readonly kind: 'items';
  readonly items: readonly IdentifiedItem[];
  readonly origin: Origin;
}

/** To the thread: by rules of this edition; they come along where the thread does not have them. */
export type PreparerTask = Work & {
  readonly edition: number;
  readonly rules?: RuleEdition;
};

type Work =
  | ItemsTask
  | { readonly kind: 'page'; readonly article: PageArticle }
  | { readonly kind: 'rules' };

/** Its answer; articles of items come before it, in parts. */
export type PreparerAnswer =
  | { readonly told: 'rules-wanted' | 'items' }
  | { readonly told: 'page'; readonly page: JudgedPage }
  | { readonly told: 'rules'; readonly refused: readonly RefusedRule[] };

/** No articles could be made of the items of a feed, or of the text of a page. */
export class ItemsRefused extends Error {
  override readonly name = 'ItemsRefused';
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What articles are made of and judged by, in a thread: nobody else compiles rules. */
export interface Preparer {
  /**
   * Items to articles, in their order.
   * @throws ItemsRefused: hostile items cost their feed, and no other.
   */
  prepare(items: readonly IdentifiedItem[], origin: Origin): Promise<readonly FoundArticle[]>;
  /** @throws ItemsRefused, also when the signal gives it up. */
  judgePage(article: PageArticle, options?: { readonly signal?: AbortSignal }): Promise<JudgedPage>;
  /**
   * From now on articles are judged by these. Resolves when they are compiled, with what of them
   * is left out.
   * @throws TidemarkError as `TaskThread.run`.
   */
  useRules(
    rules: readonly Rule[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly RefusedRule[]>;
  close(): Promise<void>;
}

/** So many items, or characters, are sent at once: the event loop copies them. */
const ITEMS_MAX = 100;
const CHARS_MAX = 500_000;
const TASK_MS_MAX = 20_000;
const MEMORY_MB_MAX = 512;
const PROGRAM = new URL('./preparer-thread.js', import.meta.url);

export function createPreparer({ clock }: { readonly clock: Clock }): Preparer {
  const thread = new TaskThread<PreparerTask, PreparerAnswer, readonly FoundArticle[]>({
    ...{ program: PROGRAM, name: 'preparer of articles', clock, memoryMbMax: MEMORY_MB_MAX },
  });
  let current: RuleEdition = { edition: 0, rules: [] };
  let version = versionOf([]);
  type Options = Omit<TaskOptions<readonly FoundArticle[]>, 'timeoutMs'>;
  const run = async (work: Work, options: Options = {}): Promise<PreparerAnswer> => {
    const limited = { ...options, timeoutMs: TASK_MS_MAX };
    const told = await thread.run({ ...work, edition: current.edition }, limited);
    if (told.told !== 'rules-wanted') return told;
    // A new thread, or new rules.
    return thread.run({ ...work, edition: current.edition, rules: current }, limited);
  };
  const runOrRefuse = async (work: Work, options: Options): Promise<PreparerAnswer> => {
    try {
      return await run(work, options);
    } catch (error) {
      throw new ItemsRefused(reasonOf(error), messageOf(error));
    }
  };
  return {
    async prepare(items, origin) {
      const found: FoundArticle[] = [];
      const onPart = (part: readonly FoundArticle[]): void => void found.push(...part);
      for (const some of portions(items)) {
        await runOrRefuse({ kind: 'items', items: some, origin }, { onPart });
      }
      return found;
    },
    async judgePage(article, options = {}) {
      const answer = await runOrRefuse({ kind: 'page', article }, options);
      if (answer.told !== 'page') throw new ItemsRefused('internal', `answered ${answer.told}`);
      return answer.page;
    },
    async useRules(rules, options) {
      const wanted = versionOf(rules);
      if (wanted !== version) current = { edition: current.edition + 1, rules };
      version = wanted;
      const answer = await run({ kind: 'rules' }, options);
      return answer.told === 'rules' ? answer.refused : [];
    },
    close: () => thread.close(),
  };
}

/** The same for the same rules. */
function versionOf(rules: readonly Rule[]): string {
  return rules.map(({ id, version }) => `${id}.${version}`).join();
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
