import { z } from 'zod';
import { createAuthorization, mayDo } from '../../resources/access.ts';
import type { Authorization, Permission } from '../../resources/model.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { readId } from '../ids.ts';
import type { Routes } from '../router.ts';
import { authorizationView } from '../views.ts';

export const authorizationRoutes: Routes = {
  'GET /api/v2/authorizations': list,
  'POST /api/v2/authorizations': create,
  'GET /api/v2/authorizations/:id': (context) => show(context, find(context, 'read')),
  'PATCH /api/v2/authorizations/:id': update,
  'DELETE /api/v2/authorizations/:id': remove,
};

const STATUS = z.enum(['active', 'inactive']);

const PERMISSION = z.object({
  action: z.enum(['read', 'write']),
  resource: z.object({
    type: z.string().min(1),
    id: z.string().optional(),
    orgID: z.string().optional(),
  }),
});

const NEW = z.object({
  orgID: z.string().default(''),
  userID: z.string().optional(),
  description: z.string().default(''),
  status: STATUS.default('active'),
  permissions: z.array(PERMISSION).nullish(),
});

const CHANGE = z.object({ status: STATUS.optional(), description: z.string().optional() });

function list(context: Context): void {
  const { query, resources } = context;
  const wanted = (key: string, value: string) =>
    query.get(key) === null || query.get(key) === value;
  const visible = resources.authorizations.filter((auth) => {
    const org = resources.orgs.get(auth.orgID)?.name ?? '';
    const user = resources.users.get(auth.userID)?.name ?? '';
    return (
      mayTouch(context, 'read', auth) &&
      wanted('userID', auth.userID) &&
      wanted('user', user) &&
      wanted('orgID', auth.orgID) &&
      wanted('org', org)
    );
  });
  context.json(200, {
    links: { self: '/api/v2/authorizations' },
    authorizations: visible.map((auth) => authorizationView(auth, resources)),
  });
}

async function create(context: Context): Promise<void> {
  const { identity, resources } = context;
  const wanted = await context.body(NEW);
  const permissions = (wanted.permissions ?? []).map(toPermission);
  if (permissions.length === 0) {
    throw new InfluxError('invalid', 'authorization must include permissions');
  }
  const org = resources.orgs.get(readId(wanted.orgID));
  if (!org) throw new InfluxError('not found', 'organization not found');
  context.require('write', 'authorizations', { orgID: org.id });
  for (const permission of permissions) refuseEscalation(context, permission);
  const user = wanted.userID ? resources.users.get(readId(wanted.userID)) : identity.user;
  if (!user) throw new InfluxError('not found', 'user not found');
  const { description, status } = wanted;
  const grant = { orgID: org.id, userID: user.id, description, status, permissions };
  const auth = await createAuthorization(resources, grant);
  context.json(201, authorizationView(auth, resources));
}

/** Nobody may give what they do not have. */
function refuseEscalation(context: Context, { action, resource }: Permission): void {
  if (mayDo(context.identity.permissions, action, resource)) return;
  throw new InfluxError('forbidden', `permission ${action}:${resource.type} is not allowed`);
}

function toPermission({ action, resource }: z.infer<typeof PERMISSION>): Permission {
  const { type, id, orgID } = resource;
  return {
    action,
    resource: {
      type,
      ...(id !== undefined && { id: readId(id) }),
      ...(orgID !== undefined && { orgID: readId(orgID) }),
    },
  };
}

async function update(context: Context): Promise<void> {
  const auth = find(context, 'write');
  const { status = auth.status, description = auth.description } = await context.body(CHANGE);
  const updatedAt = context.resources.now();
  show(
    context,
    await context.resources.authorizations.put({ ...auth, status, description, updatedAt }),
  );
}

async function remove(context: Context): Promise<void> {
  await context.resources.authorizations.remove([find(context, 'write').id]);
  context.empty();
}

function show(context: Context, auth: Authorization): void {
  context.json(200, authorizationView(auth, context.resources));
}

function find(context: Context, action: 'read' | 'write'): Authorization {
  const auth = context.resources.authorizations.get(readId(context.params.id!));
  if (!auth || !mayTouch(context, action, auth)) {
    throw new InfluxError('not found', 'authorization not found');
  }
  return auth;
}

function mayTouch(context: Context, action: 'read' | 'write', auth: Authorization): boolean {
  return context.identity.may(action, 'authorizations', { id: auth.id, orgID: auth.orgID });
}
