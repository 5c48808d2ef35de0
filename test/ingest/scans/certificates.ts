import {
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate with its key, as a server takes them. */
export interface Issued {
  /** PEM of this certificate alone. */
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly fingerprint: string;
}

export interface CertificateOptions {
  readonly name: string;
  /** Names and addresses that it is for. */
  readonly hosts?: readonly string[];
  /** Signs itself without one. */
  readonly issuer?: Issued;
  readonly ca?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly rsaBits?: number;
  readonly hash?: 'sha1' | 'sha256';
  /** Bytes of an extension that nobody knows, for certificates that are too large. */
  readonly padding?: number;
}

const DAY_MS = 86_400_000;

/** Makes a certificate from scratch (RFC 5280, in DER): no key file lies in the repository. */
export function issue(options: CertificateOptions): Issued {
  const { rsaBits, issuer, hash = 'sha256' } = options;
  const { publicKey, privateKey } = rsaBits
    ? generateKeyPairSync('rsa', { modulusLength: rsaBits })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = issuer?.privateKey ?? privateKey;
  const algorithm = signatureAlgorithm(signer, hash);
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    nameOf(issuer?.name ?? options.name),
    sequence(
      time(options.notBefore ?? new Date(Date.now() - DAY_MS)),
      time(options.notAfter ?? new Date(Date.now() + 90 * DAY_MS)),
    ),
    nameOf(options.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(...extensions(options))),
  );
  const signature = sign(hash, body, signer);
  const der = sequence(body, algorithm, tagged(3, Buffer.concat([Buffer.from([0]), signature])));
  const cert = `-----BEGIN CERTIFICATE-----\n${lines(der)}-----END CERTIFICATE-----\n`;
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { fingerprint256: fingerprint } = new X509Certificate(cert);
  return { cert, key, name: options.name, privateKey, fingerprint };
}

function extensions({ hosts, ca, padding }: CertificateOptions): Buffer[] {
  const found = [extension('2.5.29.19', sequence(...(ca ? [tagged(1, Buffer.from([255]))] : [])))];
  if (hosts) found.push(extension('2.5.29.17', sequence(...hosts.map(alternativeName))));
  if (padding) found.push(extension('1.3.6.1.4.1.99999.1', tagged(4, Buffer.alloc(padding))));
  return found;
}

function alternativeName(host: string): Buffer {
  if (isIP(host) === 4) return tagged(0x87, Buffer.from(host.split('.').map(Number)));
  return tagged(0x82, Buffer.from(host, 'latin1'));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(identifier(id), tagged(4, value));
}

function signatureAlgorithm(key: KeyObject, hash: 'sha1' | 'sha256'): Buffer {
  if (key.asymmetricKeyType === 'rsa') {
    const id = hash === 'sha1' ? '1.2.840.113549.1.1.5' : '1.2.840.113549.1.1.11';
    return sequence(identifier(id), tagged(5, Buffer.alloc(0)));
  }
  return sequence(identifier(hash === 'sha1' ? '1.2.840.10045.4.1' : '1.2.840.10045.4.3.2'));
}

function nameOf(common: string): Buffer {
  const pair = sequence(identifier('2.5.4.3'), tagged(12, Buffer.from(common)));
  return sequence(tagged(0x31, pair));
}

function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return tagged(0x18, Buffer.from(text)); // GeneralizedTime, for any year
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function context(number: number, content: Buffer): Buffer {
  return tagged(0xa0 | number, content);
}

function integer(bytes: Buffer): Buffer {
  return tagged(2, bytes);
}

function identifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = rest.flatMap((part) => {
    const digits = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return tagged(6, Buffer.from([40 * first + second, ...bytes]));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const hex = length.toString(16);
  const size = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, content]);
}

function lines(der: Buffer): string {
  return der.toString('base64').replace(/.{1,64}/g, '$&\n');
}
