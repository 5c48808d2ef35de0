import { z } from 'zod';
import { hashPassword } from '../../resources/access.ts';
import type { User } from '../../resources/model.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { readId } from '../ids.ts';
import type { Routes } from '../router.ts';
import { userView } from '../views.ts';
import { checkPassword } from './setup.ts';

export const userRoutes: Routes = {
  'GET /api/v2/me': (context) => context.json(200, userView(context.identity.user)),
  'PUT /api/v2/me/password': (context) => setPassword(context, context.identity.user),
  'GET /api/v2/users': list,
  'POST /api/v2/users': create,
  'GET /api/v2/users/:id': (context) => context.json(200, userView(find(context, 'read'))),
  'PATCH /api/v2/users/:id': update,
  'DELETE /api/v2/users/:id': remove,
  'POST /api/v2/users/:id/password': (context) => setPassword(context, find(context, 'write')),
};

const STATUS = z.enum(['active', 'inactive']);
const NEW = z.object({ name: z.string().default(''), status: STATUS.default('active') });
const CHANGE = z.object({ name: z.string().optional(), status: STATUS.optional() });
const PASSWORD = z.object({ password: z.string().default('') });

function list(context: Context): void {
  const { query, identity, resources } = context;
  const [name, id] = [query.get('name'), query.get('id')];
  const visible = resources.users.filter(
    (user) =>
      identity.may('read', 'users', { id: user.id }) &&
      (name === null || user.name === name) &&
      (id === null || user.id === id),
  );
  if (name !== null && visible.length === 0) throw new InfluxError('not found', 'user not found');
  context.json(200, { links: { self: '/api/v2/users' }, users: visible.map(userView) });
}

async function create(context: Context): Promise<void> {
  context.require('write', 'users');
  const { name, status } = await context.body(NEW);
  checkName(context, name);
  const id = context.resources.newId();
  context.json(201, userView(await context.resources.users.put({ id, name, status })));
}

async function update(context: Context): Promise<void> {
  const user = find(context, 'write');
  const { name = user.name, status = user.status } = await context.body(CHANGE);
  if (name !== user.name) checkName(context, name);
  context.json(200, userView(await context.resources.users.put({ ...user, name, status })));
}

async function remove(context: Context): Promise<void> {
  const user = find(context, 'write');
  const { users, authorizations } = context.resources;
  const tokens = authorizations.filter((one) => one.userID === user.id);
  await authorizations.remove(tokens.map((one) => one.id));
  await users.remove([user.id]);
  context.empty();
}

async function setPassword(context: Context, user: User): Promise<void> {
  const { password } = await context.body(PASSWORD);
  checkPassword(password);
  await context.resources.users.put({ ...user, password: await hashPassword(password) });
  context.empty();
}

function find(context: Context, action: 'read' | 'write'): User {
  const { identity } = context;
  const id = readId(context.params.id!);
  const user = context.resources.users.get(id);
  if (!user || !identity.may('read', 'users', { id })) {
    throw new InfluxError('not found', 'user not found');
  }
  context.require(action, 'users', { id });
  return user;
}

function checkName(context: Context, name: string): void {
  if (name === '') throw new InfluxError('empty value', 'name is empty');
  if (context.resources.users.find((user) => user.name === name)) {
    throw new InfluxError('conflict', `user with name ${name} already exists`);
  }
}
