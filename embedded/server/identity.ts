import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { allPermissions, mayDo } from '../resources/access.ts';
import type { Authorization, Permission, User } from '../resources/model.ts';
import type { Resources } from '../resources/resources.ts';
import { InfluxError } from './errors.ts';
import type { Sessions } from './sessions.ts';

export const SESSION_COOKIE = 'influxdb-oss-session';

/** Who asks, and what they may do. */
export class Identity {
  readonly user: User;
  readonly permissions: readonly Permission[];
  /** The token, unless they signed in by password. */
  readonly authorization: Authorization | undefined;

  constructor(user: User, permissions: readonly Permission[], authorization?: Authorization) {
    this.user = user;
    this.permissions = permissions;
    this.authorization = authorization;
  }

  may(
    action: Permission['action'],
    type: string,
    where: { readonly id?: string; readonly orgID?: string } = {},
  ): boolean {
    return mayDo(this.permissions, action, { type, ...where });
  }
}

/** Throws InfluxDB's 401 for no, wrong or inactive credentials. */
export function identify(
  request: IncomingMessage,
  resources: Resources,
  sessions: Sessions,
): Identity {
  const token = tokenOf(request.headers.authorization);
  const identity =
    token === undefined ? bySession(request, resources, sessions) : byToken(token, resources);
  if (!identity) throw new InfluxError('unauthorized', 'unauthorized access');
  return identity;
}

export function sessionKey(request: IncomingMessage): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === SESSION_COOKIE) return value;
  }
  return undefined;
}

function tokenOf(header: string | undefined): string | undefined {
  return /^(?:Token|Bearer) +(.+)$/i.exec(header ?? '')?.[1]?.trim();
}

function byToken(token: string, resources: Resources): Identity | undefined {
  const digest = digestOf(token);
  const found = resources.authorizations.find((one) =>
    timingSafeEqual(digestOfAuthorization(one), digest),
  );
  if (found?.status !== 'active') return undefined;
  const user = resources.users.get(found.userID);
  return user?.status === 'active' ? new Identity(user, found.permissions, found) : undefined;
}

const digests = new WeakMap<Authorization, Buffer>();

function digestOfAuthorization(authorization: Authorization): Buffer {
  const known = digests.get(authorization);
  if (known) return known;
  const digest = digestOf(authorization.token);
  digests.set(authorization, digest);
  return digest;
}

/** Digests have one length and tell nothing about where two tokens differ. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function bySession(
  request: IncomingMessage,
  resources: Resources,
  sessions: Sessions,
): Identity | undefined {
  const key = sessionKey(request);
  const userID = key === undefined ? undefined : sessions.userOf(key);
  const user = userID === undefined ? undefined : resources.users.get(userID);
  return user?.status === 'active' ? new Identity(user, allPermissions()) : undefined;
}
