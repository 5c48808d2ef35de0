import { z } from 'zod';
import { isPassword, PASSWORD_LENGTH } from '../../resources/access.ts';
import type { Authorization } from '../../resources/model.ts';
import type { Resources } from '../../resources/resources.ts';
import { isSetupAllowed, setUp } from '../../resources/setup.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { SESSION_COOKIE, sessionKey } from '../identity.ts';
import type { Routes } from '../router.ts';
import { authorizationView, bucketView, orgView, userView } from '../views.ts';

export const setupRoutes: Routes = {
  'GET /api/v2/setup': (context) =>
    context.json(200, { allowed: isSetupAllowed(context.resources) }),
  'POST /api/v2/setup': create,
  'POST /api/v2/signin': signIn,
  'POST /api/v2/signout': signOut,
};

const SETUP = z.object({
  username: z.string().default(''),
  password: z.string().default(''),
  org: z.string().default(''),
  bucket: z.string().default(''),
  token: z.string().optional(),
  retentionPeriodSeconds: z.number().int().min(0).default(0),
});

async function create(context: Context): Promise<void> {
  const wanted = await context.body(SETUP);
  const { resources } = context;
  if (!isSetupAllowed(resources)) {
    throw new InfluxError('conflict', 'onboarding has already been completed');
  }
  if (!wanted.username) throw new InfluxError('empty value', 'username is empty');
  checkPassword(wanted.password);
  if (!wanted.org) throw new InfluxError('empty value', 'org name is empty');
  if (!wanted.bucket) throw new InfluxError('empty value', 'bucket name is empty');
  const { token, retentionPeriodSeconds, ...rest } = wanted;
  const made = await setUp(resources, {
    ...rest,
    retentionSeconds: retentionPeriodSeconds,
    ...(token && { token }),
  });
  context.json(201, {
    user: userView(made.user),
    bucket: bucketView(made.bucket, resources),
    org: orgView(made.org),
    auth: setupAuthorization(made.auth, resources),
  });
}

/** Without the names of organization and user, which stand beside it. */
function setupAuthorization(auth: Authorization, resources: Resources) {
  const { org: _org, user: _user, ...view } = authorizationView(auth, resources);
  return view;
}

export function checkPassword(password: string): void {
  const { min, max } = PASSWORD_LENGTH;
  const length = Buffer.byteLength(password);
  if (length >= min && length <= max) return;
  throw new InfluxError('invalid', `passwords must be between ${min} and ${max} characters long`);
}

async function signIn(context: Context): Promise<void> {
  const { resources, parts, request, response } = context;
  const encoded = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [name, ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  const user = resources.users.find((one) => one.name === name);
  if (user?.status !== 'active' || !(await isPassword(user, password.join(':')))) {
    throw new InfluxError('unauthorized', 'unauthorized access');
  }
  const { key, expiresMs } = parts.sessions.open(user.id);
  const expires = new Date(expiresMs).toUTCString();
  response.setHeader(
    'Set-Cookie',
    `${SESSION_COOKIE}=${key}; Path=/api/; Expires=${expires}; HttpOnly; SameSite=Strict`,
  );
  context.empty();
}

function signOut(context: Context): void {
  const key = sessionKey(context.request);
  if (key === undefined || parts(context).userOf(key) === undefined) {
    throw new InfluxError('unauthorized', 'unauthorized access');
  }
  parts(context).close(key);
  context.empty();
}

function parts(context: Context) {
  return context.parts.sessions;
}
