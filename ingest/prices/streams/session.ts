import type { Clock } from '../../../core/clock.ts';
import { messageOf } from '../../../core/errors.ts';
import type { ParsedPrices, StreamNews, StreamReader, StreamSource } from '../adapter.ts';
import { parseNumberJson } from '../number-json.ts';
import type { EndReason, FrameOutcome } from './metrics.ts';
import type { Connect, Socket } from './socket.ts';

/** How a session ended. */
export interface SessionEnd {
  readonly reason: EndReason;
  readonly why: string;
  /** How long it had been whole, in ms; 0: never. */
  readonly healthyMs: number;
  /** How long the host wants to be left alone. */
  readonly pauseMs?: number | undefined;
}

export interface SessionOptions {
  readonly stream: StreamSource;
  readonly url: string;
  readonly reader: StreamReader;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly onPrices: (prices: ParsedPrices) => void;
  readonly onFrame: (outcome: FrameOutcome) => void;
}

/** Most characters of one frame: all 2,000 markets of an exchange in one have 400,000. */
export const FRAME_CHARS_MAX = 4 * 1024 * 1024;
const OPEN_MS_MAX = 15_000;
/** A subscription that is not confirmed in this time counts as refused. */
const CONFIRM_MS_MAX = 30_000;
/** What was not answered while others were is asked again: one may have spoilt its request. */
const ASKS_MAX = 3;
const MALFORMED_IN_A_ROW_MAX = 20;

/**
 * One websocket from its opening to its end: subscribes in bounded steps, pings, watches for
 * silence, and hands on what the frames say, each before the next one is read: nothing queues here.
 */
export class Session {
  /** Never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #options: SessionOptions;
  readonly #leave = new AbortController();
  readonly #socket: Socket | undefined;
  readonly #asked = new Set<string>();
  readonly #confirmedMs = new Map<string, number>();
  readonly #refused = new Set<string>();
  /** When one answer confirmed all. */
  #allMs: number | undefined;
  #wholeMs: number | undefined;
  #open = false;
  /** Of the last frame, or of the opening: monotonic, and by the wall clock. */
  #heard: { readonly monotonicMs: number; readonly wallMs: number };
  #malformed = 0;
  #sending: Promise<void> = Promise.resolve();
  #finish: (end: SessionEnd) => void = () => undefined;

  /** @param symbols to subscribe once it is open; live */
  constructor(options: SessionOptions, symbols: ReadonlySet<string>) {
    this.#options = options;
    this.#heard = readBoth(options.clock);
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#spawn(async () => {
      await this.#sleep(OPEN_MS_MAX);
      if (!this.#open) this.end('slow', `not open in ${OPEN_MS_MAX} ms`);
    });
    try {
      this.#socket = options.connect(options.url, {
        onOpen: () => this.#onOpen(symbols),
        onFrame: (text) => this.#onFrame(text),
        onEnd: ({ refused, why, pauseMs }) =>
          this.end(refused ? 'refused' : 'closed', why, pauseMs),
      });
    } catch (error) {
      this.end('refused', messageOf(error));
    }
  }

  /** Adds subscriptions. Before the websocket is open it has no effect: `onOpen` asks for all. */
  subscribe(symbols: readonly string[]): void {
    if (!this.#open || this.#leave.signal.aborted) return;
    for (const symbol of symbols) this.#asked.add(symbol);
    if (this.#allMs !== undefined) return;
    this.#wholeMs = undefined;
    this.#ask(symbols, 1);
  }

  /** Since when (monotonic) this market is subscribed; undefined: it is not, or not any more. */
  confirmedMs(symbol: string): number | undefined {
    if (this.#leave.signal.aborted || this.#silent()) return undefined;
    return this.#confirmedMs.get(symbol) ?? this.#allMs;
  }

  /** Whether the server does not serve this market here. */
  refused(symbol: string): boolean {
    return this.#refused.has(symbol);
  }

  /** Whether every subscription was confirmed or refused, and the connection lives. */
  get whole(): boolean {
    return this.#wholeMs !== undefined && !this.#leave.signal.aborted && !this.#silent();
  }

  /** Ends it now; the first call tells why. */
  end(reason: EndReason, why: string, pauseMs?: number): void {
    if (this.#leave.signal.aborted) return;
    this.#leave.abort();
    this.#socket?.terminate();
    const nowMs = this.#options.clock.monotonicMs();
    this.#finish({ reason, why, pauseMs, healthyMs: nowMs - (this.#wholeMs ?? nowMs) });
  }

  #onOpen(symbols: ReadonlySet<string>): void {
    this.#open = true;
    this.#heard = readBoth(this.#options.clock);
    this.subscribe([...symbols]);
    this.#spawn(() => this.#watch());
    const { ping } = this.#options.stream;
    if (ping) this.#spawn(() => this.#ping(ping));
  }

  #onFrame(text: string | undefined): void {
    if (this.#leave.signal.aborted) return;
    this.#heard = readBoth(this.#options.clock);
    if (text !== undefined && text.length > FRAME_CHARS_MAX) {
      this.#options.onFrame('too-large');
      this.end('too-large', `a frame of ${text.length} characters`);
      return;
    }
    try {
      if (text === undefined) throw new Error('a binary frame');
      const news = this.#options.reader.read(parseNumberJson(text));
      this.#malformed = 0;
      this.#options.onFrame(news.prices ? 'prices' : 'control');
      this.#take(news);
    } catch (error) {
      this.#malformed += 1;
      this.#options.onFrame('malformed');
      if (this.#malformed >= MALFORMED_IN_A_ROW_MAX) this.end('malformed', messageOf(error));
    }
  }

  #take({ prices, reply, confirmed, refused, end }: StreamNews): void {
    if (prices) this.#options.onPrices(prices);
    for (const frame of reply ?? []) this.#socket?.send(frame);
    const nowMs = this.#options.clock.monotonicMs();
    if (confirmed === 'all') this.#allMs ??= nowMs;
    else for (const symbol of confirmed ?? []) this.#confirm(symbol, nowMs);
    for (const symbol of refused ?? []) this.#refused.add(symbol);
    if (confirmed || refused) this.#judge();
    if (end) this.end('told', end.message, end.pauseMs);
  }

  #confirm(symbol: string, nowMs: number): void {
    this.#refused.delete(symbol);
    if (!this.#confirmedMs.has(symbol)) this.#confirmedMs.set(symbol, nowMs);
  }

  #judge(): void {
    if (this.#wholeMs !== undefined) return;
    if (this.#allMs !== undefined || [...this.#asked].every((each) => this.#isAnswered(each))) {
      this.#wholeMs = this.#options.clock.monotonicMs();
    }
  }

  #ask(symbols: readonly string[], time: number): void {
    this.#send(this.#options.stream.subscribe(symbols));
    this.#spawn(async () => {
      await this.#sending;
      await this.#sleep(CONFIRM_MS_MAX);
      this.#judgeUnanswered(symbols, time);
    });
  }

  #judgeUnanswered(symbols: readonly string[], time: number): void {
    if (this.#allMs !== undefined) return;
    if (this.#confirmedMs.size === 0) {
      this.end('unconfirmed', `no subscription was confirmed in ${CONFIRM_MS_MAX} ms`);
      return;
    }
    const waiting = symbols.filter((symbol) => !this.#isAnswered(symbol));
    if (waiting.length === 0) return;
    if (waiting.length < symbols.length && time < ASKS_MAX) {
      this.#ask(waiting, time + 1);
      return;
    }
    for (const symbol of waiting) this.#refused.add(symbol);
    this.#judge();
  }

  #isAnswered(symbol: string): boolean {
    return this.#confirmedMs.has(symbol) || this.#refused.has(symbol);
  }

  /** Asked, not left to a timer: after a sleep of the machine nothing here is new. */
  #silent(): boolean {
    const { clock, stream } = this.#options;
    const now = readBoth(clock);
    // The monotonic clock stands still while the machine sleeps, the wall clock may be set back.
    const silentMs = Math.max(
      now.monotonicMs - this.#heard.monotonicMs,
      now.wallMs - this.#heard.wallMs,
    );
    return silentMs > stream.silenceMsMax;
  }

  async #watch(): Promise<void> {
    const { clock, stream } = this.#options;
    while (!this.#silent()) {
      await this.#sleep(this.#heard.monotonicMs + stream.silenceMsMax + 1 - clock.monotonicMs());
    }
    this.end('silence', `no frame for ${stream.silenceMsMax} ms`);
  }

  async #ping(ping: NonNullable<StreamSource['ping']>): Promise<void> {
    for (;;) {
      await this.#sleep(ping.everyMs);
      this.#socket?.send(ping.frame(this.#options.clock.nowMs()));
    }
  }

  /** After what is being sent already, each at its distance from the one before. */
  #send(frames: readonly string[]): void {
    const before = this.#sending;
    this.#sending = (async () => {
      await before;
      for (const frame of frames) {
        this.#socket?.send(frame);
        await this.#sleep(this.#options.stream.sendSpacingMs);
      }
    })();
    this.#spawn(() => this.#sending);
  }

  #sleep(ms: number): Promise<void> {
    return this.#options.clock.sleep(Math.max(0, ms), this.#leave.signal);
  }

  /** Runs beside the rest; the end of the session cancels it. */
  #spawn(task: () => Promise<void>): void {
    task().catch((error: unknown) => this.end('internal', messageOf(error)));
  }
}

function readBoth(clock: Clock) {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
}
