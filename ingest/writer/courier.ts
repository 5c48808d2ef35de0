import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Clock } from '../../core/clock.ts';
import { isCode, messageOf, TidemarkError } from '../../core/errors.ts';
import { retryAfterMs } from '../../core/http.ts';
import type { Influx } from '../../core/influx/influx.ts';
import type { Log } from '../../core/log.ts';
import { noTrace, type Trace } from '../../core/trace.ts';
import { type Backoff, backoffMs } from './backoff.ts';
import type { Lines } from './lines.ts';
import { judge, type Outcome, type Verdict } from './verdict.ts';

/** Where the lines go: `Influx` of core/influx is one. */
export type WriteTarget = Pick<Influx, 'write'>;

export interface CourierOptions {
  readonly target: WriteTarget;
  readonly backoff: Backoff;
  /** About how long to wait when only a person can help, milliseconds. */
  readonly fixWaitMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** The one of this moment: aborting it ends the wait or request with `cancelled`. */
  readonly signal: () => AbortSignal;
  readonly onRetry: (reason: string) => void;
  /** Whether long bodies are sent compressed. */
  readonly compress: boolean;
  readonly trace?: Trace;
}

/** How the target is, as far as the last request tells. */
export interface TargetState {
  readonly connected: boolean;
  readonly lastError: string | undefined;
  /** Set while a person has to do something: what is wrong and what to fix. */
  readonly blockedReason: string | undefined;
}

/** A verdict that says something about the lines, not about the server's health. */
export type LineVerdict = Exclude<Verdict, { readonly kind: 'later' | 'fix' }>;

const compress = promisify(gzip);
/** Below this compressing costs more than it saves. */
const GZIP_BYTES_MIN = 1_000;

/** Carries lines to the target and waits as long as it takes for an answer about the lines. */
export class Courier {
  readonly #options: CourierOptions;
  #state: TargetState = { connected: false, lastError: undefined, blockedReason: undefined };
  #troubleSinceMs: number | undefined;
  #reason = '';

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  get state(): TargetState {
    return this.#state;
  }

  /** Sends until the target takes the lines or finds fault with them. */
  send(lines: Lines): Promise<LineVerdict> {
    const { trace = noTrace } = this.#options;
    const attributes = { 'tidemark.points': lines.ends.length };
    return trace.span('writer batch', attributes, async (span) => {
      const verdict = await this.#send(lines);
      span.set({ 'tidemark.verdict': verdict.kind });
      return verdict;
    });
  }

  async #send(lines: Lines): Promise<LineVerdict> {
    const body = await this.#bodyOf(lines.payload);
    for (let attempt = 0; ; attempt++) {
      const verdict = await this.#once(body);
      if (verdict.kind === 'later') {
        await this.pause(attempt, verdict);
      } else if (verdict.kind === 'fix') {
        this.block(verdict.reason, verdict.message);
        await this.#sleep((0.5 + this.#options.random()) * this.#options.fixWaitMs);
      } else {
        return verdict;
      }
    }
  }

  /** True when the target takes an empty batch: then a refusal was about the lines. */
  async probe(): Promise<boolean> {
    return (await this.#once({ bytes: Buffer.alloc(0), gzip: false })).kind === 'stored';
  }

  /** Waits before the next attempt. */
  async pause(attempt: number, verdict: { reason: string; retryAfterMs?: number | undefined }) {
    const { backoff, random, onRetry } = this.#options;
    onRetry(verdict.reason);
    await this.#sleep(backoffMs(backoff, attempt, random, verdict.retryAfterMs));
  }

  /** Says that nothing goes on until a person has done something. */
  block(reason: string, message: string): void {
    this.#trouble(reason, message);
    this.#state = { ...this.#state, blockedReason: message };
  }

  async #once(body: { bytes: Buffer; gzip: boolean }): Promise<Verdict> {
    const outcome = await this.#outcome(body);
    const verdict = judge(outcome);
    if (verdict.kind === 'stored') this.#well();
    else this.#trouble(verdict.reason, verdict.message);
    this.#state = { ...this.#state, connected: outcome.kind === 'answer' };
    return verdict;
  }

  async #outcome({ bytes, gzip }: { bytes: Buffer; gzip: boolean }): Promise<Outcome> {
    const { target, clock } = this.#options;
    const signal = this.#options.signal();
    try {
      const { status, headers, text } = await target.write(bytes, { gzip, signal });
      const header = headers['retry-after'];
      const wait = retryAfterMs(header === undefined ? undefined : String(header), clock.nowMs());
      return { kind: 'answer', status, text, retryAfterMs: wait };
    } catch (error) {
      if (signal.aborted)
        throw new TidemarkError('cancelled', 'the lines are not sent', { cause: error });
      // Anything else that is no answer is a bug, and must not look like an outage.
      if (!isCode(error, 'unavailable', 'upstream', 'timeout', 'cancelled')) throw error;
      return { kind: 'no-answer', message: messageOf(error) };
    }
  }

  async #bodyOf(bytes: Buffer): Promise<{ bytes: Buffer; gzip: boolean }> {
    if (bytes.length < GZIP_BYTES_MIN || !this.#options.compress) return { bytes, gzip: false };
    // Level 1: three times as fast as the default for a few per cent more bytes.
    const small = await compress(bytes, { level: constants.Z_BEST_SPEED });
    return { bytes: small, gzip: true };
  }

  #sleep(ms: number): Promise<void> {
    return this.#options.clock.sleep(ms, this.#options.signal());
  }

  /** One log line when trouble begins or changes its kind, none for each attempt. */
  #trouble(reason: string, message: string): void {
    const { clock, log } = this.#options;
    this.#troubleSinceMs ??= clock.nowMs();
    this.#state = { ...this.#state, lastError: message.slice(0, 500) };
    if (reason === this.#reason) return;
    this.#reason = reason;
    log.warn({ reason, error: message.slice(0, 500) }, 'InfluxDB does not take the points');
  }

  #well(): void {
    const { clock, log } = this.#options;
    if (this.#troubleSinceMs === undefined) return;
    const troubleMs = clock.nowMs() - this.#troubleSinceMs;
    this.#troubleSinceMs = undefined;
    this.#reason = '';
    this.#state = { ...this.#state, lastError: undefined, blockedReason: undefined };
    log.info({ troubleMs }, 'InfluxDB takes the points again');
  }
}
