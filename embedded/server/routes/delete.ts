import { z } from 'zod';
import { msToNs } from '../../../core/point.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import { parsePredicate } from '../predicate.ts';
import type { Routes } from '../router.ts';

export const deleteRoutes: Routes = { 'POST /api/v2/delete': remove };

const DELETE = z.object({
  start: z.string().default(''),
  stop: z.string().default(''),
  predicate: z.string().default(''),
});

/** Deletes the points of a time range whose series match the predicate. */
async function remove(context: Context): Promise<void> {
  const { identity, parts, query } = context;
  const { start, stop, predicate } = await context.body(DELETE);
  const range = { startNs: readTime('start', start), stopNs: readTime('stop', stop) + 1n };
  const matches = parsePredicate(predicate);
  const org = context.org();
  const bucket = context.bucketNamed(org, query.get('bucket') || query.get('bucketID'));
  if (!identity.may('write', 'buckets', { id: bucket.id, orgID: org.id })) {
    throw new InfluxError('forbidden', 'insufficient permissions to delete');
  }
  await parts.storage.deletePoints(bucket.id, range, matches);
  context.empty();
}

/** RFC 3339, to the nanosecond. */
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:[Zz]|[+-]\d\d:\d\d)$/;

function readTime(field: string, text: string): bigint {
  const match = TIME.exec(text);
  const ms = Date.parse(text);
  if (match && !Number.isNaN(ms)) {
    return msToNs(Math.floor(ms / 1000) * 1000) + BigInt((match[1] ?? '').padEnd(9, '0'));
  }
  throw new InfluxError(
    'invalid',
    `error decoding json body: invalid RFC3339Nano for field ${field}, please format your time ` +
      'with RFC3339Nano format, example: 2009-01-02T23:00:00Z',
  );
}
