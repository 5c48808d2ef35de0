import type { Alarms } from './alarms.ts';

/** Why a scan has to end now. */
export type StopCause = 'deadline' | 'cancelled';

/** Rejects whoever waits when the scan has to end. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly stopCause: StopCause;

  constructor(stopCause: StopCause) {
    super(stopCause);
    this.stopCause = stopCause;
  }
}

/** Begins something and returns how to abandon it. */
export type Begin<T> = (done: (value: T) => void, fail: (error: unknown) => void) => () => void;

export interface StopOptions {
  readonly alarms: Alarms;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The one deadline of a scan, and its caller's signal. Whatever the scan waits for is abandoned as
 * soon as either says so, once.
 */
export class Stop {
  #cause: StopCause | undefined;
  #abandon: ((cause: StopCause) => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #leave = (): void => this.cancel();
  readonly #takeBack: () => void;

  constructor({ alarms, timeoutMs, signal }: StopOptions) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#leave);
    if (signal?.aborted) this.#cause = 'cancelled';
    this.#takeBack = alarms.set(timeoutMs, () => this.#stop('deadline'));
  }

  /** Waits for what `begin` starts; for one thing at a time. */
  wait<T>(begin: Begin<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#cause) return reject(new Stopped(this.#cause));
      let settled = false;
      const settle = (): boolean => {
        if (settled) return false;
        settled = true;
        this.#abandon = undefined;
        return true;
      };
      const done = (value: T): void => {
        if (settle()) resolve(value);
      };
      const fail = (error: unknown): void => {
        if (settle()) reject(error);
      };
      const abandon = begin(done, fail);
      if (settled) return;
      this.#abandon = (cause) => {
        settled = true;
        abandon();
        reject(new Stopped(cause));
      };
    });
  }

  /** Waits for a promise that nobody can cancel: it is left alone when the scan ends. */
  race<T>(promise: Promise<T>): Promise<T> {
    return this.wait((done, fail) => {
      promise.then(done, fail);
      return () => undefined;
    });
  }

  /** Ends the scan as its caller would. */
  cancel(): void {
    this.#stop('cancelled');
  }

  /** Lets go of the deadline and the caller's signal. To be called when the scan is over, always. */
  release(): void {
    this.#takeBack();
    this.#signal?.removeEventListener('abort', this.#leave);
  }

  #stop(cause: StopCause): void {
    if (this.#cause) return;
    this.#cause = cause;
    const abandon = this.#abandon;
    this.#abandon = undefined;
    abandon?.(cause);
  }
}
