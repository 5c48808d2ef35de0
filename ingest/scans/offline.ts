import { outcomes, type Reason } from './outcome.ts';
import type { ScanResult } from './result.ts';

/** Nothing came back from the host, not even a refusal. */
const UNREACHED: ReadonlySet<Reason> = new Set([
  ...(['dns', 'timeout-dns', 'timeout-connect', 'unreachable'] as const),
]);
/** Says nothing either way: the network was not asked, or the fault is this machine's. */
const SILENT: ReadonlySet<Reason> = new Set([
  ...(['blocked', 'invalid', 'internal', 'local', 'cancelled', 'offline'] as const),
]);

const RESULTS_MIN = 10;
const HOSTS_MIN = 5;

/** So many hosts are remembered to be down; more would be forgotten at their next result. */
const DOWN_MAX = 100_000;

/**
 * Whether it is this machine that is cut off: no host at all was reached since, over at least ten
 * results of five hosts. A scan during which another one reached its host does not count: the
 * network was there, so its own host is to blame. Nor does, until it is reached again, a host that
 * was not reached when others were: however many are down, they say nothing of this machine.
 */
export class Reachability {
  readonly #hosts = new Set<string>();
  /** Hosts that are to blame themselves. */
  readonly #down = new Set<string>();
  #results = 0;
  #reachedMs = Number.NEGATIVE_INFINITY;

  get cutOff(): boolean {
    return this.#results >= RESULTS_MIN && this.#hosts.size >= HOSTS_MIN;
  }

  note(
    host: string,
    reason: Reason,
    times: { readonly beganMs: number; readonly endedMs: number },
  ) {
    if (SILENT.has(reason)) return;
    if (!UNREACHED.has(reason)) return this.#answered(host, times.endedMs);
    if (times.beganMs <= this.#reachedMs || this.#down.has(host)) return;
    this.#results += 1;
    if (this.#hosts.size < DOWN_MAX) this.#hosts.add(host);
  }

  #answered(host: string, atMs: number): void {
    for (const one of this.#hosts) if (this.#down.size < DOWN_MAX) this.#down.add(one);
    this.#down.delete(host);
    this.reached(atMs);
  }

  /** The network is there, and the hosts that were not reached may still tell when it is not. */

  reached(atMs: number): void {
    this.#reachedMs = Math.max(this.#reachedMs, atMs);
    this.#results = 0;
    this.#hosts.clear();
  }
}

export interface OfflineGateOptions {
  readonly monotonicMs: () => number;
  /** Whether any of the operator's places can be reached; absent: there are none. */
  readonly check?: (() => Promise<boolean>) | undefined;
  readonly onChange: (offline: boolean) => void;
}

/** How long an answer of the check holds. */
const CHECK_MS = 2_000;

/** Turns failures into `offline` while it is this machine that is cut off. */
export class OfflineGate {
  readonly #options: OfflineGateOptions;
  readonly #reachability = new Reachability();
  #offline = false;
  #check: { readonly atMs: number; readonly answer: Promise<boolean> } | undefined;

  constructor(options: OfflineGateOptions) {
    this.#options = options;
  }

  get offline(): boolean {
    return this.#offline;
  }

  /** The result as it is to be recorded. `beganMs` is monotonic. */
  async judge(host: string, result: ScanResult, beganMs: number): Promise<ScanResult> {
    const endedMs = this.#options.monotonicMs();
    this.#reachability.note(host, result.reason, { beganMs, endedMs });
    if (this.#reachability.cutOff && (await this.#isReachable())) {
      // The targets of all these hosts are down, then.
      this.#reachability.reached(this.#options.monotonicMs());
    }
    this.#tell(this.#reachability.cutOff);
    return this.#offline && UNREACHED.has(result.reason) ? offlineResult(result) : result;
  }

  /** One check for all who ask at about the same time. */
  async #isReachable(): Promise<boolean> {
    const { check, monotonicMs } = this.#options;
    if (!check) return false;
    const atMs = monotonicMs();
    const known = this.#check;
    if (known && known.atMs > atMs - CHECK_MS) return known.answer;
    const answer = check();
    this.#check = { atMs, answer };
    return answer;
  }

  #tell(offline: boolean): void {
    if (offline === this.#offline) return;
    this.#offline = offline;
    this.#options.onChange(offline);
  }
}

function offlineResult(result: ScanResult): ScanResult {
  const text = `${outcomes.offline.text} (${result.reason}: ${result.text})`;
  return { ...result, ok: false, reason: 'offline', text };
}
