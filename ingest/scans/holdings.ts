import type { ScanClaim } from '../../registry/scans.ts';

export interface HoldingsOptions {
  /** Most that count in all, and of one host. */
  readonly max: number;
  readonly hostMax: number;
}

/**
 * What a worker has claimed and has not saved or given back. A host of which it holds enough is
 * claimed no more, and what it holds beyond that takes nobody else's room.
 */
export class Holdings {
  readonly #options: HoldingsOptions;
  readonly #claims = new Map<number, ScanClaim>();
  readonly #ofHost = new Map<string, number>();
  /** Beyond what counts of each host. */
  #surplus = 0;

  constructor(options: HoldingsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#claims.size;
  }

  /** For how many more there is room. */
  get room(): number {
    return Math.max(0, this.#options.max - (this.size - this.#surplus));
  }

  add(claim: ScanClaim): void {
    const former = this.#claims.get(claim.monitor);
    if (former) this.remove(former);
    this.#claims.set(claim.monitor, claim);
    const count = this.#ofHost.get(claim.host) ?? 0;
    this.#ofHost.set(claim.host, count + 1);
    if (count >= this.#options.hostMax) this.#surplus += 1;
  }

  /** True when its host may be claimed again from now on. */
  remove(claim: ScanClaim): boolean {
    if (this.#claims.get(claim.monitor) !== claim) return false;
    this.#claims.delete(claim.monitor);
    const count = this.#ofHost.get(claim.host) ?? 0;
    if (count > 1) this.#ofHost.set(claim.host, count - 1);
    else this.#ofHost.delete(claim.host);
    if (count > this.#options.hostMax) this.#surplus -= 1;
    return count === this.#options.hostMax;
  }

  has(claim: ScanClaim): boolean {
    return this.#claims.get(claim.monitor) === claim;
  }

  crowdedHosts(): string[] {
    const crowded: string[] = [];
    for (const [host, count] of this.#ofHost) {
      if (count >= this.#options.hostMax) crowded.push(host);
    }
    return crowded;
  }

  list(): ScanClaim[] {
    return [...this.#claims.values()];
  }
}
