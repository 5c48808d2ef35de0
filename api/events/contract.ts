import type { EventsAsked, EventsRead } from '../../registry/events.ts';
import type { Wire } from './batch.ts';

/** Where events are kept, and who tells that there are new ones. */
export interface EventLog {
  read(asked: EventsAsked): Promise<EventsRead>;
  /** The number of the newest event that there ever was. */
  newest(): Promise<number>;
  /**
   * Calls `round` when there is news, and every `everyMs` in any case; never twice at once. What
   * it rejects with goes to `failed`, once until it goes well again.
   */
  follow(options: {
    readonly everyMs: number;
    readonly round: () => Promise<void>;
    readonly failed: (error: unknown) => void;
  }): { close(): Promise<void> };
}

/** From where on, and of what. */
export interface EventsWanted {
  /** The last one that is known; absent: from now on. */
  readonly after?: number | undefined;
  /** Absent: of all kinds. */
  readonly kinds?: readonly string[] | undefined;
}

/**
 * Why the server ends a stream. `slow`: nothing of it is taken any more, `revoked`: its key opens
 * nothing any more; both are told before.
 */
export type Ending = 'slow' | 'closing' | 'failed' | 'revoked';

/** The connection to one client. */
export interface Peer {
  readonly wire: Wire;
  /** Sends bytes as they are; `done` when they have left this process, or cannot any more. */
  write(bytes: Buffer, done: () => void): void;
  /** Something about the stream itself. */
  notice(kind: 'gap' | 'slow' | 'revoked', data: Readonly<Record<string, unknown>>): void;
  /** Shows that it is alive; `position`: everything up to there has been sent. */
  beat(position: number | undefined): void;
  /** Ends it after what was sent. */
  end(why: Ending): void;
  /** Ends it now. */
  cut(): void;
}

/** A place among the clients. */
export interface Seat {
  /** The last event before those that it gets. */
  readonly position: number;
  start(peer: Peer): void;
  /** From elsewhere on, of other kinds. @throws TidemarkError `unavailable` */
  ask(wanted: EventsWanted): Promise<void>;
  /** The connection is closed. Twice is allowed. */
  leave(): void;
}

/** Everybody who gets events as they happen. */
export interface Hub {
  /** @throws TidemarkError `unavailable`: too many, closing, or the events cannot be read. */
  seat(wanted: EventsWanted): Promise<Seat>;
  /** Ends all streams. Twice is allowed. */
  close(): Promise<void>;
}
