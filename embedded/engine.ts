import { Worker } from 'node:worker_threads';
import { TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { EngineOptions } from './compose.ts';
import type { FromThread, ThreadData, ToThread } from './messages.ts';

export interface StartOptions extends EngineOptions {
  readonly org: string;
  readonly bucket: string;
  readonly log: Log;
}

export interface Engine {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  /** Resolves when the engine has ended: with its error if nobody asked it to. */
  readonly ended: Promise<Error | undefined>;
  /** Ends requests and task runs, folds the log into the database. */
  close(): Promise<void>;
}

/**
 * Starts the engine in a thread of its own. Errors: `conflict` when the port is taken or another
 * process has the folder open, `unavailable` when the folder cannot be used.
 */
export async function startEngine(options: StartOptions): Promise<Engine> {
  const { log, ...rest } = options;
  const data: ThreadData = { options: rest };
  const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: data });
  const thread = new Thread(worker, log);
  const { url, token } = await thread.ready;
  return {
    url,
    token,
    org: options.org,
    bucket: options.bucket,
    ended: thread.ended,
    close: () => thread.close(),
  };
}

class Thread {
  readonly ready: Promise<{ readonly url: string; readonly token: string }>;
  readonly ended: Promise<Error | undefined>;
  readonly #worker: Worker;
  #failure: Error | undefined;
  #closing = false;

  constructor(worker: Worker, log: Log) {
    this.#worker = worker;
    this.ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        const silent = new TidemarkError('internal', `the engine's thread ended with code ${code}`);
        resolve(this.#failure ?? (this.#closing ? undefined : silent));
      });
    });
    this.ready = new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.type === 'ready') resolve(message);
        else if (message.type === 'log') log[message.level](message.ids, message.message);
        else {
          if (message.type === 'failed') {
            this.#failure = new TidemarkError(message.code, message.message);
            reject(this.#failure);
          }
          // Storage is closed by now. What a library left open must not keep the thread alive.
          void worker.terminate();
        }
      });
      worker.once('error', (error) => {
        this.#failure = error;
        log.error({ err: error }, 'the engine has died');
        reject(error);
      });
    });
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const message: ToThread = { type: 'close' };
      this.#worker.postMessage(message);
    }
    const failure = await this.ended;
    if (failure) throw failure;
  }
}
