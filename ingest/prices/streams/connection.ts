import { childAbort } from '../../../core/abort.ts';
import type { Clock } from '../../../core/clock.ts';
import { createBackoff } from './backoff.ts';
import type { EndReason } from './metrics.ts';
import type { Session, SessionEnd } from './session.ts';

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Waits for its turn, finds the address and begins; `symbols` is live. May throw. */
  readonly begin: (symbols: ReadonlySet<string>, signal: AbortSignal) => Promise<Session>;
  /** The end of an attempt whose session never began. */
  readonly troubleOf: (error: unknown) => SessionEnd;
  /** Told of each end, and of the wait (ms) until the next attempt. */
  readonly onEnd: (end: SessionEnd, waitMs: number) => void;
}

/** A set of markets that is kept subscribed, on one websocket after another. */
export interface Connection {
  readonly symbols: ReadonlySet<string>;
  readonly whole: boolean;
  add(symbols: readonly string[]): void;
  remove(symbol: string): void;
  confirmedMs(symbol: string): number | undefined;
  refused(symbol: string): boolean;
  restart(reason: EndReason, why: string): void;
  /** Resolves when its last timer and socket are gone. */
  close(): Promise<void>;
}

export function createConnection(options: ConnectionOptions, first: readonly string[]): Connection {
  const { clock } = options;
  const symbols = new Set(first);
  const leave = childAbort(undefined);
  const backoff = createBackoff(options.random);
  let session: Session | undefined;

  const attempt = async (): Promise<SessionEnd> => {
    try {
      session = await options.begin(symbols, leave.signal);
      return await session.ended;
    } catch (error) {
      return options.troubleOf(error);
    } finally {
      session = undefined;
    }
  };
  const run = async (): Promise<void> => {
    while (!leave.signal.aborted) {
      const end = await attempt();
      if (leave.signal.aborted) return;
      const waitMs = Math.max(backoff.nextMs(end.healthyMs), end.pauseMs ?? 0);
      options.onEnd(end, waitMs);
      await clock.sleep(waitMs, leave.signal).catch((error: unknown) => {
        if (!leave.signal.aborted) throw error;
      });
    }
  };
  const running = run();
  return {
    symbols,
    get whole() {
      return session?.whole ?? false;
    },
    add(more) {
      for (const symbol of more) symbols.add(symbol);
      session?.subscribe(more);
    },
    remove: (symbol) => symbols.delete(symbol),
    confirmedMs: (symbol) => session?.confirmedMs(symbol),
    refused: (symbol) => session?.refused(symbol) ?? false,
    restart: (reason, why) => session?.end(reason, why),
    async close() {
      leave.release();
      session?.end('closed', 'we leave');
      await running;
    },
  };
}
