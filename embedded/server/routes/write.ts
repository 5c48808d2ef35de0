import { msToNs } from '../../../core/point.ts';
import type { Precision } from '../../lines/parse.ts';
import { readLines } from '../../lines/read.ts';
import { BODY_BYTES_MAX, readBody } from '../body.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import type { Routes } from '../router.ts';

const PRECISIONS: ReadonlySet<string> = new Set(['ns', 'us', 'ms', 's']);

export const writeRoutes: Routes = { 'POST /api/v2/write': write };

/** Line protocol in; 204 once every point of it is on disk. */
async function write(context: Context): Promise<void> {
  const { identity, query, parts } = context;
  const precision = query.get('precision') || 'ns';
  if (!isPrecision(precision)) {
    throw new InfluxError(
      'invalid',
      'invalid precision; valid precision units are ns, us, ms, and s',
    );
  }
  const org = context.org();
  const bucket = context.bucketNamed(org, query.get('bucket'));
  if (!identity.may('write', 'buckets', { id: bucket.id, orgID: org.id })) {
    throw new InfluxError('forbidden', 'insufficient permissions for write');
  }
  const body = await readBody(context.request, BODY_BYTES_MAX);
  const options = { precision, nowNs: msToNs(parts.nowMs()) };
  const result = await parts.storage.ingest(bucket.id, (target) =>
    readLines(body, options, target),
  );
  if (result.message !== undefined) {
    const text = `failure writing points to database: ${result.message}`;
    throw new InfluxError('unprocessable entity', text);
  }
  context.empty();
}

function isPrecision(text: string): text is Precision {
  return PRECISIONS.has(text);
}
