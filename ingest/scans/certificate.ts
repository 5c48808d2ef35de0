import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import type { Reason } from './outcome.ts';
import { signatureOf } from './signature.ts';

/** What a server showed, also when it was refused for it. */
export interface CertificateFacts {
  /** `CN=example.com, O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** Names and addresses that it is for, at most 50 of them. */
  readonly names: readonly string[];
  /** Whether it is for the host that was asked; judged apart from everything else. */
  readonly hostMatches: boolean;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256, hex pairs with colons. */
  readonly fingerprint: string;
  readonly serial: string;
  /** The first end among this one and those above it that were sent. */
  readonly earliestExpiryMs: number;
  /** How many the server sent, or the system added to reach a trusted one. */
  readonly chainLength: number;
  /** Bits of the key, where it is RSA. */
  readonly rsaBits?: number;
  /** SHA-1 or MD5 somewhere below the root. */
  readonly weakSignature: boolean;
}

const NAMES_MAX = 50;
const TEXT_MAX = 200;
const CHAIN_MAX = 20;
const RSA_BITS_MIN = 2048;

/** The facts of a certificate for `host` (a name, or an address without brackets). */
export function certificateFacts(
  certificate: DetailedPeerCertificate,
  host: string,
): CertificateFacts {
  const chain = chainOf(certificate);
  const rsaBits = certificate.modulus === undefined ? undefined : certificate.bits;
  return {
    subject: nameText(certificate.subject),
    issuer: nameText(certificate.issuer),
    names: namesOf(certificate),
    hostMatches: checkServerIdentity(host, certificate) === undefined,
    notBeforeMs: Date.parse(certificate.valid_from),
    notAfterMs: Date.parse(certificate.valid_to),
    fingerprint: certificate.fingerprint256,
    serial: certificate.serialNumber.slice(0, 64),
    earliestExpiryMs: Math.min(...chain.map(({ valid_to }) => Date.parse(valid_to))),
    chainLength: chain.length,
    ...(rsaBits === undefined ? {} : { rsaBits }),
    // The root's own signature proves nothing, so it may be of any age.
    weakSignature: chain.some((one) => !isRoot(one) && signatureOf(one.raw) === 'weak'),
  };
}

/** Codes of a chain that does not lead to somebody trusted (X509_V_ERR_* of OpenSSL). */
const CHAIN_CODES: Readonly<Record<string, Reason>> = {
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-not-yet-valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-unknown-ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-incomplete',
};

/**
 * Why a finished handshake is not good enough, worst first; undefined when it is. Whether it was
 * revoked is not checked.
 */
export function verdict(
  chainCode: string | undefined,
  facts: CertificateFacts,
  protocol: string,
): Reason | undefined {
  if (chainCode !== undefined) return CHAIN_CODES[chainCode] ?? 'tls-untrusted';
  if (!facts.hostMatches) return 'tls-host';
  if (facts.weakSignature || (facts.rsaBits ?? RSA_BITS_MIN) < RSA_BITS_MIN) return 'tls-weak';
  if (protocol !== 'TLSv1.2' && protocol !== 'TLSv1.3') return 'tls-version';
  return undefined;
}

function chainOf(certificate: DetailedPeerCertificate): PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  const seen = new Set<string>();
  let next: DetailedPeerCertificate | undefined = certificate;
  while (next && !seen.has(next.fingerprint256) && chain.length < CHAIN_MAX) {
    seen.add(next.fingerprint256);
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function isRoot({ subject, issuer }: PeerCertificate): boolean {
  return nameText(subject) === nameText(issuer);
}

function nameText(name: PeerCertificate['subject']): string {
  const parts = Object.entries(name).map(([key, value]) => `${key}=${[value].flat().join('+')}`);
  return parts.join(', ').slice(0, TEXT_MAX);
}

function namesOf({ subjectaltname }: PeerCertificate): string[] {
  const names = (subjectaltname ?? '').split(', ', NAMES_MAX);
  return names.filter((name) => name !== '').map((name) => name.slice(0, TEXT_MAX));
}
