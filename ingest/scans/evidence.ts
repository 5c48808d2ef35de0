import { outcomes } from './outcome.ts';
import type { ScanResult } from './result.ts';

/** What is kept for people to look at; no credentials are among it. */
export interface Evidence {
  readonly slotMs: number;
  readonly reason: string;
  readonly text: string;
  readonly hops: ScanResult['hops'];
  readonly truncated: boolean;
  readonly evidence?: string;
  readonly charset?: string;
  readonly match?: ScanResult['match'];
}

const MONITORS_MAX = 50_000;
/** What is as it was is kept again after this long. */
const SAME_MS = 300_000;
const SAME_FAILURE_MS = 10_000;

/**
 * Decides whose evidence is kept: what failed or has changed, and every five minutes what is as it
 * was.
 * A failure that is the same as the last one is kept every ten seconds at most.
 */
export class EvidenceKeeper {
  readonly #kept = new Map<number, { readonly likeness: string; readonly slotMs: number }>();

  /** The evidence to keep instead of the last one; undefined: the last one stays. */
  take(monitor: number, slotMs: number, result: ScanResult): Evidence | undefined {
    const likeness = likenessOf(result);
    const last = this.#kept.get(monitor);
    const waitMs = outcomes[result.reason].means === 'up' ? SAME_MS : SAME_FAILURE_MS;
    if (last?.likeness === likeness && Math.abs(slotMs - last.slotMs) < waitMs) return undefined;
    this.#kept.delete(monitor);
    this.#kept.set(monitor, { likeness, slotMs });
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > MONITORS_MAX && !oldest.done) this.#kept.delete(oldest.value);
    return evidenceOf(slotMs, result);
  }
}

function likenessOf({ reason, status, tls }: ScanResult): string {
  return `${reason} ${status ?? ''} ${tls?.fingerprint ?? ''}`;
}

function evidenceOf(slotMs: number, result: ScanResult): Evidence {
  const { reason, text, hops, truncated, evidence, charset, match } = result;
  return {
    ...{ slotMs, reason, text, hops, truncated },
    ...(evidence === undefined ? {} : { evidence }),
    ...(charset === undefined ? {} : { charset }),
    ...(match === undefined ? {} : { match }),
  };
}
