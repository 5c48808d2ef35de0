/** Events in memory, and clients that read them as they come. */
import { type IncomingMessage, request } from 'node:http';
import type { EventLog, Hub } from '../../api/events/contract.ts';
import { createHub, type HubLimits, type HubOptions } from '../../api/events/hub.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import type { Database } from '../../registry/database.ts';
import {
  EVENTS_CHANNEL,
  newestEvent,
  readEvents,
  type StoredEvent,
} from '../../registry/events.ts';
import { followChannel } from '../../registry/follow.ts';

/** A table of events that can be away, and whose old ones can be forgotten. */
export class FakeEvents implements EventLog {
  readonly events: StoredEvent[] = [];
  forgotten = 0;
  away: Error | undefined;
  /** Of reads alone. */
  unreadable: Error | undefined;
  reads = 0;
  #last = 0;
  #round: (() => Promise<void>) | undefined;

  /** One event of a kind; its data tells its number. */
  tell(kind: string, data: Readonly<Record<string, unknown>> = {}): number {
    this.#last += 1;
    this.events.push({ id: this.#last, kind, at: new Date(1_665_459_302_358), data });
    return this.#last;
  }

  /** Lets the hub look, as a notification would. */
  async look(): Promise<void> {
    await this.#round?.();
  }

  forgetUpTo(id: number): void {
    this.forgotten = id;
    this.events.splice(0, this.events.filter((event) => event.id <= id).length);
  }

  async newest(): Promise<number> {
    if (this.away) throw this.away;
    return this.#last;
  }

  async read({
    after,
    upTo = Number.MAX_SAFE_INTEGER,
    limit,
    kinds,
  }: Parameters<EventLog['read']>[0]) {
    if (this.away) throw this.away;
    if (this.unreadable) throw this.unreadable;
    this.reads += 1;
    const wanted = this.events.filter(({ kind }) => !kinds || kinds.includes(kind));
    return {
      events: wanted.filter(({ id }) => id > after && id <= upTo).slice(0, limit),
      forgotten: this.forgotten,
      oldest: this.forgotten > after ? (wanted[0]?.id ?? null) : null,
    };
  }

  follow({ round }: Parameters<EventLog['follow']>[0]) {
    this.#round = round;
    return { close: async () => {} };
  }

  get hub(): Hub {
    return hubOver(this);
  }
}

/** A hub with the usual limits but those that are given. */
export function hubOver(
  events: EventLog,
  limits: Partial<HubLimits> = {},
  rest: Partial<Pick<HubOptions, 'clock' | 'metrics'>> = {},
): Hub {
  return createHub({
    ...{ events, limits, clock: systemClock, log: silentLog, metrics: createMetrics() },
    ...rest,
  });
}

/** The table of events, as the product reads it. */
export function eventLogOf(database: Database): EventLog {
  return {
    read: (asked) => readEvents(database, asked),
    newest: () => newestEvent(database),
    follow: (options) =>
      followChannel({ ...options, database, channel: EVENTS_CHANNEL, clock: systemClock }),
  };
}

/** One block of a stream: its fields by name. */
export type Block = Readonly<Record<string, string>>;

/** Reads Server-Sent Events as a browser does. */
export interface EventReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly blocks: readonly Block[];
  /** Everything that came. */
  readonly text: string;
  /** Numbers of the events that came, in their order. */
  readonly ids: readonly number[];
  /** What a browser would say when it comes back. */
  readonly lastId: string | undefined;
  /** How it ended, when it has: `end` by the server's word, `cut` without. */
  readonly ended: 'end' | 'cut' | undefined;
  readonly answer: IncomingMessage;
  close(): void;
}

/** Opens a stream; resolves with its head. `paused`: nothing is read of it so far. */
export function readStream(
  url: string,
  { headers = {}, paused = false }: { headers?: Record<string, string>; paused?: boolean } = {},
): Promise<EventReader> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (answer) => {
      resolve(readerOf(answer, () => asked.destroy(), paused));
    });
    asked.on('error', reject);
    asked.end();
  });
}

function readerOf(answer: IncomingMessage, close: () => void, paused: boolean): EventReader {
  const blocks: Block[] = [];
  let rest = '';
  let whole = '';
  let ended: EventReader['ended'];
  answer.setEncoding('utf8');
  answer.on('data', (text: string) => {
    whole += text;
    const parts = (rest + text).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) blocks.push(blockOf(part));
  });
  if (paused) answer.pause();
  answer.on('end', () => {
    ended ??= 'end';
  });
  answer.on('error', () => {
    ended ??= 'cut';
  });
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    ...{ blocks, answer, close },
    get text() {
      return whole;
    },
    get ids() {
      return blocks.filter(({ data, id }) => data && id).map(({ id }) => Number(id));
    },
    get lastId() {
      return blocks.findLast(({ id }) => id !== undefined)?.id;
    },
    get ended() {
      return ended;
    },
  };
}

function blockOf(text: string): Block {
  const fields = text.split('\n').map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')] as const;
  });
  return Object.fromEntries(fields);
}
