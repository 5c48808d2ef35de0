import { createHash, randomBytes } from 'node:crypto';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** So many digits of base 62 hold 32 bytes. */
const SECRET_DIGITS = 43;
const PREFIX_DIGITS = 8;

const FORM = new RegExp(`^(tdm_[0-9A-Za-z]{${PREFIX_DIGITS}})_[0-9A-Za-z]{${SECRET_DIGITS}}$`);

export interface KeySecret {
  /** `tdm_<8 digits>_<43 digits>`: told once, and kept nowhere. */
  readonly secret: string;
  /** Its begin, up to the second `_`: no secret. */
  readonly prefix: string;
  /** SHA-256 of it, in hex: nobody guesses 32 random bytes, so no slower digest is needed. */
  readonly hash: string;
}

export function newKeySecret(): KeySecret {
  const prefix = `tdm_${base62(randomBytes(6)).slice(-PREFIX_DIGITS)}`;
  const secret = `${prefix}_${base62(randomBytes(32)).padStart(SECRET_DIGITS, '0')}`;
  return { secret, prefix, hash: digestOf(secret).toString('hex') };
}

export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Of a secret that was made here; undefined: it was not. */
export function prefixOf(secret: string): string | undefined {
  return FORM.exec(secret)?.[1];
}

function base62(bytes: Buffer): string {
  let left = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; left > 0n; left /= 62n) text = DIGITS[Number(left % 62n)] + text;
  return text.padStart(PREFIX_DIGITS, '0');
}
