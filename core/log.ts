import { pino } from 'pino';

/** Structured log: a static message and ids. One line per outcome, silent when all is well. */
export interface Log {
  debug(ids: object, message: string): void;
  info(ids: object, message: string): void;
  warn(ids: object, message: string): void;
  error(ids: object, message: string): void;
  child(ids: object): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Anything under these names is a secret and never reaches the log. */
const REDACTED = ['token', 'secret', 'password', 'authorization'];

export function createLog(level: LogLevel): Log {
  const paths = REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: paths });
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
