import type { Log } from '../../core/log.ts';
import type { TaskOptions } from '../flux/evaluate.ts';
import {
  createEvaluator,
  type Evaluator,
  FluxError,
  type FluxHost,
  type QueryLimits,
  type QueryRequest,
  type ScriptProblem,
} from '../flux/evaluate.ts';
import { MemoryPool } from '../flux/tables/memory-pool.ts';
import type { Bucket } from '../resources/model.ts';
import type { Resources } from '../resources/resources.ts';
import type { Storage } from '../storage/storage.ts';
import type { Identity } from './identity.ts';

/** Queries that may run at once; DuckDB's own work is bounded further inside. */
const QUERIES_MAX = 64;

/** Bytes of the tables of all queries. */
const MEMORY_BYTES_MAX = 768_000_000;

export interface QueriesOptions {
  readonly resources: Resources;
  readonly storage: Storage;
  readonly limits: QueryLimits;
  readonly log: Log;
}

/** Runs scripts for somebody: what they may not read does not exist for them. */
export class Queries {
  readonly #options: QueriesOptions;
  readonly #everything: Evaluator;
  readonly #memory = new MemoryPool(MEMORY_BYTES_MAX);
  #running = 0;

  constructor(options: QueriesOptions) {
    this.#options = options;
    this.#everything = createEvaluator(this.#host(undefined));
  }

  /** Errors before the first piece are FluxErrors; too many at once is InfluxDB's own refusal. */
  async *run(request: QueryRequest, identity?: Identity): AsyncGenerator<string> {
    if (this.#running >= QUERIES_MAX) throw new FluxError('queue length exceeded');
    this.#running++;
    try {
      const evaluator = identity ? createEvaluator(this.#host(identity)) : this.#everything;
      yield* evaluator.run(request);
    } finally {
      this.#running--;
    }
  }

  taskOptions(script: string): TaskOptions {
    return this.#everything.taskOptions(script);
  }

  analyze(script: string): ScriptProblem[] {
    return this.#everything.analyze(script);
  }

  #host(identity: Identity | undefined): FluxHost {
    const { resources, storage, limits, log } = this.#options;
    const mayRead = ({ id, orgID }: Bucket) =>
      identity === undefined || identity.may('read', 'buckets', { id, orgID });
    const mayWrite = (bucketId: string) => {
      const orgID = resources.buckets.get(bucketId)?.orgID;
      const where = { id: bucketId, ...(orgID !== undefined && { orgID }) };
      return identity === undefined || identity.may('write', 'buckets', where);
    };
    return {
      reader: storage,
      writer: {
        write(bucketId, points) {
          if (mayWrite(bucketId)) return storage.write(bucketId, points);
          throw new FluxError('insufficient permissions for write', 'forbidden');
        },
      },
      bucket(orgId, { id, name }) {
        const found = id === undefined ? undefined : resources.buckets.get(id);
        const bucket = found ?? (name === undefined ? undefined : resources.bucket(orgId, name));
        // Also for `to`: a token that may only write must not learn what is there.
        return bucket?.orgID === orgId && mayRead(bucket) ? bucket : undefined;
      },
      buckets: (orgId) =>
        resources.buckets.filter((bucket) => bucket.orgID === orgId && mayRead(bucket)),
      limits,
      memory: this.#memory,
      log,
    };
  }
}
