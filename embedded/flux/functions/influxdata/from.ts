import { FluxError } from '../../error.ts';
import { UnboundedRead } from '../../plan/unbounded.ts';
import { scopeOf } from '../../tables/stream.ts';
import type { Bucket, CallContext } from '../context.ts';
import { optional, string } from '../params.ts';
import { builtin } from '../registry.ts';

/** The bucket that a name or an id means, in the query's organization. */
export function bucketOf(
  context: CallContext,
  ref: { bucket?: string | undefined; bucketID?: string | undefined },
): Bucket {
  const { bucket, bucketID } = ref;
  if ((bucket === undefined) === (bucketID === undefined)) {
    throw new FluxError('must specify exactly one of bucket or bucketID');
  }
  const found = context.host.bucket(
    context.org.id,
    bucket === undefined ? { id: bucketID! } : { name: bucket },
  );
  if (found !== undefined) return found;
  const what = bucket === undefined ? `bucket ID "${bucketID}"` : `bucket "${bucket}"`;
  throw new FluxError(`failed to initialize execute state: could not find ${what}`, 'not found');
}

function fromBuiltin(packagePath: string) {
  return builtin({
    package: packagePath,
    name: 'from',
    params: {
      bucket: optional(string()),
      bucketID: optional(string()),
      host: optional(string()),
      org: optional(string()),
      orgID: optional(string()),
      token: optional(string()),
    },
    note: 'host, org and token are not supported: only buckets of this engine are read',
    call({ bucket, bucketID, host, org, orgID }, context) {
      if (host !== undefined || org !== undefined || orgID !== undefined) {
        throw new FluxError('from: reading from another host or organization is not supported');
      }
      return new UnboundedRead(scopeOf(context), bucketOf(context, { bucket, bucketID }).id);
    },
  });
}

export const from = [fromBuiltin('universe'), fromBuiltin('influxdata/influxdb')];
