import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageOf } from '../../core/errors.ts';
import type { Patient } from './finding.ts';

const ANSWER_MS_MAX = 5_000;
const BYTES_MAX = 1_000_000;

export interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The status and the headers are enough. */
  readonly headOnly?: boolean;
}

export interface Told {
  /** 0: there was no answer, and `why` says why. */
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly why: string;
  /** Of the system or of TLS: ENOTFOUND, ECONNREFUSED, CERT_HAS_EXPIRED. */
  readonly code: string;
  /** How far the clock of the other side is ahead, in ms, give or take a second. */
  readonly aheadMs: number | undefined;
}

/** One request to a place that the operator chose; whatever comes of it is an answer. */
export async function ask(
  { clock, signal }: Pick<Patient, 'clock' | 'signal'>,
  url: string,
  { method = 'GET', headers = {}, body, headOnly = false }: Asked = {},
): Promise<Told> {
  const sentMs = clock.nowMs();
  try {
    const answer = await fetch(url, {
      ...{ method, headers, redirect: 'manual' as const },
      ...(body !== undefined && { body }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    const middleMs = (sentMs + clock.nowMs()) / 2;
    const dateMs = Date.parse(answer.headers.get('date') ?? '');
    // Its second has begun some time ago: half of one on average.
    const aheadMs = Number.isNaN(dateMs) ? undefined : dateMs + 500 - middleMs;
    const text = headOnly ? '' : (await answer.text()).slice(0, BYTES_MAX);
    if (headOnly) await answer.body?.cancel();
    return { status: answer.status, text, headers: answer.headers, why: '', code: '', aheadMs };
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause ?? error;
    const code = (cause as { code?: string }).code ?? '';
    const late = (error as Error).name === 'TimeoutError';
    const why = late ? `no answer in ${ANSWER_MS_MAX / 1_000} s` : messageOf(cause);
    const none = { status: 0, text: '', headers: new Headers(), aheadMs: undefined };
    return { ...none, why, code: late ? 'ETIMEDOUT' : code };
  }
}

/** What a server says first, as those of mail do. @throws what the connection failed with. */
export function greetingOf(
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls: boolean },
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host, port, ...(tls && { servername: host }) };
    const socket = tls ? connectTls(options) : connect(options);
    const end = (act: () => void): void => {
      socket.destroy();
      act();
    };
    const stop = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]);
    stop.addEventListener('abort', () =>
      end(() => reject(new Error(`no answer in ${ANSWER_MS_MAX / 1_000} s`))),
    );
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('data', (data: Buffer) => end(() => resolve(data.toString('latin1').trim())));
  });
}
