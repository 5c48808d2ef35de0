import { isCode, TidemarkError } from '../../core/errors.ts';
import type { FluxFile } from '../../core/flux-ast.ts';
import { syntaxErrors } from '../../core/flux-syntax.ts';
import type { Dialect } from '../csv/dialect.ts';
import { CsvEncoder } from '../csv/encode.ts';
import { FluxError } from './error.ts';
import type { FluxHost } from './functions/context.ts';
import { readScript } from './query/check.ts';
import { Query } from './query/query.ts';
import type { TaskOptions } from './query/task-options.ts';
import { readTaskOptions } from './query/task-options.ts';
import { closeScope } from './tables/stream.ts';
import type { Table, TableStream } from './values/value.ts';

/** The seam between the HTTP side and the language. */
export type { Dialect } from '../csv/dialect.ts';
export type { FluxErrorCode } from './error.ts';
export { FluxError } from './error.ts';
export type { Bucket, FluxHost, QueryLimits } from './functions/context.ts';
export type { TaskOptions } from './query/task-options.ts';

export interface QueryRequest {
  readonly script: string;
  readonly org: { readonly id: string; readonly name: string };
  /** What `now()` gives, nanoseconds since the epoch. */
  readonly nowNs: bigint;
  readonly dialect: Dialect;
  /** A Flux File as JSON whose statements run before the script (options such as `v`). */
  readonly extern?: unknown;
  readonly signal: AbortSignal;
}

/** As `/api/v2/query/analyze` lists them. */
export interface ScriptProblem {
  readonly line: number;
  readonly column: number;
  readonly character: number;
  readonly message: string;
}

export interface Evaluator {
  /**
   * Annotated CSV in pieces of about 64 kB. What fails before the first piece rejects with
   * FluxError; what fails later becomes an error table at the end, as in InfluxDB. Leaving the
   * loop, or the signal, stops the work.
   */
  run(request: QueryRequest): AsyncIterable<string>;
  /** Throws FluxError. */
  taskOptions(script: string): TaskOptions;
  /** Syntax only, as InfluxDB's own. */
  analyze(script: string): ScriptProblem[];
}

export function createEvaluator(host: FluxHost): Evaluator {
  return {
    run: (request) => answer(host, request),
    taskOptions: readTaskOptions,
    analyze: analyzeScript,
  };
}

async function* answer(host: FluxHost, request: QueryRequest): AsyncGenerator<string> {
  const encoder = new CsvEncoder(request.dialect);
  let begun = false;
  let query: Query | undefined;
  try {
    const files = await readFiles(host, request);
    query = new Query({ host, ...request });
    await evaluateFiles(query, files);
    for await (const piece of encodeResults(query, encoder)) {
      begun = true;
      yield piece;
    }
  } catch (cause) {
    const error = asFluxError(cause, host, request);
    if (!begun) throw error;
    encoder.error(error.message);
  } finally {
    if (query) closeScope(query);
  }
  const rest = encoder.finish();
  if (rest !== '') yield rest;
}

function readFiles(host: FluxHost, { script, extern }: QueryRequest): Promise<readonly FluxFile[]> {
  const { scriptBytesMax } = host.limits;
  if (Buffer.byteLength(script) > scriptBytesMax) {
    throw new FluxError(`script is longer than ${scriptBytesMax} bytes`, 'request too large');
  }
  return readScript(script, extern);
}

async function evaluateFiles(query: Query, files: readonly FluxFile[]): Promise<void> {
  for (const file of files) await query.evaluate(file);
  if (query.results.size === 0 && query.sideEffects.length === 0) {
    throw new FluxError(
      'error in query specification while starting program: this Flux script returns no ' +
        'streaming data. Consider adding a "yield" or invoking streaming functions directly, ' +
        'without performing an assignment',
    );
  }
}

async function* encodeResults(query: Query, encoder: CsvEncoder): AsyncGenerator<string> {
  const { signal } = query;
  for (const [name, stream] of query.results) {
    encoder.startResult(name);
    for await (const table of running(stream, signal)) {
      // Delegating to a generator would cost a turn of the event loop for each table.
      for (const piece of encoder.table(table)) yield piece;
    }
    encoder.endResult();
  }
  for (const stream of query.sideEffects) {
    for await (const _table of running(stream, signal)) signal.throwIfAborted();
  }
}

/** The tables of a result; an error of a row function says where in the script it happened. */
async function* running(stream: TableStream, signal: AbortSignal): AsyncGenerator<Table> {
  try {
    yield* stream.tables(signal);
  } catch (cause) {
    if (!(cause instanceof FluxError) || cause.line === undefined) throw cause;
    const { message, code, line, column = 1 } = cause;
    if (message.startsWith('runtime error')) throw cause;
    const text = `runtime error @${line}:${column}: ${message}`;
    throw new FluxError(text, code, { line, column }, cause);
  }
}

/**
 * Anything that was thrown, as an error for the query's author. Bugs are logged with their cause.
 */
function asFluxError(cause: unknown, host: FluxHost, request: QueryRequest): FluxError {
  if (cause instanceof FluxError) return cause;
  if (isCode(cause, 'invalid', 'too-large')) {
    return new FluxError(`compilation failed: ${cause.message}`, 'invalid', undefined, cause);
  }
  if (request.signal.aborted) {
    return new FluxError('query was cancelled', 'unavailable', undefined, cause);
  }
  if (cause instanceof RangeError && cause.message.includes('call stack')) {
    return new FluxError('the script is nested too deeply', 'invalid', undefined, cause);
  }
  host.log.error({ err: cause, script: request.script }, 'query failed by a fault of the engine');
  return new FluxError('an internal error has occurred', 'internal error', undefined, cause);
}

function analyzeScript(script: string): ScriptProblem[] {
  try {
    return syntaxErrors(script).map(({ start, message }) => ({
      line: start.line,
      column: start.column,
      character: characterOf(script, start.line, start.column),
      message,
    }));
  } catch (cause) {
    if (!(cause instanceof TidemarkError)) throw cause;
    return [{ line: 1, column: 1, character: 0, message: cause.message }];
  }
}

/** Bytes from the start of the script to a place. */
function characterOf(script: string, line: number, column: number): number {
  const before = script.split('\n').slice(0, line - 1);
  return before.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0) + column - 1;
}
