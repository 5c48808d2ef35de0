import { msToNs } from '../../core/point.ts';
import { DEFAULT_DIALECT } from '../csv/dialect.ts';
import { FluxError } from '../flux/error.ts';
import type { QueryRequest } from '../flux/evaluate.ts';
import type { Task } from '../resources/model.ts';
import type { Resources } from '../resources/resources.ts';

export interface TaskExecution {
  readonly task: Task;
  /** What `now()` is in the script. */
  readonly slotMs: number;
  readonly signal: AbortSignal;
  readonly resources: Resources;
  readonly run: (request: QueryRequest) => AsyncIterable<string>;
}

const ERROR_TABLE = /(?:^|\r\n),error,reference\r\n,([\s\S]*),\r\n$/;

/** Runs a task's script to its end. Its results, if it yields any, go nowhere. */
export async function executeTask(execution: TaskExecution): Promise<void> {
  const { task, slotMs, signal, resources, run } = execution;
  const org = resources.orgs.get(task.orgID);
  if (!org) throw new FluxError('organization not found', 'not found');
  const answer = run({
    script: task.flux,
    org,
    nowNs: msToNs(slotMs),
    dialect: DEFAULT_DIALECT,
    signal,
  });
  // What fails after the first rows arrives as a table at the end.
  for await (const piece of answer) {
    const failure = ERROR_TABLE.exec(piece)?.[1];
    if (failure !== undefined) throw new FluxError(unquoted(failure));
  }
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}
