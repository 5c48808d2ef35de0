import PQueue from 'p-queue';
import type { Clock } from '../../core/clock.ts';
import { messageOf, TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Metrics } from '../../core/metrics.ts';
import { EventBatch, type Kinds, type ToldEvent, toldEvent } from './batch.ts';
import { Client, type ClientLimits } from './client.ts';
import type { Ending, EventLog, EventsWanted, Hub, Peer, Seat } from './contract.ts';
import { Shared } from './shared.ts';

export interface HubLimits extends ClientLimits {
  readonly clientsMax: number;
  /** Shows that a stream is alive. */
  readonly beatMs: number;
}

export interface HubOptions {
  readonly events: EventLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits?: Partial<HubLimits>;
}

const LIMITS: HubLimits = {
  waitingEventsMax: 1_000,
  waitingBytesMax: 1_048_576,
  clientsMax: 1_000,
  beatMs: 15_000,
};
const LOOK_MS = 5_000;
/** After each look that found something: a thousand events a second are fifty looks, not more. */
const PAUSE_MS = 20;
const BATCH_MAX = 500;
/** Kept at hand, so that those who come back together do not all ask for the same. */
const RECENT_MAX = 1_000;
const RECENT_CHARS_MAX = 1_000_000;
/** Of those who have missed more. */
const READS_MAX = 4;
/** For what is on its way when a stream ends. */
const LAST_WORDS_MS = 3_000;
const RETRY_MS = 5_000;

/** The newest events, all up to `cursor`, and who gets them. */
class RecentEvents {
  cursor = 0;
  from = 0;
  #events: ToldEvent[] = [];
  #chars = 0;

  reset(cursor: number): void {
    this.cursor = cursor;
    this.from = cursor;
    this.#events = [];
    this.#chars = 0;
  }

  add(batch: EventBatch): void {
    this.cursor = batch.events.at(-1)?.id ?? this.cursor;
    this.#events.push(...batch.events);
    for (const { text } of batch.events) this.#chars += text.length;
    let drop = 0;
    while (this.#events.length - drop > RECENT_MAX || this.#chars > RECENT_CHARS_MAX) {
      const { id, text } = this.#events[drop]!;
      this.#chars -= text.length;
      this.from = id;
      drop += 1;
    }
    if (drop > 0) this.#events = this.#events.slice(drop);
  }

  after(id: number): EventBatch {
    return new EventBatch(this.#events).after(id);
  }
}

/**
 * Reads each event once for all who listen here, and lets those who come back read on from where
 * they were. It begins with the first client; ids rise in the order in which events can be seen, so
 * who has got one has missed none before it.
 */
export function createHub(options: HubOptions): Hub {
  const hub = new EventHub(options);
  return { seat: (wanted) => hub.seat(wanted), close: () => hub.close() };
}

class EventHub {
  readonly #options: HubOptions;
  readonly #limits: HubLimits;
  readonly #recent = new RecentEvents();
  readonly #clients = new Set<Client>();
  readonly #reads = new PQueue({ concurrency: READS_MAX });
  readonly #ending = new AbortController();
  readonly #newest: Shared<number>;
  readonly #metrics: ReturnType<typeof hubMetrics>;
  #following: Promise<{ close(): Promise<void> }> | undefined;
  #beating: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #left: (() => void) | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#metrics = hubMetrics(options.metrics);
    this.#newest = new Shared(() => options.events.newest());
  }

  async seat(wanted: EventsWanted): Promise<Seat> {
    if (this.#closing) throw busy('the server stops');
    const { clientsMax } = this.#limits;
    if (this.#clients.size >= clientsMax) throw busy(`${clientsMax} clients are connected`);
    const client = this.#newClient();
    this.#count(() => this.#clients.add(client));
    try {
      await this.#begin();
      return await this.#seatOf(client, wanted);
    } catch (error) {
      this.#leave(client);
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #seatOf(client: Client, wanted: EventsWanted): Promise<Seat> {
    let place = await this.#placeOf(wanted);
    let peer: Peer | undefined;
    const start = (): void => peer && client.begin(peer, place.at, place);
    return {
      position: place.at,
      start: (connected) => {
        peer = connected;
        start();
        if (this.#closing) peer.end('closing');
      },
      ask: async (other) => {
        // Who names no place goes on from where the connection began.
        place = { ...place, ...(await this.#placeOf({ after: place.at, ...other })) };
        start();
      },
      leave: () => this.#leave(client),
    };
  }

  async #placeOf({ after, kinds }: EventsWanted) {
    const newest = await this.#newest.ask();
    const chosen: Kinds = kinds === undefined ? undefined : new Set(kinds);
    // A number that was never given: of another database.
    const strange = after !== undefined && after > newest;
    const at = strange ? newest : (after ?? newest);
    return { at, kinds: chosen, gap: strange ? after : undefined };
  }

  #newClient(): Client {
    const client: Client = new Client({
      limits: this.#limits,
      recent: this.#recent,
      batchMax: BATCH_MAX,
      read: (after, upTo, kinds) => this.#read(after, { upTo, kinds }),
      sent: (count) => this.#metrics.sent.add({}, count),
      ended: (why, error) => this.#ended(client, why, error),
    });
    return client;
  }

  #read(after: number, { upTo, kinds }: { upTo?: number; kinds?: Kinds }) {
    const { events } = this.#options;
    const asked = {
      ...{ after, limit: BATCH_MAX },
      ...(upTo !== undefined && { upTo }),
      ...(kinds !== undefined && { kinds: [...kinds] }),
    };
    return this.#reads.add(() => events.read(asked));
  }

  /** With the first client: from the newest event on. */
  async #begin(): Promise<void> {
    const { events, log } = this.#options;
    this.#following ??= this.#newest.ask().then((newest) => {
      this.#recent.reset(newest);
      return events.follow({
        everyMs: LOOK_MS,
        round: () => this.#look(),
        failed: (error) => log.warn({ error: messageOf(error) }, 'events cannot be read'),
      });
    });
    this.#beating ??= this.#beat();
    try {
      await this.#following;
    } catch (error) {
      this.#following = undefined;
      throw error;
    }
  }

  async #look(): Promise<void> {
    const { clock } = this.#options;
    const recent = this.#recent;
    for (let full = true; full && !this.#closing; ) {
      const found = await this.#options.events.read({ after: recent.cursor, limit: BATCH_MAX });
      const batch = new EventBatch(found.events.map(toldEvent));
      full = batch.count === BATCH_MAX;
      const missed = found.forgotten > recent.cursor;
      if (missed) this.#each((client) => client.miss(found));
      recent.add(batch);
      // What is at hand is no longer all that there was.
      if (missed) recent.reset(Math.max(recent.cursor, full ? 0 : found.forgotten));
      this.#each((client) => client.tell(batch));
      if (batch.count > 0) {
        await clock.sleep(PAUSE_MS, this.#ending.signal).catch(() => 'closing');
      }
    }
  }

  #each(work: (client: Client) => void): void {
    for (const client of this.#clients) if (client.live) work(client);
  }

  async #beat(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await clock.sleep(this.#limits.beatMs, signal).catch(() => 'closing');
      if (!signal.aborted) for (const client of this.#clients) client.beat();
    }
  }

  #ended(client: Client, why: Ending, error: unknown): void {
    const { clock, log } = this.#options;
    const { peer } = client;
    this.#metrics.cut.add({ reason: why });
    if (why === 'failed') log.warn({ error: messageOf(error) }, 'a stream of events was ended');
    if (peer === undefined) return;
    if (why === 'slow')
      peer.notice('slow', { reason: 'nothing is taken: read on from the last id' });
    peer.end(why);
    const cut = (): void => peer.cut();
    clock.sleep(LAST_WORDS_MS, this.#ending.signal).then(cut, cut);
  }

  #leave(client: Client): void {
    client.stop();
    this.#count(() => this.#clients.delete(client));
    if (this.#clients.size === 0) this.#left?.();
  }

  #count(change: () => void): void {
    change();
    this.#metrics.clients.set(this.#clients.size);
  }

  async #close(): Promise<void> {
    const { clock } = this.#options;
    this.#ending.abort();
    // One that could not be begun has nothing to be closed.
    const following = await this.#following?.catch(() => undefined);
    await following?.close();
    await this.#beating;
    const wait = new AbortController();
    this.#left = () => wait.abort();
    for (const client of this.#clients) {
      client.stop();
      client.peer?.end('closing');
    }
    if (this.#clients.size === 0) return;
    await clock.sleep(LAST_WORDS_MS, wait.signal).catch(() => 'all have left');
    for (const { peer } of this.#clients) peer?.cut();
  }
}

function busy(message: string): TidemarkError {
  return new TidemarkError('unavailable', message, { retryAfterMs: RETRY_MS });
}

/** What it counts. */
export function hubMetrics(metrics: Metrics) {
  const clients = metrics.level({ name: 'events_clients', help: 'Who gets events as they happen' });
  clients.set(0);
  return {
    clients,
    sent: metrics.count({ name: 'events_sent_total', help: 'Events sent, over all clients' }),
    cut: metrics.count({
      name: 'events_streams_cut_total',
      help: 'Streams of events that this side has ended, by reason',
      labels: ['reason'],
    }),
  };
}
