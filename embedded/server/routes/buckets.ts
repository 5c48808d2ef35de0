import { z } from 'zod';
import type { Bucket } from '../../resources/model.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { readId } from '../ids.ts';
import type { Routes } from '../router.ts';
import { bucketView } from '../views.ts';

const RETENTION_SECONDS_MIN = 3600;
const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 20;

export const bucketRoutes: Routes = {
  'GET /api/v2/buckets': list,
  'POST /api/v2/buckets': create,
  'GET /api/v2/buckets/:id': (context) => show(context, readable(context)),
  'PATCH /api/v2/buckets/:id': update,
  'DELETE /api/v2/buckets/:id': remove,
  'GET /api/v2/buckets/:id/members': (context) => people(context, 'members'),
  'GET /api/v2/buckets/:id/owners': (context) => people(context, 'owners'),
};

const RULES = z
  .array(z.object({ type: z.string().default('expire'), everySeconds: z.number().int().min(0) }))
  .nullish();

const NEW = z.object({
  name: z.string().default(''),
  orgID: z.string().default(''),
  description: z.string().optional(),
  retentionRules: RULES,
});

const CHANGE = z.object({
  name: z.string().optional(),
  description: z.string().optional(),
  retentionRules: RULES,
});

function list(context: Context): void {
  const { query, identity, resources } = context;
  const limit = limitOf(query.get('limit'));
  const offset = Math.max(0, Number(query.get('offset') ?? 0) || 0);
  const name = query.get('name');
  const ref = query.get('orgID') || query.get('org');
  const org = ref ? context.orgNamed(ref) : undefined;
  const visible = resources.buckets.filter(
    (bucket) =>
      identity.may('read', 'buckets', { id: bucket.id, orgID: bucket.orgID }) &&
      (org === undefined || bucket.orgID === org.id) &&
      (name === null || bucket.name === name) &&
      (query.get('id') === null || bucket.id === query.get('id')),
  );
  if (name !== null && visible.length === 0) {
    throw new InfluxError('not found', `bucket "${name}" not found`);
  }
  if (query.get('descending') === 'true') visible.reverse();
  const after = query.get('after');
  const start = after ? visible.findIndex((bucket) => bucket.id === after) + 1 : offset;
  const page = visible.slice(start, start + limit);
  const link = (from: number) => `/api/v2/buckets?${pageQuery(query, limit, from)}`;
  context.json(200, {
    links: {
      ...(offset > 0 && { prev: link(Math.max(0, offset - limit)) }),
      self: link(offset),
      ...(start + limit < visible.length && { next: link(start + limit) }),
    },
    buckets: page.map((bucket) => bucketView(bucket, resources)),
  });
}

function limitOf(text: string | null): number {
  const limit = text === null ? LIMIT_DEFAULT : Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new InfluxError('invalid', `limit must be between 1 and ${LIMIT_MAX}`);
}

function pageQuery(query: URLSearchParams, limit: number, offset: number): string {
  const page = new URLSearchParams();
  if (query.get('name')) page.set('bucket', query.get('name')!);
  page.set('descending', String(query.get('descending') === 'true'));
  page.set('limit', String(limit));
  page.set('offset', String(offset));
  for (const key of ['org', 'orgID']) if (query.get(key)) page.set(key, query.get(key)!);
  return page.toString();
}

async function create(context: Context): Promise<void> {
  const { name, orgID, description, retentionRules } = await context.body(NEW);
  if (orgID === '') throw new InfluxError('invalid', 'organization id must be provided');
  context.require('write', 'buckets', { orgID });
  const org = context.resources.orgs.get(readId(orgID));
  if (!org) throw new InfluxError('not found', 'organization not found');
  checkName(name);
  if (context.resources.bucket(orgID, name)?.name === name) throw taken(name);
  const bucket = await context.resources.createBucket({
    orgID,
    type: 'user',
    name,
    ...(description !== undefined && { description }),
    retentionSeconds: retentionOf(retentionRules) ?? 0,
  });
  context.json(201, bucketView(bucket, context.resources));
}

async function update(context: Context): Promise<void> {
  const bucket = writable(context);
  const { name, description, retentionRules } = await context.body(CHANGE);
  if (name !== undefined && name !== bucket.name) {
    checkName(name);
    if (bucket.type === 'system') {
      throw new InfluxError('invalid', 'system buckets cannot be renamed');
    }
    if (context.resources.bucket(bucket.orgID, name)?.name === name) throw taken(name);
  }
  const changed = await context.resources.updateBucket({
    ...bucket,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    retentionSeconds: retentionOf(retentionRules) ?? bucket.retentionSeconds,
  });
  show(context, changed);
}

async function remove(context: Context): Promise<void> {
  const bucket = writable(context);
  if (bucket.type === 'system')
    throw new InfluxError('invalid', 'system buckets cannot be deleted');
  await context.resources.deleteBucket(bucket);
  context.empty();
}

function people(context: Context, kind: 'members' | 'owners'): void {
  const bucket = readable(context);
  const self = `/api/v2/buckets/${bucket.id}/${kind}`;
  context.json(200, { links: { self }, users: [] });
}

function show(context: Context, bucket: Bucket): void {
  context.json(200, bucketView(bucket, context.resources));
}

function readable(context: Context): Bucket {
  return find(context, 'read');
}

function writable(context: Context): Bucket {
  return find(context, 'write');
}

function find(context: Context, action: 'read' | 'write'): Bucket {
  const id = readId(context.params.id!);
  const { identity } = context;
  const bucket = context.resources.buckets.get(id);
  if (!bucket || !identity.may('read', 'buckets', { id, orgID: bucket.orgID })) {
    throw new InfluxError('not found', 'bucket not found');
  }
  context.require(action, 'buckets', { id, orgID: bucket.orgID });
  return bucket;
}

function checkName(name: string): void {
  if (name.startsWith('_')) {
    const reason = 'Buckets may not start with underscore';
    throw new InfluxError('invalid', `bucket name ${name} is invalid. ${reason}`);
  }
  if (name.includes('"')) {
    const reason = 'Bucket names may not include quotation marks';
    throw new InfluxError('invalid', `bucket name ${name} is invalid. ${reason}`);
  }
}

function taken(name: string): InfluxError {
  return new InfluxError('conflict', `bucket with name ${name} already exists`);
}

/** Undefined: no rule was given. */
function retentionOf(rules: z.infer<typeof RULES>): number | undefined {
  const seconds = rules?.[0]?.everySeconds;
  if (seconds === undefined || seconds === 0 || seconds >= RETENTION_SECONDS_MIN) return seconds;
  // InfluxDB's own status for it, odd as it is.
  throw new InfluxError('internal error', 'retention policy duration must be at least 1h0m0s');
}
