import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../core/clock.ts';
import { messageOf, TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { openEngine, type RunningEngine } from './compose.ts';
import type { FromThread, LogLevelName, ThreadData, ToThread } from './messages.ts';

/** The engine's thread: database, HTTP server and task scheduler live and end together. */
const port = parentPort;
if (!port) throw new Error('the engine runs in a thread of its own');

const send = (message: FromThread): void => port.postMessage(message);

/** Lines go to the main thread, which has the log. What cannot cross becomes text. */
function threadLog(common: object): Log {
  const line = (level: LogLevelName) => (ids: object, message: string) => {
    const all = Object.entries({ ...common, ...ids }).map(([key, value]) => [key, plain(value)]);
    send({ type: 'log', level, ids: Object.fromEntries(all), message });
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (ids) => threadLog({ ...common, ...ids }),
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Error) return { message: value.message, stack: value.stack };
  return typeof value === 'object' || typeof value === 'function' ? String(value) : value;
}

function fail(error: unknown): void {
  const code = error instanceof TidemarkError ? error.code : 'internal';
  send({ type: 'failed', code, message: messageOf(error) });
}

async function close(engine: RunningEngine): Promise<void> {
  try {
    await engine.close();
    send({ type: 'closed' });
  } catch (error) {
    fail(error);
  }
  port?.close();
}

const { options } = workerData as ThreadData;
const tools = { log: threadLog({}), clock: systemClock, random: Math.random };
try {
  const engine = await openEngine(options, tools);
  port.on('message', (message: ToThread) => {
    if (message.type === 'close') void close(engine);
  });
  send({ type: 'ready', url: engine.url, token: engine.token });
} catch (error) {
  fail(error);
}
