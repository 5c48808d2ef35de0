import type { EventsRead } from '../../registry/events.ts';
import { EventBatch, type Kinds, toldEvent } from './batch.ts';
import type { Ending, Peer } from './contract.ts';

export interface ClientLimits {
  /** When so much waits for one client, it gets what comes after that when this has left. */
  readonly waitingEventsMax: number;
  readonly waitingBytesMax: number;
}

/** The events that are at hand without asking for them. */
export interface Recent {
  /** Up to this one all have been told. */
  readonly cursor: number;
  /** Those after it are at hand. */
  readonly from: number;
  /** At hand and after an id. */
  after(id: number): EventBatch;
}

export interface ClientOptions {
  readonly limits: ClientLimits;
  readonly recent: Recent;
  readonly read: (after: number, upTo: number, kinds: Kinds) => Promise<EventsRead>;
  /** One read asks for so many at most. */
  readonly batchMax: number;
  readonly sent: (count: number) => void;
  readonly ended: (why: Ending, error?: unknown) => void;
}

/** So few more do not make it wait before it goes along with the others. */
const FEW = 100;
/** Of heartbeats in which nothing that waits has moved. */
const STUCK_BEATS = 2;

/**
 * One who gets events. First those that it has missed, each batch when the one before has left;
 * then, `live`, each as it happens. Who takes them more slowly than they come falls behind, and
 * reads on as if it had come back; who takes nothing any more is `slow`.
 */
export class Client {
  readonly #options: ClientOptions;
  #peer: Peer | undefined;
  #at = 0;
  #kinds: Kinds;
  #live = false;
  #over = false;
  /** One more with each new start: what an older one still reads is of no use. */
  #round = 0;
  #waitingEvents = 0;
  #waitingBytes = 0;
  #moved = false;
  #stuck = 0;
  #drained: (() => void) | undefined;
  /** It was told that everything up to there is lost. */
  #lost = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get live(): boolean {
    return this.#live;
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Begins with what comes after `at`. `gap`: what it asked for, where that is not to be had. */
  begin(peer: Peer, at: number, { kinds, gap }: { kinds: Kinds; gap?: number | undefined }): void {
    if (this.#over) return;
    this.#peer = peer;
    this.#at = at;
    this.#kinds = kinds;
    this.#live = false;
    this.#lost = 0;
    if (gap !== undefined) peer.notice('gap', { after: gap, oldest: null });
    this.#begin();
  }

  /** What has just happened. */
  tell(batch: EventBatch): void {
    if (!this.#live) return;
    const { recent } = this.#options;
    const news = batch.of(this.#kinds).after(this.#at);
    if (this.#isTooMuch(news)) {
      this.#live = false;
      this.#begin();
      return;
    }
    this.#push(news);
    this.#at = Math.max(this.#at, recent.cursor);
  }

  /** Everything up to `forgotten` can be read by nobody any more. */
  miss({ forgotten, oldest }: Pick<EventsRead, 'forgotten' | 'oldest'>): void {
    if (forgotten <= Math.max(this.#at, this.#lost)) return;
    this.#lost = forgotten;
    this.#peer?.notice('gap', { after: this.#at, oldest });
  }

  beat(): void {
    const waits = this.#waitingEvents > 0;
    this.#stuck = waits && !this.#moved ? this.#stuck + 1 : 0;
    this.#moved = false;
    if (this.#stuck >= STUCK_BEATS) this.#end('slow');
    else if (!waits) this.#peer?.beat(this.#live ? this.#at : undefined);
  }

  /** Nothing more is sent. */
  stop(): void {
    this.#over = true;
    this.#live = false;
    this.#drained?.();
  }

  #begin(): void {
    this.#round += 1;
    this.#catchUp(this.#round).catch((error: unknown) => this.#end('failed', error));
  }

  async #catchUp(round: number): Promise<void> {
    const { recent, read, batchMax } = this.#options;
    for (;;) {
      await this.#emptied();
      if (this.#over || this.#round !== round) return;
      if (this.#at >= recent.from) {
        const missed = recent.after(this.#at).of(this.#kinds);
        this.#at = Math.max(this.#at, recent.cursor);
        this.#push(missed);
        if (missed.count <= FEW) {
          this.#live = !this.#over;
          return;
        }
      } else {
        const upTo = recent.cursor;
        const found = await read(this.#at, upTo, this.#kinds);
        if (this.#over || this.#round !== round) return;
        this.miss(found);
        const batch = new EventBatch(found.events.map(toldEvent));
        this.#at = batch.count < batchMax ? upTo : batch.events.at(-1)!.id;
        this.#push(batch);
      }
    }
  }

  /** Whoever has taken everything so far is not behind, whatever comes at once. */
  #isTooMuch(batch: EventBatch): boolean {
    if (this.#waitingEvents === 0 || batch.count === 0 || this.#peer === undefined) return false;
    const { waitingEventsMax, waitingBytesMax } = this.#options.limits;
    if (this.#waitingEvents + batch.count > waitingEventsMax) return true;
    return this.#waitingBytes + batch.bytes(this.#peer.wire).length > waitingBytesMax;
  }

  #push(batch: EventBatch): void {
    const { count } = batch;
    if (count === 0 || this.#over || this.#peer === undefined) return;
    const bytes = batch.bytes(this.#peer.wire);
    this.#waitingEvents += count;
    this.#waitingBytes += bytes.length;
    this.#options.sent(count);
    this.#peer.write(bytes, () => {
      this.#waitingEvents -= count;
      this.#waitingBytes -= bytes.length;
      this.#moved = true;
      if (this.#waitingEvents === 0) this.#drained?.();
    });
  }

  async #emptied(): Promise<void> {
    if (this.#waitingEvents === 0 || this.#over) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.#drained = undefined;
  }

  #end(why: Ending, error?: unknown): void {
    if (this.#over) return;
    this.stop();
    this.#options.ended(why, error);
  }
}
