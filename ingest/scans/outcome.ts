/** What a scan says about its target: nothing at all when the fault is ours or nobody's. */
export type Meaning = 'up' | 'down' | 'unknown';

interface Outcome {
  /** One line for people. */
  readonly text: string;
  readonly means: Meaning;
}

const down = (text: string): Outcome => ({ text, means: 'down' });
const unknown = (text: string): Outcome => ({ text, means: 'unknown' });

/** Every way in which a scan ends. The set is closed: a new one is added here. */
export const outcomes = {
  ok: { text: 'answered as expected', means: 'up' },

  dns: down('the name has no address'),
  refused: down('nobody listens at the address and port'),
  unreachable: down('no way to the address'),
  reset: down('the connection ended before the answer'),
  'timeout-dns': down('the name servers did not answer in time'),
  'timeout-connect': down('no connection in time'),
  'timeout-tls': down('no secure connection in time'),
  'timeout-first-byte': down('connected, but no answer in time'),
  'timeout-transfer': down('the answer began, but did not end in time'),

  'tls-expired': down('the certificate, or one above it, has expired'),
  'tls-not-yet-valid': down('the certificate is not valid yet'),
  'tls-self-signed': down('the certificate is signed by itself'),
  'tls-unknown-ca': down('the certificate is signed by nobody who is trusted'),
  'tls-incomplete': down('certificates between this one and a trusted one were not sent'),
  'tls-host': down('the certificate is for other hosts'),
  'tls-weak': down('the certificate has a key or signature that is too weak'),
  'tls-untrusted': down('the certificate is not trusted for another reason'),
  'tls-version': down('the server speaks no TLS version from 1.2 on'),
  'tls-client-certificate': down('the server wants a certificate of the client'),
  'tls-too-large': down('the certificates of the server are larger than is read'),
  'tls-none': down('the server does not speak TLS at this port'),
  'tls-failed': down('the handshake failed'),

  status: down('the status is not among the expected ones'),
  'no-match': down('the pattern does not match'),
  'too-large': down('the headers, or the body without a match so far, are larger than is read'),
  incomplete: down('the body ended before its announced end'),
  encoding: down('the content encoding is broken or was not asked for'),
  protocol: down('the answer is not HTTP'),
  redirect: down('the redirect cannot be followed'),

  blocked: unknown('the address or port may not be reached from here'),
  throttled: unknown('the server asks for fewer requests (429)'),
  offline: unknown('nothing at all could be reached from here'),
  'timeout-match': unknown('the pattern was not evaluated in time'),
  local: unknown('this machine could not open a connection'),
  cancelled: unknown('the scan was cancelled'),
  invalid: unknown('the target cannot be scanned as it is described'),
  internal: unknown('a bug: the scan broke off'),
} as const satisfies Record<string, Outcome>;

export type Reason = keyof typeof outcomes;

/** Ends a scan early; caught by the prober, never by anybody else. */
export class ScanFailure extends Error {
  override readonly name = 'ScanFailure';
  readonly reason: Reason;

  /** `detail` is told beside the reason's own text; never an address that was refused. */
  constructor(reason: Reason, detail?: string, cause?: unknown) {
    super(detail ?? outcomes[reason].text, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Reasons of the codes that sockets give. What is not here depends on the phase. */
const SOCKET_CODES: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout-connect',
  EMFILE: 'local',
  ENFILE: 'local',
  ENOBUFS: 'local',
  ENOMEM: 'local',
  EADDRNOTAVAIL: 'local',
  EADDRINUSE: 'local',
  EACCES: 'local',
  EPERM: 'local',
};

/** The reason of a socket's error code, where the code alone says it. */
export function reasonOfCode(code: string): Reason | undefined {
  return SOCKET_CODES[code];
}

export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
