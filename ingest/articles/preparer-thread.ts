/** The preparer's thread: the items of one body after the other. */
import { answerTasks } from '../../core/task-answers.ts';
import { type PreparedItem, prepareItem } from './prepare.ts';
import type { PrepareTask } from './preparer.ts';

/** What is taken over at once on the other side, which has to do other things between. */
const PART_CHARS = 500_000;
const PART_ITEMS = 200;

answerTasks<PrepareTask, null, readonly PreparedItem[]>(({ items, baseUrl }, send) => {
  let part: PreparedItem[] = [];
  let chars = 0;
  for (const item of items) {
    const prepared = prepareItem(item, baseUrl);
    part.push(prepared);
    chars += prepared.text.length + (prepared.content?.length ?? 0);
    if (chars < PART_CHARS && part.length < PART_ITEMS) continue;
    send(part);
    part = [];
    chars = 0;
  }
  send(part);
  return null;
});
