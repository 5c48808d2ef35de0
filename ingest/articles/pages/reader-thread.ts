/** The page reader's thread: one page after the other. */
import { answerTasks } from '../../../core/task-answers.ts';
import type { ReadPage, RefusedPage } from './page.ts';
import { readPage } from './read-page.ts';
import type { PageTask } from './reader.ts';

answerTasks<PageTask, ReadPage | RefusedPage>(({ bytes, ...page }) => {
  const { buffer, byteOffset, byteLength } = bytes;
  return readPage({ ...page, bytes: Buffer.from(buffer, byteOffset, byteLength) });
});
