import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { systemClock } from './clock.ts';
import type { ErrorCode } from './errors.ts';
import { isCode, TidemarkError } from './errors.ts';
import type { FluxFile } from './flux-ast.ts';
import type { FluxProblem } from './flux-checker.ts';
import type { FluxMember } from './flux-library.ts';

/**
 * Flux syntax for the rest of the product. The official parser works in a thread of its own that is
 * ended when a script keeps it busy too long: some broken scripts make it run without end.
 */
export type { FluxProblem } from './flux-checker.ts';
export { formatProblem, formatProblems, problemError } from './flux-checker.ts';

/** What the thread can be asked; `text` is a script, an import path, or a tree as JSON text. */
export interface ParserRequest {
  readonly id: number;
  readonly task: 'parse' | 'syntaxErrors' | 'diagnose' | 'members' | 'packages' | 'printTree';
  readonly text: string;
}

export type ParserReply =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly details: unknown;
      };
      /** The parser's memory is not to be trusted any more. */
      readonly broken: boolean;
    };

/** What the thread is started with. */
export interface ParserThreadData {
  readonly port: MessagePort;
  /** Counts replies, so that a caller can sleep until there is one. */
  readonly replies: Int32Array<SharedArrayBuffer>;
}

/**
 * A sound script takes milliseconds, unless the machine has no time for it: so it is the processor's
 * time that counts, of the whole process since that of one thread cannot be told.
 */
const PARSE_CPU_MS_MAX = 3_000;
const PARSE_MS_MAX = 15_000;
/** How often it is looked at. */
const LOOK_MS = 500;
/** To start the thread and load the parser. */
const START_MS_MAX = 20_000;

/**
 * The tree of a script. Throws TidemarkError `invalid` whose message names each problem and whose
 * `details` is the list of them (`FluxProblem[]`), or `too-large`.
 */
export function parse(script: string): FluxFile {
  return current().askNow('parse', script) as FluxFile;
}

/** As `parse`, without keeping this thread from other work meanwhile. */
export async function parseLater(script: string): Promise<FluxFile> {
  return (await ask('parse', script)) as FluxFile;
}

/** Only what the parser itself refuses: no names, no types. */
export function syntaxErrors(script: string): readonly FluxProblem[] {
  return current().askNow('syntaxErrors', script) as readonly FluxProblem[];
}

/** Syntax errors, names that do not exist, arguments that are missing, types that do not fit. */
export async function diagnose(script: string): Promise<readonly FluxProblem[]> {
  const key = shapeOf(script);
  if (sound.has(key)) return [];
  const found = (await ask('diagnose', script)) as readonly FluxProblem[];
  if (found.length === 0) remember(key);
  return found;
}

/** The text of a file that a client sent as JSON (`extern` of a query). */
export function printTree(json: unknown): string {
  return current().askNow('printTree', JSON.stringify(json)) as string;
}

/** What a package of the library of Flux has; `universe` is what needs no import. */
export async function membersOf(path: string): Promise<readonly FluxMember[]> {
  const known = members.get(path);
  if (known !== undefined) return known;
  if (!(await packagePaths()).includes(path)) return [];
  const found = (await ask('members', path)) as readonly FluxMember[];
  members.set(path, found);
  return found;
}

/** The import paths of the library of Flux, sorted. */
export async function packagePaths(): Promise<readonly string[]> {
  paths ??= (await ask('packages', '')) as readonly string[];
  return paths;
}

/** They never change. */
const members = new Map<string, readonly FluxMember[]>();
let paths: readonly string[] | undefined;

let queue: Promise<unknown> = Promise.resolve();

/** One at a time, so that nobody's time runs while another's script is being read. */
function ask(task: ParserRequest['task'], text: string): Promise<unknown> {
  const mine = queue.then(async () => {
    try {
      return await current().ask(task, text);
    } catch (cause) {
      // A script of someone who could not wait ended the thread: once more.
      if (!isCode(cause, 'unavailable')) throw cause;
      return current().ask(task, text);
    }
  });
  queue = mine.catch(() => undefined);
  return mine;
}

class ParserThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #replies = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, (reply: ParserReply) => void>();
  #ready = false;
  #lastId = 0;
  ended = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: ParserThreadData = { port: port2, replies: this.#replies };
    this.#worker = new Worker(new URL('./flux-syntax-thread.js', import.meta.url), {
      workerData,
      transferList: [port2],
    });
    this.#worker.once('error', () => this.#end());
    this.#worker.unref();
    this.#port.on('message', (reply: ParserReply) => this.#take(reply));
    this.#port.unref();
  }

  /** Sleeps until the answer is there. */
  askNow(task: ParserRequest['task'], text: string): unknown {
    this.#sleepUntil(() => this.#ready, startLimit());
    let reply: ParserReply | undefined;
    const limit = parseLimit(this.#waiting.size + 1);
    this.#post(task, text, (given) => {
      reply = given;
    });
    this.#sleepUntil(() => reply !== undefined, limit);
    return unwrap(reply!);
  }

  #sleepUntil(done: () => boolean, over: () => boolean): void {
    for (;;) {
      const seen = Atomics.load(this.#replies, 0);
      this.#drain();
      if (done()) return;
      const late = Atomics.wait(this.#replies, 0, seen, LOOK_MS) === 'timed-out' && over();
      if (!late) continue;
      this.#drain();
      if (!done()) throw this.#giveUp();
    }
  }

  async ask(task: ParserRequest['task'], text: string): Promise<unknown> {
    const started = new Promise<void>((resolve) => this.#whenReady(resolve));
    await this.#inTime(started, startLimit());
    const reply = new Promise<ParserReply>((resolve) => this.#post(task, text, resolve));
    return unwrap(await this.#inTime(reply, parseLimit(1)));
  }

  async #inTime<T>(work: Promise<T>, over: () => boolean): Promise<T> {
    const done = new AbortController();
    const first = await Promise.race([work, waitUntil(over, done.signal)]);
    done.abort();
    if (first === LATE) throw this.#giveUp();
    return first as T;
  }

  #whenReady(resolve: () => void): void {
    if (this.#ready) resolve();
    else this.#waiting.set(READY_ID, resolve);
  }

  #post(task: ParserRequest['task'], text: string, take: (reply: ParserReply) => void): void {
    this.#lastId += 1;
    const request: ParserRequest = { id: this.#lastId, task, text };
    this.#waiting.set(request.id, take);
    this.#port.postMessage(request);
  }

  #drain(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: ParserReply } | undefined;
      if (!received) return;
      this.#take(received.message);
    }
  }

  #take(reply: ParserReply): void {
    this.#ready = true;
    const take = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    take?.(reply);
    if ('broken' in reply && reply.broken) this.#end();
  }

  /** Whoever else waits is told to ask again: the thread is gone. */
  #giveUp(): TidemarkError {
    this.#end();
    return new TidemarkError('invalid', TOO_COMPLEX);
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#port.close();
    void this.#worker.terminate();
    const error = {
      code: 'unavailable',
      message: 'the Flux parser was restarted',
      details: undefined,
    } as const;
    for (const [id, take] of this.#waiting) take({ id, error, broken: true });
    this.#waiting.clear();
  }
}

const LATE = Symbol('late');

/** Whether as many scripts have taken too long, from now on. */
function parseLimit(scripts: number): () => boolean {
  const fromMs = systemClock.monotonicMs();
  const from = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(from);
    const cpuMs = (user + system) / 1000;
    const ms = systemClock.monotonicMs() - fromMs;
    return cpuMs >= PARSE_CPU_MS_MAX * scripts || ms >= PARSE_MS_MAX * scripts;
  };
}

function startLimit(): () => boolean {
  const fromMs = systemClock.monotonicMs();
  return () => systemClock.monotonicMs() - fromMs >= START_MS_MAX;
}

async function waitUntil(over: () => boolean, signal: AbortSignal): Promise<typeof LATE> {
  while (!signal.aborted && !over()) {
    await systemClock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
  return LATE;
}

/** The thread says that the parser is loaded. */
const READY_ID = 0;

const TOO_COMPLEX = 'the script is too complex to be parsed';

function unwrap(reply: ParserReply): unknown {
  if ('value' in reply) return reply.value;
  const { code, message, details } = reply.error;
  throw new TidemarkError(code, message, { details });
}

let thread: ParserThread | undefined;

function current(): ParserThread {
  if (!thread || thread.ended) thread = new ParserThread();
  return thread;
}

/** Scripts known to be sound, apart from the values in them: dashboards ask the same all day. */
const sound = new Set<string>();
const SOUND_MAX = 500;

function remember(key: string): void {
  if (sound.size >= SOUND_MAX) sound.delete(sound.values().next().value!);
  sound.add(key);
}

/**
 * The script with its times, durations, numbers and compared texts left out: same key, same types.
 */
function shapeOf(script: string): string {
  return script
    .replace(/([=!]=|bucket:)\s*"[^"\\$\n]*"/g, '$1""')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, '@t')
    .replace(/\b(?:\d+(?:ns|us|µs|ms|mo|s|m|h|d|w|y))+\b/g, '@d')
    .replace(/\b\d+\.\d+\b/g, '@f')
    .replace(/\b\d+\b/g, '@i');
}
