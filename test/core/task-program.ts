import { threadId } from 'node:worker_threads';
import { answerTasks } from '../../core/task-answers.ts';

/** What the tests ask of a thread; each answer says which thread it was. */
export type TestTask =
  | { readonly do: 'answer'; readonly bytes?: Uint8Array }
  | { readonly do: 'parts'; readonly count: number }
  | { readonly do: 'throw' | 'reject' | 'exit' | 'loop' | 'hoard' };

export interface TestAnswer {
  readonly thread: number;
  readonly bytes: number;
}

answerTasks<TestTask, TestAnswer, number>(async (task, send) => {
  switch (task.do) {
    case 'answer':
      return { thread: threadId, bytes: task.bytes?.length ?? 0 };
    case 'parts':
      for (let part = 0; part < task.count; part += 1) send(part);
      return { thread: threadId, bytes: 0 };
    case 'throw':
      throw new Error('no such luck');
    case 'reject':
      return Promise.reject(new Error('no such luck'));
    case 'exit':
      process.exit(3);
      break;
    case 'loop':
      for (;;);
    case 'hoard': {
      const hoard: object[] = [];
      for (;;) hoard.push({ hoard: Array.from({ length: 1_000 }, (_, at) => ({ at })) });
    }
  }
});
