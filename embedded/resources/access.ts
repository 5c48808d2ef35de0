import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Authorization, Permission, User } from './model.ts';
import type { Resources } from './resources.ts';

const RESOURCE_TYPES = [
  'authorizations',
  'buckets',
  'dashboards',
  'orgs',
  'sources',
  'tasks',
  'telegrafs',
  'users',
  'variables',
  'scrapers',
  'secrets',
  'labels',
  'views',
  'documents',
  'notificationRules',
  'notificationEndpoints',
  'checks',
  'dbrp',
  'notebooks',
  'annotations',
  'remotes',
  'replications',
];

const derive = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  length: number,
) => Promise<Buffer>;

const HASH_BYTES = 32;
const TOKEN_BYTES = 64;
export const PASSWORD_LENGTH = { min: 8, max: 72 } as const;

/** What InfluxDB calls an operator token: everything, everywhere. */
export function allPermissions(): Permission[] {
  return RESOURCE_TYPES.flatMap((type) => [
    { action: 'read' as const, resource: { type } },
    { action: 'write' as const, resource: { type } },
  ]);
}

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

export async function hashPassword(password: string): Promise<NonNullable<User['password']>> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, HASH_BYTES);
  return { salt: salt.toString('hex'), hash: hash.toString('hex') };
}

export async function isPassword(user: User, password: string): Promise<boolean> {
  if (!user.password) return false;
  const expected = Buffer.from(user.password.hash, 'hex');
  const actual = await derive(password, Buffer.from(user.password.salt, 'hex'), HASH_BYTES);
  return timingSafeEqual(actual, expected);
}

/** Whether one of the permissions covers the action on the resource. */
export function mayDo(
  permissions: readonly Permission[],
  action: Permission['action'],
  wanted: { readonly type: string; readonly id?: string; readonly orgID?: string },
): boolean {
  return permissions.some(({ action: allowed, resource }) => {
    if (allowed !== action || resource.type !== wanted.type) return false;
    if (resource.id !== undefined) return resource.id === wanted.id;
    return resource.orgID === undefined || resource.orgID === wanted.orgID;
  });
}

export interface NewAuthorization {
  readonly token?: string;
  readonly description: string;
  readonly orgID: string;
  readonly userID: string;
  readonly status?: 'active' | 'inactive';
  readonly permissions: readonly Permission[];
}

export function createAuthorization(
  resources: Resources,
  wanted: NewAuthorization,
): Promise<Authorization> {
  const now = resources.now();
  return resources.authorizations.put({
    status: 'active',
    ...wanted,
    id: resources.newId(),
    token: wanted.token ?? newToken(),
    createdAt: now,
    updatedAt: now,
  });
}
