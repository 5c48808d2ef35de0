import { InfluxDB } from '@influxdata/influxdb-client';
import type { Clock } from '../clock.ts';
import { createDashboards, type Dashboards } from './dashboards.ts';
import {
  type Buckets,
  createBuckets,
  createTasks,
  type Health,
  ping,
  readHealth,
  type Tasks,
} from './resources.ts';
import { RowChecker, type RowOf, type RowShape } from './rows.ts';
import { type RowBatch, TableReader } from './tables.ts';
import { type Answer, UndiciTransport } from './transport.ts';
import type { WatchOptions } from './watch.ts';

export interface InfluxOptions {
  readonly url: string;
  readonly token: string;
  /** Name of the organization. */
  readonly org: string;
  readonly bucket: string;
  /** Longest silence in milliseconds before a request is given up. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Queries that may run at once; more wait for their turn. Default 64. */
  readonly queriesMax?: number;
  /** Who is told of requests, and their spans. */
  readonly watch?: WatchOptions;
}

export interface QueryOptions {
  /** Aborting closes the connection at once, which stops the query in InfluxDB. */
  readonly signal?: AbortSignal;
  /** What `now()` is in the query, RFC 3339; the server's time by default. */
  readonly now?: string;
}

export interface WriteOptions {
  readonly gzip: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The one client of InfluxDB 2 (and of the embedded engine, which speaks the same HTTP). Failures
 * are TidemarkErrors: `unavailable` (away, overloaded), `upstream` (cut answer, nonsense),
 * `unauthorized`, `forbidden`, `not-found` (each with what to fix), `invalid` (the query),
 * `cancelled`.
 */
export interface Influx {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly buckets: Buckets;
  readonly tasks: Tasks;
  readonly dashboards: Dashboards;
  /**
   * The annotated CSV as it arrives, cut anywhere, for a reader that works on bytes. It must look
   * for an error table and for an end in the middle of a row itself (`TableReader` does).
   */
  queryCsv(flux: string, options?: QueryOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /** Streams the cells as InfluxDB wrote them, in batches. */
  queryRows(flux: string, options?: QueryOptions): AsyncGenerator<RowBatch, void, undefined>;
  /** Streams rows of a checked shape. */
  rows<S extends RowShape>(
    flux: string,
    shape: S,
    options?: QueryOptions,
  ): AsyncGenerator<RowOf<S>, void, undefined>;
  /** All rows of a small answer. */
  collect<S extends RowShape>(flux: string, shape: S, options?: QueryOptions): Promise<RowOf<S>[]>;
  /** Posts lines with nanosecond times and returns the answer whatever its status is. */
  write(lines: Uint8Array | string, options: WriteOptions): Promise<Answer>;
  health(): Promise<Health>;
  ping(): Promise<void>;
  /** Drops every connection; running calls fail. */
  close(): Promise<void>;
}

const DIALECT = { header: true, delimiter: ',', annotations: ['datatype', 'group', 'default'] };

export function createInflux(options: InfluxOptions): Influx {
  const { url, token, org, bucket, timeoutMs, clock } = options;
  const { watch = {} } = options;
  const shared = { url, token, timeoutMs, clock, watch };
  const queries = new UndiciTransport({ ...shared, connections: options.queriesMax ?? 64 });
  // Apart from the queries, so that a full house of slow readers holds up neither writes nor
  // health.
  const control = new UndiciTransport({ ...shared, connections: 8 });
  const db = new InfluxDB({ url, token, transport: control });

  const queryCsv: Influx['queryCsv'] = (flux, { signal, now } = {}) =>
    queries.stream({
      method: 'POST',
      path: `/api/v2/query?org=${encodeURIComponent(org)}`,
      headers: { 'content-type': 'application/json; charset=utf-8', 'accept-encoding': 'identity' },
      body: JSON.stringify({ query: flux, type: 'flux', dialect: DIALECT, now }),
      signal,
      repeatable: true,
    });

  const queryRows: Influx['queryRows'] = async function* (flux, query) {
    const reader = new TableReader();
    for await (const chunk of queryCsv(flux, query)) yield* reader.feed(chunk);
    reader.end();
  };

  const rows: Influx['rows'] = async function* (flux, shape, query) {
    const checker = new RowChecker(shape);
    for await (const batch of queryRows(flux, query)) yield* checker.check(batch);
  };

  return {
    url,
    org,
    bucket,
    buckets: createBuckets(db, org, bucket),
    tasks: createTasks(db, org),
    dashboards: createDashboards(control, org),
    queryCsv,
    queryRows,
    rows,
    async collect(flux, shape, query) {
      const checker = new RowChecker(shape);
      const all: RowOf<typeof shape>[] = [];
      for await (const batch of queryRows(flux, query)) all.push(...checker.check(batch));
      return all;
    },
    write: (lines, writing) => control.fetch(writeRequest(org, bucket, lines, writing)),
    health: () => readHealth(db),
    ping: () => ping(db),
    async close() {
      await Promise.all([queries.close(), control.close()]);
    },
  };
}

function writeRequest(org: string, bucket: string, body: Uint8Array | string, how: WriteOptions) {
  const query = new URLSearchParams({ org, bucket, precision: 'ns' });
  return {
    method: 'POST' as const,
    path: `/api/v2/write?${query}`,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...(how.gzip ? { 'content-encoding': 'gzip' } : {}),
    },
    body,
    signal: how.signal,
  };
}
