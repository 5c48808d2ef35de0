import type { RowBatch } from '../core/influx/tables.ts';

/**
 * What the API needs from the other parts, and no more, beside the registry's `Catalog`. `main.ts`
 * passes the real ones; tests pass fakes. Every method may throw TidemarkError `unavailable`, which
 * becomes a 503.
 */

/** The query side of core/influx. Aborting `signal` cancels the query on the server. */
export interface Influx {
  /**
   * The annotated CSV of a Flux script as it arrives, cut anywhere. Reads on only when asked to.
   */
  queryCsv(
    flux: string,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array, void, undefined>;
  /** The rows of a Flux script in batches. */
  queryRows(
    flux: string,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<RowBatch, void, undefined>;
}

/** One thing that must work before the process counts as ready. */
export interface Probe {
  readonly name: string;
  check(signal: AbortSignal): Promise<ProbeResult>;
}

export type ProbeResult =
  | { readonly ok: true }
  /** `reason` is what is wrong, `fix` what the operator can do about it. */
  | { readonly ok: false; readonly reason: string; readonly fix?: string };

export type Role = 'read' | 'write' | 'admin';

export interface ApiKey {
  readonly name: string;
  readonly role: Role;
  readonly secret: string;
}
