import { allPermissions, createAuthorization, hashPassword } from './access.ts';
import type { Authorization, Bucket, Org, User } from './model.ts';
import type { Resources } from './resources.ts';

export interface SetupOptions {
  readonly username: string;
  /** Absent: nobody can sign in by password, only by token. */
  readonly password?: string;
  readonly org: string;
  readonly bucket: string;
  readonly retentionSeconds: number;
  readonly token?: string;
}

export interface SetupResult {
  readonly user: User;
  readonly org: Org;
  readonly bucket: Bucket;
  readonly auth: Authorization;
}

/** As InfluxDB: possible as long as there is no user. */
export function isSetupAllowed(resources: Resources): boolean {
  return resources.users.all().length === 0;
}

/** The first user, organization, bucket and operator token. */
export async function setUp(resources: Resources, options: SetupOptions): Promise<SetupResult> {
  const password =
    options.password === undefined ? {} : { password: await hashPassword(options.password) };
  const org = await resources.createOrg(options.org, '');
  const bucket = await resources.createBucket({
    orgID: org.id,
    type: 'user',
    name: options.bucket,
    retentionSeconds: options.retentionSeconds,
  });
  const user: User = {
    id: resources.newId(),
    name: options.username,
    status: 'active',
    ...password,
  };
  const auth = await createAuthorization(resources, {
    ...(options.token === undefined ? {} : { token: options.token }),
    description: `${options.username}'s Token`,
    orgID: org.id,
    userID: user.id,
    permissions: allPermissions(),
  });
  // The user comes last: a set-up that was cut off in the middle can be done again.
  await resources.users.put(user);
  return { user, org, bucket, auth };
}

export interface EnsureOptions {
  readonly org: string;
  readonly bucket: string;
  /** Absent: an existing bucket keeps its own, a new one keeps for ever. */
  readonly retentionSeconds?: number;
  readonly token: string;
}

/** Makes what is missing of the engine's own organization, bucket and token. */
export async function ensureSetUp(resources: Resources, wanted: EnsureOptions): Promise<Org> {
  const org = resources.org(wanted.org) ?? (await resources.createOrg(wanted.org, ''));
  const bucket = resources.bucket(org.id, wanted.bucket);
  if (!bucket) {
    const { bucket: name, retentionSeconds = 0 } = wanted;
    await resources.createBucket({ orgID: org.id, type: 'user', name, retentionSeconds });
  } else if (![undefined, bucket.retentionSeconds].includes(wanted.retentionSeconds)) {
    await resources.updateBucket({ ...bucket, retentionSeconds: wanted.retentionSeconds ?? 0 });
  }
  let user = resources.users.all()[0];
  user ??= await resources.users.put({ id: resources.newId(), name: 'tidemark', status: 'active' });
  if (!resources.authorizations.find((one) => one.token === wanted.token)) {
    await createAuthorization(resources, {
      token: wanted.token,
      description: `${user.name}'s Token`,
      orgID: org.id,
      userID: user.id,
      permissions: allPermissions(),
    });
  }
  return org;
}
