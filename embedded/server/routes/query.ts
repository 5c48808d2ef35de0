import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { z } from 'zod';
import { msToNs } from '../../../core/point.ts';
import type { Dialect } from '../../csv/dialect.ts';
import { DEFAULT_DIALECT } from '../../csv/dialect.ts';
import type { Org } from '../../resources/model.ts';
import { JSON_BYTES_MAX, readBody } from '../body.ts';
import type { Context } from '../context.ts';
import { InfluxError } from '../errors.ts';
import type { Routes } from '../router.ts';

export const queryRoutes: Routes = {
  'POST /api/v2/query': query,
  'POST /api/v2/query/analyze': analyze,
};

interface Wanted {
  readonly script: string;
  readonly dialect: Dialect;
  readonly extern?: unknown;
  readonly nowNs: bigint;
}

/** Flux in, CSV out: streamed as fast as the client reads, stopped when it leaves. */
async function query(context: Context): Promise<void> {
  const { identity, parts, response } = context;
  const org = queryOrg(context);
  const wanted = await readWanted(context);
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  const operator = identity.may('read', 'buckets') && identity.may('write', 'buckets');
  const answer = parts.queries.run(
    { ...wanted, org, signal: abort.signal },
    operator ? undefined : identity,
  );
  // Errors up to the first piece still have a status of their own.
  const first = await answer.next();
  if (response.destroyed) return;
  if (context.request.headers.prefer === 'return-no-content-with-error') {
    const text = first.done ? '' : first.value;
    await sendErrorOnly(response, answer, text);
    return;
  }
  await stream(context, answer, first);
}

async function stream(
  context: Context,
  answer: AsyncGenerator<string>,
  first: IteratorResult<string>,
): Promise<void> {
  const { response, request } = context;
  const gzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  response.writeHead(200, {
    'Content-Type': 'text/csv; charset=utf-8',
    Vary: 'Accept-Encoding',
    ...(gzip && { 'Content-Encoding': 'gzip' }),
  });
  const sink: Writable = gzip ? createGzip({ level: constants.Z_BEST_SPEED }) : response;
  if (sink !== response) sink.pipe(response);
  const left = new Promise<'left'>((resolve) => response.once('close', () => resolve('left')));
  for (let next = first; !next.done; next = await answer.next()) {
    if (response.destroyed) break;
    if (sink.write(next.value)) continue;
    if ((await Promise.race([once(sink, 'drain'), left])) === 'left') break;
  }
  await answer.return(undefined);
  sink.end();
}

const ERROR_TABLE = /(?:^|\r\n),error,reference\r\n/;

/** InfluxDB's `Prefer: return-no-content-with-error`: nothing, or the error alone, inside a 200. */
async function sendErrorOnly(
  response: ServerResponse,
  answer: AsyncGenerator<string>,
  first: string,
): Promise<void> {
  let error = errorTable(first);
  for await (const piece of answer) error ??= errorTable(piece);
  response.writeHead(200, { 'Content-Type': 'text/csv; charset=utf-8' });
  response.end(error ?? '');
}

function errorTable(piece: string): string | undefined {
  const at = ERROR_TABLE.exec(piece)?.index;
  return at === undefined ? undefined : piece.slice(at).replace(/^\r\n/, '');
}

function queryOrg(context: Context): Org {
  const decode = (message: string) =>
    new InfluxError('invalid', `failed to decode request body: ${message}`);
  const ref = context.query.get('orgID') || context.query.get('org');
  if (!ref) throw decode('Please provide either orgID or org');
  const org = context.resources.org(ref);
  if (org) return org;
  throw decode(`organization name "${ref}" not found`);
}

const annotation = z.enum(['datatype', 'group', 'default']);

const QUERY = z.object({
  query: z.string().default(''),
  type: z.string().default('flux'),
  extern: z.unknown().optional(),
  now: z.string().optional(),
  dialect: z
    .object({
      header: z.boolean().default(true),
      delimiter: z.string().default(','),
      annotations: z.array(z.string()).nullish(),
    })
    .nullish(),
});

async function readWanted(context: Context): Promise<Wanted> {
  const bytes = await readBody(context.request, JSON_BYTES_MAX);
  const text = bytes.toString('utf8');
  const nowNs = msToNs(context.parts.nowMs());
  const type = String(context.request.headers['content-type'] ?? '').split(';')[0];
  if (type?.trim() === 'application/vnd.flux') {
    if (text === '') throw decodeError('request body requires either query or AST');
    return { script: text, dialect: DEFAULT_DIALECT, nowNs };
  }
  const wanted = parseQuery(text);
  if (wanted.query === '') throw decodeError('request body requires either query or AST');
  if (wanted.type !== 'flux') throw decodeError(`unknown query type: ${wanted.type}`);
  return {
    script: wanted.query,
    dialect: dialectOf(wanted.dialect),
    nowNs: wanted.now === undefined ? nowNs : timeNs(wanted.now),
    ...(wanted.extern !== undefined && { extern: wanted.extern }),
  };
}

function parseQuery(text: string): z.infer<typeof QUERY> {
  try {
    return QUERY.parse(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? cause.issues[0]!.message : String(cause);
    throw decodeError(
      'failed parsing request body as JSON; if sending a raw Flux script, set ' +
        `'Content-Type: application/vnd.flux' in your request headers: ${reason}`,
      cause,
    );
  }
}

function decodeError(message: string, cause?: unknown): InfluxError {
  return new InfluxError('invalid', `failed to decode request body: ${message}`, cause);
}

function dialectOf(wanted: z.infer<typeof QUERY>['dialect']): Dialect {
  if (!wanted) return DEFAULT_DIALECT;
  const { header, delimiter, annotations } = wanted;
  if (delimiter.length !== 1) {
    throw decodeError('invalid dialect delimeter: must be length 1');
  }
  return {
    header,
    delimiter,
    annotations: (annotations ?? []).map((text) => {
      const known = annotation.safeParse(text);
      if (known.success) return known.data;
      throw decodeError(`unknown dialect annotation type: ${text}`);
    }),
  };
}

/** RFC 3339 with up to nine decimals. */
function timeNs(text: string): bigint {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw decodeError(`invalid time for now: ${text}`);
  const decimals = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return msToNs(Math.floor(ms / 1000) * 1000) + BigInt(decimals.padEnd(9, '0'));
}

const ANALYZE = z.object({ query: z.string().default('') });

async function analyze(context: Context): Promise<void> {
  const { query: script } = await context.body(ANALYZE);
  if (script === '') {
    throw new InfluxError('internal error', 'An internal error has occurred - check server logs');
  }
  context.json(200, { errors: context.parts.queries.analyze(script) });
}
