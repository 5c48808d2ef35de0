/** Requests to the API that served this page. */
import { forgetKey, readKey } from './key.ts';
import { later } from './time.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Ask {
  readonly query?: Query | undefined;
  readonly body?: unknown;
  /** A body that is no JSON, as it is. */
  readonly upload?: { readonly type: string; readonly text: string };
  readonly signal?: AbortSignal | undefined;
  readonly accept?: string;
  /** Statuses that are answers as well, beside those of success. */
  readonly also?: readonly number[];
}

/** What the API refused, with what it said. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, details: unknown = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = (details ?? {}) as Readonly<Record<string, unknown>>;
  }
}

/** Asks for a key; resolves when there is one to try. Set by the page's frame. */
let askForKey: (why: string) => Promise<void> = () => Promise.reject(new Error('no frame'));

export function onKeyNeeded(ask: (why: string) => Promise<void>): void {
  askForKey = ask;
}

export function addressOf(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The answer as it comes, for those that stream it. @throws Problem */
export async function send(method: string, path: string, ask: Ask = {}): Promise<Response> {
  const key = readKey();
  const headers = new Headers({ Accept: ask.accept ?? 'application/json' });
  if (key !== undefined) headers.set('Authorization', `Bearer ${key}`);
  const body = ask.upload?.text ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body));
  if (body !== undefined) headers.set('Content-Type', ask.upload?.type ?? 'application/json');
  const response = await reach(addressOf(path, ask.query), {
    method,
    headers,
    ...(body !== undefined && { body }),
    ...(ask.signal && { signal: ask.signal }),
  });
  if (response.ok || ask.also?.includes(response.status)) return response;
  const problem = await problemOf(response);
  if (problem.status !== 401) throw problem;
  if (key !== undefined) forgetKey();
  await askForKey(key === undefined ? '' : 'This key is not known here.');
  return send(method, path, ask);
}

async function reach(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Problem(0, 'unreachable', 'Tidemark does not answer. Is it running?');
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const { error } = (body ?? {}) as { error?: Partial<Problem> };
  const message = error?.message ?? `the answer was ${response.status}`;
  return new Problem(response.status, error?.code ?? 'unknown', message, error?.details);
}

export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const response = await send('GET', path, { query, signal });
  return (await response.json()) as T;
}

/** Every item of a list, page by page, at most `max` of them. */
export async function all<T>(path: string, query: Query = {}, max = 1000): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const limit = Math.min(1000, max - items.length);
    const page = await get<{ items: T[]; next: string | null }>(path, { ...query, limit, after });
    items.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined && items.length < max);
  return items;
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
  return read<T>(await send('POST', path, { body }));
}

export async function patch<T>(path: string, body: unknown): Promise<T> {
  return read<T>(await send('PATCH', path, { body }));
}

export async function remove(path: string): Promise<void> {
  await send('DELETE', path);
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Each object of an NDJSON answer in lists, as they come: what is there is never awaited. */
export async function* lines<T>(path: string, query: Query, signal: AbortSignal) {
  const ask = { query, signal, accept: 'application/x-ndjson' };
  const response = await send('GET', path, ask);
  if (response.body === null) return;
  let rest = '';
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    const found = parts.filter((part) => part !== '');
    if (found.length > 0) yield JSON.parse(`[${found.join(',')}]`) as T[];
  }
  if (rest !== '') yield [JSON.parse(rest) as T];
}

/** Waits, or rejects when the page is left. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = later(ms, resolve);
    const leave = () => {
      stop();
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
  });
}
