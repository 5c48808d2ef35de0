import { z } from 'zod';
import { isLoopback } from '../api/keys/auth.ts';
import type { Config } from '../core/config.ts';
import { type ErrorCode, TidemarkError } from '../core/errors.ts';
import type { HttpClient, HttpRequest } from '../core/http.ts';
import { HttpError } from '../core/http-error.ts';
import type { BackfillDesk, BackfillWish } from '../ingest/prices/backfill/desk.ts';

/** A Tidemark that answers, and what it wants to see. */
export interface Running {
  readonly url: string;
  readonly authorization: string | undefined;
}

const LOOK_MS_MAX = 2_000;
/** An exchange that was never polled is asked for its markets first. */
const ASK_MS_MAX = 40_000;
const BYTES_MAX = 16 * 1024 * 1024;

const greeting = z.object({ name: z.literal('tidemark') });

/** The Tidemark of these settings, if it runs. */
export async function findRunning(config: Config, http: HttpClient): Promise<Running | undefined> {
  const { host, port, apiKeys } = config;
  const reach = host === '0.0.0.0' || host === '::' || isLoopback(host) ? '127.0.0.1' : host;
  const url = `http://${reach.includes(':') ? `[${reach}]` : reach}:${port}`;
  const key = apiKeys.find(({ role }) => role !== 'read');
  const running = { url, authorization: key && `Bearer ${key.secret}` };
  try {
    const request = { url: `${url}/api/v1`, deadlineMs: LOOK_MS_MAX, bytesMax: BYTES_MAX };
    const { status, body } = await http.fetch({ ...request, from: 'operator' });
    if (status !== 200) return undefined;
    return greeting.safeParse(JSON.parse(body.toString('utf8'))).success ? running : undefined;
  } catch (error) {
    // Nobody there, or somebody else: both mean that no Tidemark runs.
    if (error instanceof HttpError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const time = z.iso.datetime().transform((text) => Date.parse(text));
const cost = { markets: z.number(), requests: z.number(), durationMs: z.number() };
const offer = z
  .object({
    ...{ ...cost, from: time, to: time, notes: z.array(z.string()) },
    exchanges: z.array(z.object({ exchange: z.string(), ...cost })),
  })
  .transform(({ from, to, ...rest }) => ({ ...rest, range: { fromMs: from, toMs: to } }));
const opened = z.object({ id: z.number(), resumed: z.boolean() });
const view = z
  .object({
    id: z.number(),
    cause: z.enum(['request', 'gap']),
    state: z.enum(['open', 'done', 'cancelled']),
    ...{ from: time, to: time, created: time, finished: time.nullable() },
    notes: z.array(z.string()),
    leftMs: z.number(),
    exchanges: z.array(
      z.object({
        exchange: z.string(),
        ...{ markets: z.number(), done: z.number(), failed: z.number(), minutes: z.number() },
        ...{ minutesDone: z.number(), requests: z.number(), candles: z.number() },
        ...{ points: z.number(), error: z.string().nullable() },
      }),
    ),
  })
  .transform(({ from, to, created, finished, exchanges, ...rest }) => ({
    ...{ ...rest, fromMs: from, toMs: to, createdMs: created, finishedMs: finished },
    lanes: exchanges.map(({ points, ...lane }) => {
      return { ...lane, rows: points, backfill: rest.id, adapter: lane.exchange };
    }),
  }));
const page = z.object({ items: z.array(view) });

/** The desk of a Tidemark that runs, over its API. */
export function createRemoteDesk(running: Running, http: HttpClient): BackfillDesk {
  const ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
    askApi(running, http, { method, path, body });
  return {
    async offer(wish) {
      return offer.parse(await ask('POST', '', { ...bodyOf(wish), dryRun: true }));
    },
    async open(wish) {
      const answer = await ask('POST', '', bodyOf(wish));
      return { ...offer.parse(answer), ...opened.parse(answer) };
    },
    get: async (id) => view.parse(await ask('GET', `/${id}`)),
    async list({ limit, before }) {
      const after = before === undefined ? '' : `&after=${before}`;
      return page.parse(await ask('GET', `?limit=${limit}${after}`)).items;
    },
    async cancel(id) {
      await ask('DELETE', `/${id}`);
      return true;
    },
  };
}

function bodyOf({ exchanges, pairs, fromMs, toMs }: BackfillWish): object {
  return {
    ...(exchanges.length > 0 && { exchanges }),
    ...(pairs.length > 0 && { pairs }),
    from: new Date(fromMs).toISOString(),
    ...(toMs !== undefined && { to: new Date(toMs).toISOString() }),
  };
}

const refusal = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
});

interface Ask {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body: object | undefined;
}

async function askApi(
  { url, authorization }: Running,
  http: HttpClient,
  { method, path, body }: Ask,
): Promise<unknown> {
  const request: HttpRequest = {
    url: `${url}/api/v1/backfills${path}`,
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(authorization !== undefined && { authorization }),
    },
    ...(body && { body: JSON.stringify(body) }),
    ...{ deadlineMs: ASK_MS_MAX, bytesMax: BYTES_MAX, from: 'operator' },
  };
  const { status, body: answer } = await http.fetch(request);
  const text = answer.toString('utf8');
  if (status >= 200 && status < 300) return text === '' ? undefined : JSON.parse(text);
  const said = refusal.safeParse(parsed(text));
  const where = `the Tidemark at ${url}`;
  if (!said.success) throw new TidemarkError('upstream', `${where} answers ${status}`);
  const { code, message, details } = said.data.error;
  throw new TidemarkError(codeOf(code), `${where}: ${message}`, { details });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['invalid', 'unauthorized', 'forbidden', 'not-found', 'conflict', 'too-large'] as const),
  ...(['timeout', 'unavailable', 'upstream', 'internal'] as const),
]);

function codeOf(code: string): ErrorCode {
  return CODES.has(code) ? (code as ErrorCode) : 'upstream';
}
