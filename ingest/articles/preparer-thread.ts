/** The preparer's thread: the items of one body after the other, by the rules that it was given. */
import { answerTasks } from '../../core/task-answers.ts';
import type { FoundArticle } from '../../registry/feed-checks.ts';
import { foundArticle } from './found-articles.ts';
import type { Prepared, PrepareTask } from './preparer.ts';
import { RuleBook } from './rule-book.ts';

/** What is taken over at once on the other side, which has to do other things between. */
const PART_CHARS = 250_000;
const PART_ITEMS = 50;

const book = new RuleBook();

answerTasks<PrepareTask, Prepared, readonly FoundArticle[]>((task, send) => {
  if (task.rules) book.replace(task.rules);
  if (book.version !== task.version) return 'rules-wanted';
  let part: FoundArticle[] = [];
  let chars = 0;
  for (const item of task.items) {
    const found = foundArticle(item, task.origin, book);
    part.push(found);
    chars += found.summary.length + (found.content?.length ?? 0);
    if (chars < PART_CHARS && part.length < PART_ITEMS) continue;
    send(part);
    part = [];
    chars = 0;
  }
  send(part);
  return 'done';
});
