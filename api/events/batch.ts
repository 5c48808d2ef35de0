import type { StoredEvent } from '../../registry/events.ts';

/** How events go out: as Server-Sent Events, or as messages of a websocket. */
export type Wire = 'sse' | 'ws';

/** An event, put into words once for everybody. */
export interface ToldEvent {
  readonly id: number;
  readonly kind: string;
  /** `{id, kind, at, data}`: one line. */
  readonly text: string;
}

export function toldEvent({ id, kind, at, data }: StoredEvent): ToldEvent {
  return { id, kind, text: JSON.stringify({ id, kind, at: at.toISOString(), data }) };
}

/** Which kinds somebody wants; undefined: all. The same kinds are the same object of text. */
export type Kinds = ReadonlySet<string> | undefined;

/** Events in their order. What is made of them for one client serves the next one as well. */
export class EventBatch {
  readonly events: readonly ToldEvent[];
  readonly #bytes: Partial<Record<Wire, Buffer>> = {};
  readonly #parts = new Map<string, EventBatch>();

  constructor(events: readonly ToldEvent[]) {
    this.events = events;
  }

  get count(): number {
    return this.events.length;
  }

  /** Those of some kinds. */
  of(kinds: Kinds): EventBatch {
    if (kinds === undefined) return this;
    const key = [...kinds].sort().join();
    let part = this.#parts.get(key);
    if (part === undefined) {
      part = new EventBatch(this.events.filter(({ kind }) => kinds.has(kind)));
      this.#parts.set(key, part);
    }
    return part;
  }

  /** Those after an id. */
  after(id: number): EventBatch {
    if (this.count === 0 || this.events[0]!.id > id) return this;
    return new EventBatch(this.events.filter((event) => event.id > id));
  }

  /** All of them as they go over the wire. */
  bytes(wire: Wire): Buffer {
    this.#bytes[wire] ??= Buffer.concat(this.events.map(FRAMES[wire]));
    return this.#bytes[wire];
  }
}

const FRAMES: Readonly<Record<Wire, (event: ToldEvent) => Buffer>> = {
  sse: ({ id, kind, text }) => Buffer.from(`id: ${id}\nevent: ${kind}\ndata: ${text}\n\n`),
  ws: ({ text }) => textFrame(text),
};

const FINAL_TEXT = 0x81;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * A message of a server in one frame, neither masked nor compressed (RFC 6455, 5.2). Made here,
 * and not by `ws` at each send, so that one piece of memory goes to all clients.
 */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  if (length < LENGTH_16) return Buffer.concat([Buffer.of(FINAL_TEXT, length), payload]);
  if (length < 0x10000) {
    const head = Buffer.of(FINAL_TEXT, LENGTH_16, 0, 0);
    head.writeUInt16BE(length, 2);
    return Buffer.concat([head, payload]);
  }
  const head = Buffer.alloc(10);
  head[0] = FINAL_TEXT;
  head[1] = LENGTH_64;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}
