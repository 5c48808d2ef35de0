import { FluxError } from '../error.ts';
import type { Bounds, QueryScope } from '../tables/stream.ts';
import { Stream } from '../tables/stream.ts';
import type { Table } from '../values/value.ts';
import { Read } from './read.ts';

/** `from(bucket: ...)` before its `range`: it cannot be read. */
export class UnboundedRead extends Stream {
  readonly bucketId: string;

  constructor(scope: QueryScope, bucketId: string) {
    super(scope, undefined);
    this.bucketId = bucketId;
  }

  within(bounds: Bounds): Read {
    const spec = { bucketId: this.bucketId, bounds, seriesTests: [], pointTests: [], stored: true };
    return new Read(this.scope, spec);
  }

  protected override read(): AsyncIterable<Table> {
    throw new FluxError(
      'cannot submit unbounded read to "from": try bounding "from" with a call to "range"',
    );
  }
}
