/** One request of an operation: its address, its headers, its attempts. */
import { errorOf, TidemarkApiError } from './errors.ts';
import type { Operations } from './operations.ts';
import { operations } from './operations.ts';
import { pauseMsOf } from './retry.ts';
import type { Time } from './time.ts';

export type OperationName = keyof Operations;
/** What an operation answers. */
export type AnswerOf<Name extends OperationName> = Operations[Name]['answer'];

type Nothing = Readonly<Record<never, never>>;
/** A member that has to be there unless it may be empty or undefined. */
type Given<Member extends string, Value> = undefined extends Value
  ? { readonly [M in Member]?: undefined }
  : Nothing extends Value
    ? { readonly [M in Member]?: Value | undefined }
    : { readonly [M in Member]: Value };

/** What an operation takes. */
export type InputOf<Name extends OperationName> = Given<'params', Operations[Name]['params']> &
  Given<'query', Operations[Name]['query']> &
  Given<'body', Operations[Name]['body']> &
  CallOptions;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How often it is sent at most; 1: never again. */
  readonly attempts?: number | undefined;
}

/** The input may be left out where nothing in it has to be there. */
export type InputsOf<Name extends OperationName> =
  Nothing extends InputOf<Name> ? [input?: InputOf<Name>] : [input: InputOf<Name>];

export interface ClientOptions {
  /** Where the API is: `http://127.0.0.1:8001`; may have a path. */
  readonly url: string;
  /** The secret of an API key; without configured keys none is needed. */
  readonly key?: string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often a request is sent at most. Default 4. */
  readonly attempts?: number | undefined;
  /** Told before each pause. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  /** Clock, pauses and chance; for tests. */
  readonly time?: Time | undefined;
}

export interface Retry {
  readonly operation: OperationName;
  /** How often it was sent so far. */
  readonly sent: number;
  readonly pauseMs: number;
  readonly error: TidemarkApiError;
}

/** The options with their defaults. */
export interface Settings {
  readonly url: string;
  readonly key: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly attempts: number;
  readonly onRetry: (retry: Retry) => void;
  readonly time: Time;
}

/** What is asked for, as far as it goes into a request. */
export interface Asked extends CallOptions {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly accept?: string | undefined;
}

/**
 * Sends it until there is an answer that means success.
 * @throws TidemarkApiError, or the reason of `signal`
 */
export async function send(
  settings: Settings,
  name: OperationName,
  asked: Asked,
): Promise<Response> {
  const { time, onRetry } = settings;
  const { method } = operations[name];
  const attempts = asked.attempts ?? settings.attempts;
  for (let sent = 1; ; sent++) {
    const answer = await sendOnce(settings, name, asked);
    if (!(answer instanceof TidemarkApiError)) return answer;
    const pauseMs = pauseMsOf({ method, sent, attempts, error: answer }, time.random);
    if (pauseMs === undefined) throw answer;
    onRetry({ operation: name, sent, pauseMs, error: answer });
    await time.sleep(pauseMs, asked.signal);
  }
}

async function sendOnce(
  settings: Settings,
  name: OperationName,
  asked: Asked,
): Promise<Response | TidemarkApiError> {
  const { signal } = asked;
  const address = addressOf(settings.url, name, asked);
  try {
    const answer = await settings.fetch(address, {
      method: operations[name].method,
      headers: headersOf(settings, name, asked),
      ...(asked.body !== undefined && { body: bodyOf(name, asked.body) }),
      ...(signal !== undefined && { signal }),
    });
    return answer.ok ? answer : await errorOf(answer, settings.time.nowMs());
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    const message = `${settings.url} does not answer`;
    return new TidemarkApiError(message, { status: 0, code: 'unreachable' }, { cause });
  }
}

/** Where an operation is, with everything in its place. @throws TypeError for a missing part */
function addressOf(url: string, name: OperationName, { params = {}, query = {} }: Asked): string {
  const path = operations[name].path.replace(/\{(\w+)\}/g, (_, part: string) => {
    const value = params[part];
    if (value === undefined || value === '')
      throw new TypeError(`${name}: params.${part} is missing`);
    return encodeURIComponent(String(value));
  });
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) given.set(key, String(value));
  }
  const text = given.toString();
  return `${url.replace(/\/+$/, '')}${path}${text === '' ? '' : `?${text}`}`;
}

function headersOf({ key }: Settings, name: OperationName, { body, accept }: Asked) {
  return {
    Accept: accept ?? 'application/json, text/plain;q=0.9, */*;q=0.5',
    ...(key !== undefined && { Authorization: `Bearer ${key}` }),
    ...(body !== undefined && { 'Content-Type': typeOf(name) ?? 'application/json' }),
  };
}

function bodyOf(name: OperationName, body: unknown): string {
  return typeOf(name) === undefined ? JSON.stringify(body) : String(body);
}

/** Of a body that is not JSON. */
function typeOf(name: OperationName): string | undefined {
  const place = operations[name];
  return 'type' in place ? place.type : undefined;
}
