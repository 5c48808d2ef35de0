import { z } from 'zod';
import type { Run, Task } from '../../resources/model.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { readId } from '../ids.ts';
import type { Routes } from '../router.ts';
import { runView } from '../views.ts';
import { findTask } from './tasks.ts';

const LIMIT_MAX = 500;
const LIMIT_DEFAULT = 100;

export const runRoutes: Routes = {
  'GET /api/v2/tasks/:id/runs': list,
  'POST /api/v2/tasks/:id/runs': create,
  'GET /api/v2/tasks/:id/runs/:runID': (context) => context.json(200, runView(find(context))),
  'DELETE /api/v2/tasks/:id/runs/:runID': cancel,
  'POST /api/v2/tasks/:id/runs/:runID/retry': retry,
  'GET /api/v2/tasks/:id/runs/:runID/logs': (context) =>
    context.json(200, { events: find(context).log }),
  'GET /api/v2/tasks/:id/logs': logs,
};

function list(context: Context): void {
  const { query, parts } = context;
  const task = findTask(context, 'read');
  const limit = query.get('limit') === null ? LIMIT_DEFAULT : Number(query.get('limit'));
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    const text = `failed to decode request: limit must be between 1 and ${LIMIT_MAX}`;
    throw new InfluxError('invalid', text);
  }
  const afterMs = bound(query.get('afterTime'), -Infinity);
  const beforeMs = bound(query.get('beforeTime'), Infinity);
  const after = query.get('after');
  const found = parts.tasks.runs(task.id).filter((run) => {
    const slotMs = Date.parse(run.scheduledFor);
    return slotMs > afterMs && slotMs < beforeMs && (!after || run.id < after);
  });
  const self = `/api/v2/tasks/${task.id}`;
  context.json(200, {
    links: { self: `${self}/runs`, task: self },
    runs: found.slice(0, limit).map(runView),
  });
}

function bound(text: string | null, fallback: number): number {
  if (text === null) return fallback;
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new InfluxError('invalid', `failed to decode request: invalid time "${text}"`);
}

const REQUEST = z.object({ scheduledFor: z.string().nullish() });

async function create(context: Context): Promise<void> {
  const task = findTask(context, 'write');
  const { scheduledFor } = await context.body(REQUEST);
  const slotMs = scheduledFor ? Date.parse(scheduledFor) : context.resources.nowMs();
  if (Number.isNaN(slotMs)) {
    throw new InfluxError('invalid', `failed to decode request: invalid time "${scheduledFor}"`);
  }
  refuseInactive(task, 'force');
  const run = context.parts.tasks.request(task, Math.floor(slotMs / 1000) * 1000);
  context.json(201, runView(run));
}

function refuseInactive({ status }: Task, what: 'force' | 'retry'): void {
  if (status === 'active') return;
  throw new InfluxError('invalid', `failed to ${what} run: inactive task`);
}

function retry(context: Context): void {
  const task = findTask(context, 'write');
  const run = find(context);
  refuseInactive(task, 'retry');
  context.json(200, runView(context.parts.tasks.request(task, Date.parse(run.scheduledFor))));
}

function cancel(context: Context): void {
  const task = findTask(context, 'write');
  if (!context.parts.tasks.cancel(task.id, readId(context.params.runID!))) {
    throw new InfluxError('not found', 'failed to cancel run: run not found');
  }
  context.empty();
}

function logs(context: Context): void {
  const task = findTask(context, 'read');
  const runs = context.parts.tasks.runs(task.id).reverse();
  context.json(200, { events: runs.flatMap((run) => run.log) });
}

function find(context: Context): Run {
  const task = findTask(context, 'read');
  const id = readId(context.params.runID!, 'failed to decode request: ');
  const run = context.parts.tasks.runs(task.id).find((one) => one.id === id);
  if (run) return run;
  throw new InfluxError('not found', 'failed to find run: run not found');
}
