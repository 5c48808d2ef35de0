import { Worker } from 'node:worker_threads';
import { messageOf, TidemarkError } from '../core/errors.ts';
import type { Row } from './database.ts';
import {
  type LiteReply,
  type LiteRequest,
  type LiteStart,
  type NumberedRequest,
  OPENED,
  type ToldError,
} from './pglite-messages.ts';

interface Waiting {
  resolve(rows: readonly Row[]): void;
  reject(error: Error): void;
}

export interface Hearing {
  heard(payload: string): void;
  lost(error: TidemarkError): void;
}

const PROGRAM = new URL('./pglite-thread.js', import.meta.url);

/** The near end of the thread that PGlite runs in. It keeps the process only while it is asked. */
export class LiteThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #hearing = new Map<number, Hearing>();
  #last = OPENED;
  #over: TidemarkError | undefined;

  private constructor(start: LiteStart) {
    this.#worker = new Worker(PROGRAM, { name: 'registry', workerData: start });
    this.#worker.on('message', (reply: LiteReply) => this.#take(reply));
    this.#worker.once('error', (error) => this.#end(messageOf(error)));
    this.#worker.once('exit', (code) => this.#end(`it ended with ${code}`));
  }

  /** Resolves when the database is open. */
  static async open(start: LiteStart): Promise<LiteThread> {
    const thread = new LiteThread(start);
    try {
      await thread.#wait(OPENED);
      return thread;
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
  }

  ask(request: LiteRequest): Promise<readonly Row[]> {
    if (this.#over) return Promise.reject(this.#over);
    this.#last += 1;
    const answer = this.#wait(this.#last);
    this.#worker.postMessage({ ...request, id: this.#last } satisfies NumberedRequest);
    return answer;
  }

  /** Hears a channel from when it resolves until the answer is called. */
  async listen(channel: string, hearing: Hearing): Promise<() => Promise<void>> {
    this.#last += 1;
    const listening = this.#last;
    this.#hearing.set(listening, hearing);
    try {
      await this.ask({ kind: 'listen', channel, listening });
    } catch (error) {
      this.#hearing.delete(listening);
      throw error;
    }
    return async () => {
      if (this.#hearing.delete(listening) && !this.#over) {
        await this.ask({ kind: 'unlisten', listening });
      }
    };
  }

  /** After what was asked. */
  async close(): Promise<void> {
    if (this.#over) return;
    try {
      await this.ask({ kind: 'close' });
    } finally {
      this.#hearing.clear();
      this.#over = new TidemarkError('unavailable', 'the embedded PostgreSQL is closed');
      this.#worker.ref();
      await this.#worker.terminate();
    }
  }

  #wait(id: number): Promise<readonly Row[]> {
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #take(reply: LiteReply): void {
    if ('listening' in reply) {
      this.#hearing.get(reply.listening)?.heard(reply.payload);
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0 && !this.#over) this.#worker.unref();
    if ('rows' in reply) waiting?.resolve(reply.rows);
    else waiting?.reject(errorOf(reply.error));
  }

  #end(why: string): void {
    if (this.#over) return;
    const text = `the embedded PostgreSQL ended: ${why}; start Tidemark again`;
    const over = new TidemarkError('unavailable', text);
    this.#over = over;
    for (const { reject } of this.#waiting.values()) reject(over);
    this.#waiting.clear();
    for (const { lost } of this.#hearing.values()) lost(over);
    this.#hearing.clear();
  }
}

function errorOf({ message, code }: ToldError): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
