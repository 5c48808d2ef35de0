import { bind, loadFlux } from './load.ts';

/** A part of the scans of one monitor. Times are RFC 3339; `stop` is not in it. */
export interface ScanRange {
  /** Its number, which is the tag. */
  readonly monitor: string;
  readonly start: string;
  readonly stop: string;
}

export interface ScanQueries {
  /** A row a slot, by time: `_time` and a column for each field that a slot of the part has. */
  results(range: ScanRange): string;
  /** `_time`, `_value`, `reason`: how many scans ended so in each window, by its begin. */
  reasons(range: ScanRange & { readonly every: string }): string;
  /**
   * `part`, `_value`, in ms: `mean`, `p50`, `p90`, `p99`, `max` of the scans that were answered as
   * expected; `dns_ms` to `transfer_ms` and `late_ms`, means of all scans. What none has is absent.
   */
  latency(range: ScanRange): string;
  /** `part` (`mean`, `max`), `_time`, `_value`: the same for each window, by its begin. */
  latencySteps(range: ScanRange & { readonly every: string }): string;
}

/** The scripts that answer with what scans found out, bound to a bucket. */
export function createScanQueries({ bucket }: { readonly bucket: string }): ScanQueries {
  return {
    results: (range) => bind(loadFlux('scan-results'), { bucket, ...range }),
    reasons: (range) => bind(loadFlux('scan-reasons'), { bucket, ...range }),
    latency: (range) => bind(loadFlux('scan-latency'), { bucket, ...range }),
    latencySteps: (range) => bind(loadFlux('scan-latency-steps'), { bucket, ...range }),
  };
}
