/** What happens, as it happens: one connection for the page, handed out once a frame. */
import { addressOf } from './api.ts';
import { readKey } from './key.ts';
import { later } from './time.ts';

export type Kind = 'article' | 'scan' | 'alert' | 'price';

export interface LiveEvent {
  readonly id: number;
  readonly kind: Kind;
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type Batch = (events: readonly LiveEvent[]) => void;
/** `idle`: what is shown wants no events. */
export type LiveState = 'off' | 'connecting' | 'live' | 'idle';

interface Listener {
  readonly kinds: readonly Kind[];
  readonly take: Batch;
}

const KINDS: readonly Kind[] = ['article', 'scan', 'alert', 'price'];
/** A tab that nobody looks at gives its connection back: a browser has six a host. */
const HIDDEN_MS = 30_000;
const AGAIN_MS = 5_000;

const listeners = new Set<Listener>();
let source: EventSource | undefined;
let open = '';
let last: string | undefined;
let waiting: LiveEvent[] = [];
let frame = 0;
let allowed = false;
let show: (state: LiveState) => void = () => undefined;

/** Begins to connect; before the first answer of the API there may be no key yet. */
export function startLive(onState: (state: LiveState) => void): void {
  show = onState;
  allowed = true;
  let stop: (() => void) | undefined;
  document.addEventListener('visibilitychange', () => {
    stop?.();
    stop = undefined;
    if (document.hidden) stop = later(HIDDEN_MS, close);
    else connect();
  });
  connect();
}

/** Calls `take` with what came since the last frame; the signal ends it. */
export function onEvents(kinds: readonly Kind[], signal: AbortSignal, take: Batch): void {
  const listener = { kinds, take };
  listeners.add(listener);
  signal.addEventListener('abort', () => {
    listeners.delete(listener);
    // The next page most often wants the same: only what is wanted decides.
    later(0, connect);
  });
  connect();
}

function connect(): void {
  if (!allowed || document.hidden) return;
  const wanted = KINDS.filter((kind) => [...listeners].some(({ kinds }) => kinds.includes(kind)));
  const kinds = wanted.join(',');
  if (source !== undefined && kinds === open && source.readyState !== EventSource.CLOSED) return;
  close();
  if (kinds === '') {
    show('idle');
    return;
  }
  show('connecting');
  open = kinds;
  source = new EventSource(addressOf('/events', { kinds, after: last, key: readKey() }));
  source.onopen = () => show('live');
  source.onerror = failed;
  for (const kind of wanted) source.addEventListener(kind, (event) => receive(event));
}

function failed(): void {
  const closed = source?.readyState === EventSource.CLOSED;
  show(closed ? 'off' : 'connecting');
  if (closed) later(AGAIN_MS, connect);
}

function close(): void {
  source?.close();
  source = undefined;
  open = '';
  show('off');
}

function receive(event: MessageEvent<string>): void {
  last = event.lastEventId;
  waiting.push(JSON.parse(event.data) as LiveEvent);
  if (frame === 0) frame = requestAnimationFrame(handOut);
}

function handOut(): void {
  frame = 0;
  const events = waiting;
  waiting = [];
  for (const { kinds, take } of [...listeners]) {
    const mine = events.filter(({ kind }) => kinds.includes(kind));
    if (mine.length > 0) take(mine);
  }
}
