/** The preparer's thread: one task after the other, by the rules that it was given. */
import { answerTasks } from '../../core/task-answers.ts';
import type { FoundArticle } from '../../registry/feed-checks.ts';
import { foundArticle } from './found-articles.ts';
import { judgePage } from './page-judge.ts';
import type { ItemsTask, PreparerAnswer, PreparerTask } from './preparer.ts';
import { RuleBook } from './rule-book.ts';

/** What is taken over at once on the other side, which has to do other things between. */
const PART_CHARS = 250_000;
const PART_ITEMS = 50;

const book = new RuleBook();

answerTasks<PreparerTask, PreparerAnswer, readonly FoundArticle[]>((task, send) => {
  if (task.rules) book.replace(task.rules);
  if (book.edition !== task.edition) return { told: 'rules-wanted' };
  switch (task.kind) {
    case 'rules':
      return { told: 'rules', refused: book.refused };
    case 'page':
      return { told: 'page', page: judgePage(task.article, book) };
    case 'items':
      prepare(task, send);
      return { told: 'items' };
  }
});

function prepare({ items, origin }: ItemsTask, send: (part: readonly FoundArticle[]) => void) {
  let part: FoundArticle[] = [];
  let chars = 0;
  for (const item of items) {
    const found = foundArticle(item, origin, book);
    part.push(found);
    chars += found.summary.length + (found.content?.length ?? 0);
    if (chars < PART_CHARS && part.length < PART_ITEMS) continue;
    send(part);
    part = [];
    chars = 0;
  }
  send(part);
}
