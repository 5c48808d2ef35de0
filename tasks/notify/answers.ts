import {
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  retryAfterMs,
} from '../../core/http.ts';
import { HttpError, type HttpFault } from '../../core/http-error.ts';
import type { Sent } from './sender.ts';

/** From the call to the last byte of the answer that is read. */
export const DEADLINE_MS = 20_000;
const ANSWER_BYTES_MAX = 16 * 1_024;

const FAULTS: Readonly<Record<HttpFault, string>> = {
  deadline: `no whole answer in ${DEADLINE_MS / 1_000} s`,
  cancelled: 'cancelled',
  dns: 'its name has no address',
  connect: 'it cannot be connected to',
  tls: 'no secure connection: certificate or handshake',
  reset: 'the connection ended before an answer',
  truncated: 'the answer ended early',
  'too-large': 'the answer is too large',
  encoding: 'the answer has a broken encoding',
  redirect: 'it redirects',
  target: 'its address is not allowed: private, or of a service of our own',
  'content-type': 'the answer has a wrong type',
  protocol: 'the answer is not HTTP',
};

export type Posted =
  | { readonly answer: HttpResponse; readonly text: string }
  | { readonly sent: Sent };

/**
 * One POST, never followed anywhere else, and the begin of the answer; where there is none, what is
 * to be said of that. What is deterministic burns no attempts.
 */
export async function post(
  http: HttpClient,
  request: Omit<HttpRequest, 'method' | 'deadlineMs' | 'bytesMax'>,
): Promise<Posted> {
  const how = { method: 'POST', once: true, beginOnly: true, deadlineMs: DEADLINE_MS } as const;
  try {
    const answer = await http.fetch({ ...request, ...how, bytesMax: ANSWER_BYTES_MAX });
    return { answer, text: answer.body.toString('utf8') };
  } catch (error) {
    if (!(error instanceof HttpError) || error.fault === 'cancelled') throw error;
    const end = error.fault === 'target' ? 'dead' : 'failed';
    return { sent: { end, status: null, reason: FAULTS[error.fault], answer: null } };
  }
}

export function delivered({ status }: HttpResponse, text: string): Sent {
  return { end: 'delivered', status, reason: null, answer: text };
}

/** Not taken, by its status alone or by what the answer says. */
export function refused(
  { status, headers }: HttpResponse,
  text: string,
  { nowMs, reason }: { readonly nowMs: number; readonly reason?: string },
): Sent {
  const asked = retryAfterMs(headers['retry-after'], nowMs);
  return {
    ...{ end: 'failed', status, reason: reason ?? `HTTP ${status}`, answer: text },
    ...(asked !== undefined && { retryAfterMs: asked }),
  };
}
