import { parentPort } from 'node:worker_threads';

/** What the thread of a `TaskThread` sends for each task: parts, if any, then its answer. */
export type TaskReply<Result, Part = never> = { readonly part: Part } | { readonly value: Result };

/**
 * The thread's side of a `TaskThread`, which gives one task after the other. What is thrown ends
 * the thread: nobody knows what it left behind. `send` sends a part of the answer ahead: a large
 * one in one piece would hold up the other side.
 */
export function answerTasks<Task, Result, Part = never>(
  perform: (task: Task, send: (part: Part) => void) => Result | Promise<Result>,
): void {
  const port = parentPort;
  if (!port) throw new Error('tasks are answered in a thread of their own');
  const reply = (message: TaskReply<Result, Part>): void => port.postMessage(message);
  port.on('message', async (task: Task) => {
    const value = await perform(task, (part) => reply({ part }));
    reply({ value });
  });
}
