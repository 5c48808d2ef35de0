/** Events as they happen: Server-Sent Events, read by fetch so that the key stays in a header. */
import { TidemarkApiError } from './errors.ts';
import { linesOf } from './lines.ts';
import { type Settings, send } from './request.ts';
import { fullJitterMs } from './retry.ts';
import type { Event } from './types.ts';

export interface EventsWanted {
  /** Only of these kinds: `scan`, `article`, `alert`, `price`... */
  readonly kinds?: readonly string[] | undefined;
  /** The number of the last event that is known; absent: from now on. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told when the connection is lost, and why; undefined: the server ended it. */
  readonly onLost?: ((error: unknown) => void) | undefined;
  /** Told when events between `after` and the next one are no longer kept. */
  readonly onGap?: ((gap: Gap) => void) | undefined;
}

export interface Gap {
  /** The last number that was known. */
  readonly after: number;
  /** The oldest that is still kept; null: none is known. */
  readonly oldest: number | null;
}

/** The server shows every 15 s or so that it is alive: after this much silence it is not. */
const SILENCE_MS = 60_000;
const PAUSE_MS = 2_000;

/** Where a stream is and how long it waits before it comes back. */
interface Place {
  after: number | undefined;
  pauseMs: number;
  failures: number;
}

/**
 * Every event once and in order, for as long as the caller goes on. A lost connection is opened
 * again and reads on from the last number.
 * @throws TidemarkApiError for what coming back does not mend: 400, 401, 403
 */
export async function* eventsOf(
  settings: Settings,
  wanted: EventsWanted,
): AsyncGenerator<Event, void> {
  const { time } = settings;
  const place: Place = { after: wanted.after, pauseMs: PAUSE_MS, failures: 0 };
  while (!wanted.signal?.aborted) {
    try {
      yield* connection(settings, wanted, place);
      wanted.onLost?.(undefined);
    } catch (error) {
      if (wanted.signal?.aborted) return;
      if (isFinal(error)) throw error;
      wanted.onLost?.(error);
    }
    place.failures += 1;
    const pauseMs = place.pauseMs + fullJitterMs(place.failures, time.random);
    await time.sleep(pauseMs, wanted.signal).catch(leftOrThrow(wanted.signal));
  }
}

/** One connection, from where the last one was. */
async function* connection(
  settings: Settings,
  wanted: EventsWanted,
  place: Place,
): AsyncGenerator<Event, void> {
  const ending = new AbortController();
  const leave = () => ending.abort(wanted.signal?.reason);
  wanted.signal?.addEventListener('abort', leave, { once: true });
  try {
    const answer = await send(settings, 'liveEvents', {
      query: { kinds: wanted.kinds?.join(','), after: place.after },
      accept: 'text/event-stream',
      signal: ending.signal,
      attempts: 1,
    });
    if (answer.body === null) return;
    const lines = linesOf(watched(settings, answer.body, ending));
    for await (const block of blocksOf(lines)) {
      const event = take(block, place, wanted);
      if (event !== undefined) yield event;
    }
  } finally {
    wanted.signal?.removeEventListener('abort', leave);
    ending.abort();
  }
}

/** What a block says: an event, or only where the stream is. */
function take(block: Block, place: Place, { onGap }: EventsWanted): Event | undefined {
  // It answers: the next loss is a first one again.
  place.failures = 0;
  if (/^\d{1,15}$/.test(block.id ?? '')) place.after = Number(block.id);
  if (/^\d{1,6}$/.test(block.retry ?? '')) place.pauseMs = Number(block.retry);
  if (block.data === undefined) return undefined;
  if (block.id !== undefined) return JSON.parse(block.data) as Event;
  if (block.event === 'gap') onGap?.(JSON.parse(block.data) as Gap);
  return undefined;
}

interface Block {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
}

/** Blocks of fields, up to an empty line each (HTML, 9.2.6). A block that is cut off is none. */
async function* blocksOf(lines: AsyncIterable<string>): AsyncGenerator<Block, void> {
  let block: Block = {};
  for await (const line of lines) {
    if (line === '') {
      yield block;
      block = {};
      continue;
    }
    const at = line.indexOf(':');
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (name === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`;
    else if (name === 'id' || name === 'event' || name === 'retry') block[name] = value;
  }
}

/** The same bytes; the connection is given up when none come for too long. */
function watched(
  { time }: Settings,
  body: ReadableStream<Uint8Array>,
  ending: AbortController,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const heard = new AbortController();
      const silence = time.sleep(SILENCE_MS, heard.signal).then(
        () => ending.abort(new TidemarkApiError('nothing was heard', SILENT)),
        () => undefined,
      );
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } finally {
        heard.abort();
        await silence;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

const SILENT = { status: 0, code: 'unreachable' } as const;

/** What is wrong with the question stays wrong. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof TidemarkApiError)) return false;
  const { status } = error;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** A pause ends early when the caller leaves: that is no failure. */
function leftOrThrow(signal: AbortSignal | undefined) {
  return (error: unknown): void => {
    if (!signal?.aborted) throw error;
  };
}
