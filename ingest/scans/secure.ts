import { isIP, type Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  DEFAULT_CIPHERS,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { type CertificateFacts, certificateFacts, verdict } from './certificate.ts';
import { codeOf, type Reason, reasonOfCode, ScanFailure } from './outcome.ts';
import type { Stop } from './stop.ts';

/** A handshake and its verdict: `refusal` says why nothing may be sent over it. */
export interface Secured {
  readonly socket: TLSSocket;
  readonly certificate: CertificateFacts;
  readonly protocol: string;
  readonly cipher: string;
  readonly refusal?: Reason;
}

/** A handshake that failed, with the certificate if it had come that far. */
export class HandshakeFailure extends ScanFailure {
  readonly certificate: CertificateFacts | undefined;

  constructor(reason: Reason, certificate: CertificateFacts | undefined, cause: unknown) {
    super(reason, undefined, cause);
    this.certificate = certificate;
  }
}

/**
 * What handshakes are made with; `ca` are certificates (PEM) to trust beside the public ones.
 *
 * Old versions and weak keys are let through, so that their certificates can be told; `verdict` then
 * refuses them before anything is sent.
 */
export function scanContext(ca: readonly string[] = []): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1',
    ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0`,
    ...(ca.length === 0 ? {} : { ca: [...rootCertificates, ...ca] }),
  });
}

export interface SecureOptions {
  /** A name, or an address without brackets: what the certificate has to be for. */
  readonly host: string;
  readonly context: SecureContext;
  readonly stop: Stop;
}

/**
 * Makes the handshake over a connection and judges it.
 * @throws HandshakeFailure when there is none; Stopped when the scan ends meanwhile.
 */
export function secure(tcp: Socket, { host, context, stop }: SecureOptions): Promise<Secured> {
  return stop.wait<Secured>((done, fail) => {
    const socket = connect({
      socket: tcp,
      secureContext: context,
      rejectUnauthorized: false,
      // The chain's verdict and the host's are kept apart: Node would tell only the first one.
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    let seen: CertificateFacts | undefined;
    const look = (): void => {
      seen ??= factsOf(socket, host);
    };
    const onError = (error: Error): void => fail(handshakeFailure(error, seen));
    const onClose = (): void => fail(handshakeFailure(undefined, seen));
    // Secrets exist once the certificate has been read: the last chance to see it when the server
    // goes on to refuse us.
    socket.on('keylog', look);
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      socket.off('keylog', look).off('error', onError).off('close', onClose);
      look();
      if (seen) done(judged(socket, seen));
      else fail(handshakeFailure(undefined, undefined));
    });
    return () => socket.on('error', () => 'abandoned').destroy();
  });
}

function judged(socket: TLSSocket, certificate: CertificateFacts): Secured {
  const protocol = socket.getProtocol() ?? 'unknown';
  const refusal = verdict(chainCodeOf(socket), certificate, protocol);
  const cipher = socket.getCipher().standardName ?? socket.getCipher().name;
  return { socket, certificate, protocol, cipher, ...(refusal ? { refusal } : {}) };
}

/** Node gives the code itself here, though its types say an Error. */
function chainCodeOf(socket: TLSSocket): string | undefined {
  if (socket.authorized) return undefined;
  const error: unknown = socket.authorizationError;
  return typeof error === 'string' ? error : codeOf(error);
}

function factsOf(socket: TLSSocket, host: string): CertificateFacts | undefined {
  const certificate = socket.getPeerCertificate(true);
  // Before it has come, and for servers without one, it is an object without anything in it.
  const there = certificate !== null && certificate.raw !== undefined;
  return there ? certificateFacts(certificate, host) : undefined;
}

/** Errors of OpenSSL, by the end of their code. */
const HANDSHAKE_CODES: readonly (readonly [RegExp, Reason])[] = [
  [/ALERT_CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE$/, 'tls-client-certificate'],
  [/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|ALERT_PROTOCOL_VERSION/, 'tls-version'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/, 'tls-none'],
  [/EXCESSIVE_MESSAGE_SIZE/, 'tls-too-large'],
  [/EE_KEY_TOO_SMALL|CA_KEY_TOO_SMALL|DH_KEY_TOO_SMALL|MD_TOO_WEAK/, 'tls-weak'],
];

export function handshakeFailure(
  error: unknown,
  seen: CertificateFacts | undefined,
): HandshakeFailure {
  const code = codeOf(error);
  const known = HANDSHAKE_CODES.find(([pattern]) => pattern.test(code))?.[1];
  // A server that has shown its certificate and then breaks off wanted one of ours.
  const wanted = seen !== undefined && /ALERT_HANDSHAKE_FAILURE/.test(code);
  const reason = known ?? (wanted ? 'tls-client-certificate' : reasonOfCode(code));
  const closed = error === undefined ? 'reset' : 'tls-failed';
  return new HandshakeFailure(reason ?? closed, seen, error);
}
