import type { Clock } from '../../core/clock.ts';
import { IDLE_MS_MAX, Line } from './line.ts';

export interface LinesOptions {
  readonly clock: Clock;
  /** Connections kept between scans, all hosts together. */
  readonly keptMax?: number;
  /** An older one is not used again: names move, and certificates change. */
  readonly keptMsMax?: number;
}

const KEPT_MAX = 4_096;
const KEPT_MS_MAX = 5 * 60_000;
const BLANK_MAX = 256;

interface Kept {
  readonly key: string;
  readonly line: Line;
  readonly sinceMs: number;
  readonly idleSinceMs: number;
}

/** Lines that nobody uses: those with a connection by origin, and those without one. */
export class Lines {
  readonly #options: LinesOptions;
  readonly #blank: Line[] = [];
  /** In the order in which they were put back: the first is the longest unused. */
  readonly #kept = new Map<Line, Kept>();
  readonly #byKey = new Map<string, Line[]>();
  readonly #sinceMs = new WeakMap<Line, number>();
  #closed = false;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** A line without a connection. */
  blank(): Line {
    return this.#blank.pop() ?? new Line();
  }

  /** A line with a connection for `key`, the one used last; undefined when there is none. */
  kept(key: string): Line | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    for (;;) {
      const line = this.#byKey.get(key)?.at(-1);
      const kept = line && this.#kept.get(line);
      if (!line || !kept) return undefined;
      this.#forget(kept);
      const young = nowMs - kept.sinceMs < (this.#options.keptMsMax ?? KEPT_MS_MAX);
      if (young && nowMs - kept.idleSinceMs < IDLE_MS_MAX) {
        this.#sinceMs.set(line, kept.sinceMs);
        return line;
      }
      this.drop(line);
    }
  }

  /** Puts a line back with its connection, for the next scan of `key`. */
  keep(key: string, line: Line): void {
    if (this.#closed || !line.connection) {
      this.drop(line);
      return;
    }
    const nowMs = this.#options.clock.monotonicMs();
    const kept = { key, line, sinceMs: this.#sinceMs.get(line) ?? nowMs, idleSinceMs: nowMs };
    this.#kept.set(line, kept);
    const others = this.#byKey.get(key);
    if (others) others.push(line);
    else this.#byKey.set(key, [line]);
    line.onEnd = () => {
      this.#forget(kept);
      this.#reuse(line);
    };
    const oldest = this.#kept.values().next().value;
    if (oldest && this.#kept.size > (this.#options.keptMax ?? KEPT_MAX)) this.drop(oldest.line);
  }

  /** Ends the connection of a line; the line waits for another one. */
  drop(line: Line): void {
    const kept = this.#kept.get(line);
    if (kept) this.#forget(kept);
    if (!line.connection) {
      this.#reuse(line);
      return;
    }
    line.onEnd = () => this.#reuse(line);
    line.hangUp();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#kept.keys(), ...this.#blank.splice(0)];
    for (const { key, line } of [...this.#kept.values()]) {
      this.#byKey.delete(key);
      this.#kept.delete(line);
    }
    await Promise.all(all.map((line) => line.close()));
  }

  #forget({ key, line }: Kept): void {
    this.#kept.delete(line);
    const others = this.#byKey.get(key) ?? [];
    const at = others.lastIndexOf(line);
    if (at >= 0) others.splice(at, 1);
    if (others.length === 0) this.#byKey.delete(key);
    line.onEnd = undefined;
  }

  #reuse(line: Line): void {
    this.#sinceMs.delete(line);
    if (!this.#closed && this.#blank.length < BLANK_MAX) this.#blank.push(line);
    else void line.close();
  }
}
