import { destination, pino, stdTimeFunctions } from 'pino';
import { createScrub } from './scrub.ts';

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

export interface LogOptions {
  /** Lines for people, as on a terminal, instead of JSON. */
  readonly readable?: boolean;
  /** What must not be read in it, beside what looks like a secret. */
  readonly secrets?: readonly string[];
  /** Takes lines; standard output by default. */
  readonly write?: (line: string) => void;
}

export function createLog(level: LogLevel, how: LogOptions = {}): Log {
  const { readable = false, secrets = [], write = toStandardOutput() } = how;
  const paths = REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime, redact: paths };
  const scrub = createScrub(secrets);
  return pino(options, {
    write(line) {
      const plain = scrub(line);
      write(readable ? readableLine(plain) : plain);
    },
  });
}

function toStandardOutput(): (line: string) => void {
  const output = destination(1);
  return (line) => void output.write(line);
}

const LEVELS: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
};

/** `06:51:22 warn  a poll was refused (exchange kraken, reason dns)` from one line of JSON. */
export function readableLine(line: string): string {
  const { level, time, msg, ...ids } = JSON.parse(line) as Record<string, unknown>;
  const shown = Object.entries(ids).map(([name, value]) => {
    return `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  const rest = shown.length > 0 ? ` (${shown.join(', ')})` : '';
  return `${String(time).slice(11, 19)} ${(LEVELS[Number(level)] ?? '').padEnd(5)} ${msg}${rest}\n`;
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
