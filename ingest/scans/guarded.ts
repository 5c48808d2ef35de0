import { setMaxListeners } from 'node:events';
import type { Clock } from '../../core/clock.ts';
import type { ScanClaim } from '../../registry/scans.ts';
import type { Alarms } from './alarms.ts';
import { KeptTargets } from './kept-targets.ts';
import type { Reason } from './outcome.ts';
import type { Prober } from './probe.ts';
import type { ScanResult } from './result.ts';

export interface GuardedOptions {
  readonly prober: Pick<Prober, 'scan'>;
  readonly clock: Clock;
  readonly alarms: Alarms;
}

/** A scan ends by itself; one that should not is left alone after so much more than its time. */
const GUARD_MS = 5_000;

/** Scans of claims: each ends with a result, whatever becomes of the prober. */
export class GuardedProber {
  readonly #options: GuardedOptions;
  readonly #targets = new KeptTargets();
  readonly #cut = new AbortController();

  constructor(options: GuardedOptions) {
    this.#options = options;
    // Each scan under way listens to it.
    setMaxListeners(0, this.#cut.signal);
  }

  scan(claim: ScanClaim): Promise<ScanResult> {
    const { prober, clock, alarms } = this.#options;
    const kept = this.#targets.of(claim);
    const startedMs = clock.nowMs();
    if (!kept.ok) return Promise.resolve(noResult('invalid', kept.why, startedMs));
    const { target } = kept;
    return new Promise((done) => {
      const broken = (why: string) => () => done(noResult('internal', why, startedMs));
      const guardMs = target.timeoutMs + GUARD_MS;
      const takeBack = alarms.set(guardMs, broken('a bug: the scan did not end'));
      prober
        .scan(target, this.#cut.signal)
        .then(done, broken('a bug: the scan failed'))
        .finally(takeBack);
    });
  }

  /** What is under way ends as cancelled. */
  cut(): void {
    this.#cut.abort();
  }
}

/** Of a scan that was not made. */
function noResult(reason: Reason, text: string, startedMs: number): ScanResult {
  return { ok: false, reason, text, startedMs, totalMs: 0, phases: {}, hops: [], truncated: false };
}
