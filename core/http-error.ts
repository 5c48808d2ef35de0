import { type ErrorCode, TidemarkError } from './errors.ts';

/** What went wrong between asking and having the whole answer. */
export type HttpFault =
  | 'deadline' // the whole exchange took longer than allowed
  | 'cancelled' // the caller left
  | 'dns' // no address for the name
  | 'connect' // refused, unreachable, or no connection in time
  | 'tls' // certificate or handshake
  | 'reset' // the connection ended before the headers
  | 'truncated' // the body is shorter than announced, or its compression ends early
  | 'too-large' // more decoded bytes than allowed
  | 'encoding' // a content encoding that nobody asked for, or a broken one
  | 'redirect' // a redirect that is not allowed, or too many of them
  | 'target' // the gate refuses the address
  | 'content-type'
  | 'protocol'; // not HTTP

const CODES: Readonly<Record<HttpFault, ErrorCode>> = {
  deadline: 'timeout',
  cancelled: 'cancelled',
  dns: 'unavailable',
  connect: 'unavailable',
  tls: 'upstream',
  reset: 'unavailable',
  truncated: 'upstream',
  'too-large': 'too-large',
  encoding: 'upstream',
  redirect: 'upstream',
  target: 'forbidden',
  'content-type': 'upstream',
  protocol: 'upstream',
};

/** A request that brought no whole answer. Any status is an answer: it is not an error here. */
export class HttpError extends TidemarkError {
  readonly fault: HttpFault;

  constructor(fault: HttpFault, message: string, cause?: unknown) {
    super(CODES[fault], message, { details: { fault }, cause });
    this.fault = fault;
  }
}

const BY_CODE: Readonly<Record<string, HttpFault>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  ETIMEDOUT: 'connect',
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'truncated',
  UND_ERR_RESPONSE: 'protocol',
  Z_BUF_ERROR: 'truncated',
  Z_DATA_ERROR: 'encoding',
};

/** The fault of a low-level error; `bodyBegan` tells a cut body from a cut before the headers. */
export function faultOf(error: unknown, bodyBegan: boolean): HttpFault {
  const code = codeOf(error);
  const known = BY_CODE[code];
  if (known) return known;
  if (code.startsWith('HPE_') || isNonsense(error)) return 'protocol';
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code)) return 'tls';
  if (code.startsWith('ERR__ERROR') || code.startsWith('ERR_BROTLI')) return 'encoding';
  if (bodyBegan) return 'truncated';
  return 'reset';
}

/** undici 7 means to give llhttp's code, but has it undefined; an early end is no nonsense. */
function isNonsense(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError' && !/EOF/.test(error.message);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Happy eyeballs reports one error for each address that was tried.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.cause === undefined ? '' : codeOf(error.cause);
}
