import type { Position, Span } from '../../core/flux-ast.ts';

/** InfluxDB's error codes that a query can end with, and the HTTP status of each. */
const STATUS = {
  invalid: 400,
  'not found': 404,
  forbidden: 403,
  'internal error': 500,
  'request too large': 413,
  unavailable: 503,
} as const;

export type FluxErrorCode = keyof typeof STATUS;

/** A query that cannot be answered, in words for its author. `line` and `column` count from 1. */
export class FluxError extends Error {
  override readonly name = 'FluxError';
  readonly code: FluxErrorCode;
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(message: string, code: FluxErrorCode = 'invalid', at?: Position, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.line = at?.line;
    this.column = at?.column;
  }

  get status(): number {
    return STATUS[this.code];
  }
}

/** `1:20-1:24`, as InfluxDB writes a place. */
export function formatSpan(span: Span): string {
  const { start, end } = span;
  return `${start.line}:${start.column}-${end.line}:${end.column}`;
}
