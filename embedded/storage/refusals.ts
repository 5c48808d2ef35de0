import type { WriteResult } from './contract.ts';
import type { TypeConflict } from './target.ts';
import { INFLUX_TYPE_NAMES } from './types.ts';

interface OldPoint {
  readonly key: string;
  readonly timeNs: bigint;
}

/** The points of one request that were refused while the others were kept, in InfluxDB's words. */
export class Refusals {
  readonly #bucketId: string;
  readonly #retentionNs: bigint;
  readonly #oldestNs: bigint;
  #reason: string | undefined;
  #invalid = 0;
  #old = 0;
  #oldest: OldPoint | undefined;
  #newest: OldPoint | undefined;

  constructor(bucketId: string, retentionNs: bigint, oldestNs: bigint) {
    this.#bucketId = bucketId;
    this.#retentionNs = retentionNs;
    this.#oldestNs = oldestNs;
  }

  conflict(conflict: TypeConflict): void {
    const { measurement, field, type, existing } = conflict;
    const [given, kept] = [INFLUX_TYPE_NAMES[type], INFLUX_TYPE_NAMES[existing]];
    const types = `is type ${given}, already exists as type ${kept}`;
    const where = `input field ${quoted(field)} on measurement ${quoted(measurement)}`;
    this.invalid(`field type conflict: ${where} ${types}`);
  }

  invalid(reason: string): void {
    this.#invalid++;
    this.#reason ??= reason;
  }

  old(key: string, timeNs: bigint): void {
    this.#old++;
    const point = { key, timeNs };
    if (!this.#oldest || timeNs < this.#oldest.timeNs) this.#oldest = point;
    if (!this.#newest || timeNs > this.#newest.timeNs) this.#newest = point;
  }

  result(written: number): WriteResult {
    const dropped = this.#invalid + this.#old;
    if (dropped === 0) return { written, dropped };
    if (this.#reason !== undefined) {
      return { written, dropped, message: `partial write: ${this.#reason} dropped=${dropped}` };
    }
    return { written, dropped, message: this.#oldMessage() };
  }

  #oldMessage(): string {
    const policy = `retention policy of duration ${goDuration(this.#retentionNs)}`;
    const oldest = `oldest ${this.#describe(this.#oldest!)}`;
    const newest = `newest ${this.#describe(this.#newest!)}`;
    const where = `for database: ${this.#bucketId} for retention policy: autogen`;
    return (
      `partial write: dropped ${this.#old} points outside ${policy} - ` +
      `${oldest}, ${newest} dropped=${this.#old} ${where}`
    );
  }

  #describe(point: OldPoint): string {
    const bound = `violates a Retention Policy Lower Bound at ${rfc3339(this.#oldestNs)}`;
    return `point ${point.key} at ${rfc3339(point.timeNs)} dropped because it ${bound}`;
  }
}

/** Go's %q for the strings that names are made of. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Go's way to print a duration of whole seconds: 2h0m0s. */
export function goDuration(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const [h, m, s] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  if (h > 0n) return `${h}h${m}m${s}s`;
  return m > 0n ? `${m}m${s}s` : `${s}s`;
}

/** RFC 3339 in UTC with as many decimals as needed, at most nine. */
export function rfc3339(ns: bigint): string {
  let seconds = ns / 1_000_000_000n;
  let rest = ns % 1_000_000_000n;
  if (rest < 0n) {
    rest += 1_000_000_000n;
    seconds -= 1n;
  }
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -5);
  if (rest === 0n) return `${whole}Z`;
  return `${whole}.${rest.toString().padStart(9, '0').replace(/0+$/, '')}Z`;
}
