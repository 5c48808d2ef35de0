import { z } from 'zod';
import type { Org } from '../../resources/model.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { readId } from '../ids.ts';
import type { Routes } from '../router.ts';
import { orgView } from '../views.ts';

export const orgRoutes: Routes = {
  'GET /api/v2/orgs': list,
  'POST /api/v2/orgs': create,
  'GET /api/v2/orgs/:id': (context) => context.json(200, orgView(find(context, 'read'))),
  'PATCH /api/v2/orgs/:id': update,
  'DELETE /api/v2/orgs/:id': remove,
  'GET /api/v2/orgs/:id/secrets': secrets,
};

const NEW = z.object({ name: z.string().default(''), description: z.string().default('') });
const CHANGE = z.object({ name: z.string().optional(), description: z.string().optional() });

function list(context: Context): void {
  const { query, identity, resources } = context;
  const ref = query.get('org') || query.get('orgID');
  const visible = resources.orgs.filter(
    ({ id }) =>
      identity.may('read', 'orgs', { id, orgID: id }) && (!ref || id === context.orgNamed(ref).id),
  );
  context.json(200, { links: { self: '/api/v2/orgs' }, orgs: visible.map(orgView) });
}

async function create(context: Context): Promise<void> {
  context.require('write', 'orgs');
  const { name, description } = await context.body(NEW);
  checkName(context, name);
  context.json(201, orgView(await context.resources.createOrg(name, description)));
}

async function update(context: Context): Promise<void> {
  const org = find(context, 'write');
  const { name, description } = await context.body(CHANGE);
  if (name !== undefined && name !== org.name) checkName(context, name);
  const changed = await context.resources.orgs.put({
    ...org,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    updatedAt: context.resources.now(),
  });
  context.json(200, orgView(changed));
}

async function remove(context: Context): Promise<void> {
  const org = find(context, 'write');
  const { tasks, scheduler } = context.parts;
  for (const task of context.resources.tasks.filter((one) => one.orgID === org.id)) {
    scheduler.taskDeleted(task.id);
    await tasks.cancelAll(task.id);
  }
  await context.resources.deleteOrg(org);
  context.empty();
}

/** The engine keeps no secrets: the list that clients ask for is empty. */
function secrets(context: Context): void {
  const { id } = find(context, 'read');
  const links = { org: `/api/v2/orgs/${id}`, self: `/api/v2/orgs/${id}/secrets` };
  context.json(200, { links, secrets: [] });
}

function find(context: Context, action: 'read' | 'write'): Org {
  const { identity } = context;
  const id = readId(context.params.id!);
  const org = context.resources.orgs.get(id);
  if (!org || !identity.may('read', 'orgs', { id, orgID: id })) {
    throw new InfluxError('not found', 'organization not found');
  }
  context.require(action, 'orgs', { id, orgID: id });
  return org;
}

function checkName(context: Context, name: string): void {
  if (name.trim() === '') throw new InfluxError('invalid', 'org name is empty');
  if (context.resources.orgs.find((org) => org.name === name)) {
    throw new InfluxError('conflict', `organization with name ${name} already exists`);
  }
}
