/** The registry of scans in memory, on a manual clock; it can be away, or lose answers. */
import { TidemarkError } from '../../core/errors.ts';
import type { Ledger } from '../../ingest/scans/ledger.ts';
import type { SavedScan, ScanClaim, WaitingResult } from '../../registry/scans.ts';
import type { ManualClock } from './clock.ts';
import { newMonitor } from './monitors.ts';

interface Row extends Omit<ScanClaim, 'slotMs' | 'missed' | 'reprobe'> {
  dueMs: number;
  slotMs: number | null;
  owner: string | null;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class ScanRegistry {
  readonly rows = new Map<number, Mutable<Row>>();
  /** Every save that was taken. */
  readonly saved: SavedScan[] = [];
  readonly results = new Map<string, WaitingResult & { owner: string }>();
  readonly untilMs = new Map<string, number>();
  readonly claimed: { readonly owner: string; readonly limit: number }[] = [];
  refused = 0;
  released = 0;
  forgotten = 0;
  /** Nothing is carried out. */
  away = false;
  /** So many of the next calls of this name are carried out, and their answer is lost. */
  readonly lost: Partial<Record<keyof Ledger, number>> = {};
  /** Ahead of the clock of the workers. */
  aheadMs = 0;
  readonly #clock: ManualClock;
  readonly #leaseMs: number;

  constructor(clock: ManualClock, leaseMs = 10_000) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.aheadMs;
  }

  /** A monitor that is due in `inMs`. */
  add(inMs = 0, more: Partial<Row> = {}): Mutable<Row> {
    const monitor = this.rows.size + 1;
    const url = `http://host-${monitor}.example/`;
    const row: Mutable<Row> = {
      ...{ monitor, token: 0, version: 1, url, regexp: null, host: new URL(url).host },
      ...{ settings: newMonitor(url).settings, intervalMs: 60_000, dueMs: this.nowMs() + inMs },
      ...{ owner: null, slotMs: null, state: 'new', stateSinceMs: null },
      ...{ successes: 0, failures: 0, reason: null },
      ...more,
    };
    this.rows.set(monitor, row);
    return row;
  }

  ledger(id: string): Ledger {
    return {
      beat: () => this.#call('beat', () => this.#beat(id)),
      claim: (options) =>
        this.#call('claim', () => {
          const nowMs = this.#beat(id);
          this.claimed.push({ owner: id, limit: options.limit });
          const due = [...this.rows.values()]
            .filter((row) => row.dueMs <= nowMs + options.aheadMs && this.#isFree(row))
            .filter(({ host }) => !options.exceptHosts?.includes(host))
            .sort((a, b) => a.dueMs - b.dueMs);
          return { nowMs, claims: due.slice(0, options.limit).map((row) => this.#claim(id, row)) };
        }),
      save: (scans) =>
        this.#call('save', () => new Set(scans.flatMap((scan) => this.#save(id, scan)))),
      release: (claims) =>
        this.#call('release', () => {
          for (const { monitor, token } of claims) {
            const row = this.rows.get(monitor);
            if (row?.owner !== id || row.token !== token) continue;
            row.owner = null;
            this.released += 1;
          }
        }),
      releaseUnknown: (known) =>
        this.#call('releaseUnknown', () => this.#releaseUnknown(id, known)),
      adopt: (limit) =>
        this.#call('adopt', () => {
          const left = [...this.results.values()].filter(({ owner }) => !this.#isAlive(owner));
          for (const result of left.slice(0, limit)) result.owner = id;
          return left.slice(0, limit);
        }),
      own: (limit) =>
        this.#call('own', () =>
          [...this.results.values()].filter(({ owner }) => owner === id).slice(0, limit),
        ),
      forget: (results) =>
        this.#call('forget', () => {
          for (const { monitor, slotMs } of results) this.results.delete(`${monitor} ${slotMs}`);
          this.forgotten += results.length;
        }),
      tidy: () => this.#call('tidy', () => undefined),
      reclaimRoom: () => this.#call('reclaimRoom', () => undefined),
      leave: () => this.#call('leave', () => void this.untilMs.delete(id)),
    };
  }

  async #call<T>(name: keyof Ledger, work: () => T): Promise<T> {
    if (this.away) throw new TidemarkError('unavailable', 'the registry is away');
    const answer = work();
    const lost = this.lost[name] ?? 0;
    if (lost === 0) return answer;
    this.lost[name] = lost - 1;
    throw new TidemarkError('unavailable', 'the answer was lost');
  }

  #beat(id: string): number {
    this.untilMs.set(id, this.nowMs() + this.#leaseMs);
    return this.nowMs();
  }

  #isAlive(id: string): boolean {
    return (this.untilMs.get(id) ?? 0) > this.nowMs();
  }

  #isFree({ owner }: Row): boolean {
    return owner === null || !this.#isAlive(owner);
  }

  #claim(id: string, row: Mutable<Row>): ScanClaim {
    const nowMs = this.nowMs();
    const missed = Math.max(0, Math.floor((nowMs - row.dueMs) / row.intervalMs));
    const slotMs = row.dueMs + missed * row.intervalMs;
    const reprobe = row.owner !== null && row.slotMs === slotMs;
    Object.assign(row, { owner: id, token: row.token + 1, slotMs, dueMs: slotMs });
    return { ...row, slotMs, missed, reprobe };
  }

  #save(id: string, scan: SavedScan): number[] {
    const row = this.rows.get(scan.monitor);
    if (row?.owner !== id || row.token !== scan.token) {
      this.refused += 1;
      return [];
    }
    const { monitor, slotMs, fields, state, stateSinceMs, successes, failures, reason } = scan;
    Object.assign(row, { owner: null, state, stateSinceMs, successes, failures, reason });
    row.dueMs = Math.max(slotMs + row.intervalMs, Math.ceil(scan.notBeforeMs ?? 0));
    this.saved.push(scan);
    this.results.set(`${monitor} ${slotMs}`, { monitor, slotMs, fields, owner: id });
    return [monitor];
  }

  #releaseUnknown(id: string, known: Parameters<Ledger['releaseUnknown']>[0]): number {
    const tokens = new Map(known.map(({ monitor, token }) => [monitor, token]));
    const unknown = [...this.rows.values()].filter(({ owner, monitor, token }) => {
      return owner === id && tokens.get(monitor) !== token;
    });
    for (const row of unknown) row.owner = null;
    return unknown.length;
  }
}
