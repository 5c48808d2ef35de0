import { z } from 'zod';
import { FluxError } from '../../flux/evaluate.ts';
import type { Task } from '../../resources/model.ts';
import { secondsTime } from '../../tasks/runner.ts';
import { checkCron } from '../../tasks/schedule.ts';
import { readTaskScript, withOptions } from '../../tasks/script.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { readId } from '../ids.ts';
import type { Routes } from '../router.ts';
import { taskView } from '../views.ts';

const LIMIT_MAX = 500;
const LIMIT_DEFAULT = 100;

export const taskRoutes: Routes = {
  'GET /api/v2/tasks': list,
  'POST /api/v2/tasks': create,
  'GET /api/v2/tasks/:id': (context) => show(context, 200, findTask(context, 'read')),
  'PATCH /api/v2/tasks/:id': update,
  'DELETE /api/v2/tasks/:id': remove,
  'GET /api/v2/tasks/:id/members': (context) => people(context, 'members'),
  'GET /api/v2/tasks/:id/owners': (context) => people(context, 'owners'),
};

const STATUS = z.string().optional();
const NEW = z.object({
  orgID: z.string().default(''),
  org: z.string().default(''),
  flux: z.string().default(''),
  description: z.string().optional(),
  status: STATUS,
});
const CHANGE = z.object({
  flux: z.string().optional(),
  name: z.string().optional(),
  every: z.string().optional(),
  cron: z.string().optional(),
  offset: z.string().optional(),
  description: z.string().optional(),
  status: STATUS,
});

function list(context: Context): void {
  const { query, identity, resources } = context;
  const limit = query.get('limit') === null ? LIMIT_DEFAULT : Number(query.get('limit'));
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw decodeError(`limit must be between 1 and ${LIMIT_MAX}`);
  }
  const ref = query.get('orgID') || query.get('org');
  const org = ref ? context.orgNamed(ref) : undefined;
  const [after, name, status, user] = ['after', 'name', 'status', 'user'].map((key) =>
    query.get(key),
  );
  const found = resources.tasks.filter(
    (task) =>
      identity.may('read', 'tasks', { id: task.id, orgID: task.orgID }) &&
      (org === undefined || task.orgID === org.id) &&
      (!name || task.name === name) &&
      (!status || task.status === status) &&
      (!user || task.ownerID === user) &&
      (!after || task.id > after),
  );
  const page = found.slice(0, limit);
  const self = `/api/v2/tasks?${linkQuery(query, limit)}`;
  const next = `/api/v2/tasks?after=${page.at(-1)?.id}&${linkQuery(query, limit)}`;
  const basic = query.get('type') === 'basic';
  context.json(200, {
    links: { self, ...(found.length > limit && { next }) },
    tasks: page.map((task) => {
      const view = taskView(task, resources);
      return basic ? { ...view, flux: '' } : view;
    }),
  });
}

function linkQuery(query: URLSearchParams, limit: number): string {
  const page = new URLSearchParams({ limit: String(limit) });
  for (const key of ['name', 'org', 'orgID', 'status', 'user']) {
    const value = query.get(key);
    if (value) page.set(key, value);
  }
  return page.toString();
}

async function create(context: Context): Promise<void> {
  const { resources, identity, parts } = context;
  const wanted = await context.body(NEW);
  if (wanted.flux === '') throw decodeError('missing flux');
  const ref = wanted.orgID || wanted.org;
  if (ref === '') throw decodeError('missing orgID and org');
  const org = context.orgNamed(ref);
  context.require('write', 'tasks', { orgID: org.id });
  const status = readStatus(wanted.status ?? 'active');
  const now = secondsTime(resources.nowMs());
  const { description } = wanted;
  const task = await resources.tasks.put({
    id: resources.newId(),
    orgID: org.id,
    ownerID: identity.user.id,
    ...scriptParts(wanted.flux),
    ...(description !== undefined && { description }),
    status,
    latestCompleted: now,
    createdAt: now,
  });
  parts.scheduler.taskChanged(task);
  show(context, 201, task);
}

/** What a task record says about its script. Errors are those of InfluxDB's task service. */
function scriptParts(flux: string): Pick<Task, 'name' | 'flux' | 'every' | 'cron' | 'offset'> {
  try {
    const { name, every, cron, offset } = readTaskScript(flux);
    if (cron !== undefined) checkCron(cron);
    return {
      name,
      flux,
      ...(every !== undefined && { every }),
      ...(cron !== undefined && { cron }),
      ...(offset !== undefined && { offset }),
    };
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    throw new InfluxError('invalid', `invalid options: ${error.message}`, error);
  }
}

async function update(context: Context): Promise<void> {
  const { id } = findTask(context, 'write');
  const changes = await context.body(CHANGE);
  const { resources, parts } = context;
  const now = secondsTime(resources.nowMs());
  const changed = await resources.tasks.update(id, (task) => changedTask(task, changes, now));
  if (!changed) throw new InfluxError('not found', 'failed to find task: task not found');
  parts.scheduler.taskChanged(changed);
  show(context, 200, changed);
}

function changedTask(task: Task, changes: z.infer<typeof CHANGE>, now: string): Task {
  const status = readStatus(changes.status ?? task.status);
  const flux = changedScript(changes.flux ?? task.flux, changes);
  const { every: _every, cron: _cron, offset: _offset, ...kept } = task;
  return {
    ...kept,
    ...scriptParts(flux),
    ...(changes.description !== undefined && { description: changes.description }),
    status,
    // Slots that passed while a task was inactive are not made up for.
    ...(status !== task.status && { latestCompleted: now }),
    updatedAt: now,
  };
}

function changedScript(flux: string, changes: z.infer<typeof CHANGE>): string {
  const { name, every, cron, offset } = changes;
  try {
    readTaskScript(flux);
    return withOptions(flux, { name, every, cron, offset });
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    // InfluxDB's own status for it, odd as it is.
    throw new InfluxError('internal error', `failed to update task: ${error.message}`, error);
  }
}

async function remove(context: Context): Promise<void> {
  const { id } = findTask(context, 'write');
  context.parts.scheduler.taskDeleted(id);
  await context.parts.tasks.cancelAll(id);
  await context.resources.deleteTask(id);
  context.empty();
}

function people(context: Context, kind: 'members' | 'owners'): void {
  const { id } = findTask(context, 'read');
  context.json(200, { links: { self: `/api/v2/tasks/${id}/${kind}` }, users: [] });
}

function show(context: Context, status: number, task: Task): void {
  context.json(status, taskView(task, context.resources));
}

export function findTask(context: Context, action: 'read' | 'write'): Task {
  const { identity } = context;
  const id = readId(context.params.id!, 'failed to decode request: ');
  const task = context.resources.tasks.get(id);
  if (!task || !identity.may('read', 'tasks', { id, orgID: task.orgID })) {
    throw new InfluxError('not found', 'failed to find task: task not found');
  }
  context.require(action, 'tasks', { id, orgID: task.orgID });
  return task;
}

function readStatus(status: string): Task['status'] {
  if (status === 'active' || status === 'inactive') return status;
  throw decodeError(`invalid task status: "${status}"`);
}

function decodeError(message: string): InfluxError {
  return new InfluxError('invalid', `failed to decode request: ${message}`);
}
