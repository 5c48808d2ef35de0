/**
 * What a process does, as spans that lie in each other. Parts take a `Trace`; without an exporter it
 * is `noTrace`, which calls the work and nothing else. Attributes say what was done and how much,
 * never a secret, an address with a query, or a key.
 */

import type { Log } from './log.ts';

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** OpenTelemetry's kinds; `internal` where none is given. */
export type SpanKind = 'internal' | 'server' | 'client';

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** The header `traceparent` of who asked; anything that is not of that shape counts as none. */
  readonly traceparent?: string;
}

export interface Span {
  /** 32 hexadecimal digits; undefined when nothing is traced. */
  readonly traceId: string | undefined;
  rename(name: string): void;
  set(attributes: Attributes): void;
  /** Spans that the work begins, now or later, lie in this one. */
  run<T>(work: () => T): T;
  /** Twice is once. `error`: its code is kept, never its message. */
  end(error?: unknown): void;
}

export interface Trace {
  /** A span that somebody ends; it lies in the one that is under way here. */
  begin(name: string, attributes?: Attributes, options?: SpanOptions): Span;
  /** The span of one piece of work: it ends with it, and fails with it. */
  span<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T>;
  /** Of the span that is under way here. */
  traceId(): string | undefined;
  /** Sends what is left, within a bound. Twice is allowed. */
  close(): Promise<void>;
}

export const noSpan: Span = {
  traceId: undefined,
  rename: () => {},
  set: () => {},
  run: (work) => work(),
  end: () => {},
};

export const noTrace: Trace = {
  begin: () => noSpan,
  span: (_name, _attributes, work) => work(noSpan),
  traceId: () => undefined,
  close: async () => {},
};

/** `00-<trace>-<span>-<flags>` (W3C Trace Context, 3.2), neither of the ids all zeros. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;

export interface RemoteSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** What a `traceparent` says; undefined for one that says nothing. */
export function readTraceparent(header: string | undefined): RemoteSpan | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags ?? '0', 16) };
}

/** The same log, whose lines say in which trace they were written. */
export function tracedLog(log: Log, trace: Trace): Log {
  if (trace === noTrace) return log;
  const within = (ids: object): object => {
    const traceId = trace.traceId();
    return traceId === undefined ? ids : { ...ids, traceId };
  };
  return {
    debug: (ids, message) => log.debug(within(ids), message),
    info: (ids, message) => log.info(within(ids), message),
    warn: (ids, message) => log.warn(within(ids), message),
    error: (ids, message) => log.error(within(ids), message),
    child: (ids) => tracedLog(log.child(ids), trace),
  };
}

/** What is kept of an error: our code, Node's code, or the name of its class. */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  for (const name of ['code', 'reason', 'fault', 'name'] as const) {
    const value = (error as Record<string, unknown>)[name];
    if (typeof value === 'string' && /^[\w.-]{1,40}$/.test(value)) return value;
  }
  return 'error';
}
