/**
 * Object identifiers of signatures that can be forged: with MD5 and SHA-1. As DER has them,
 * without tag and length (RFC 3279, RFC 4055 and X9.62).
 */
const WEAK: ReadonlySet<string> = new Set([
  '2a864886f70d010102', // md2WithRSA
  '2a864886f70d010104', // md5WithRSA
  '2a864886f70d010105', // sha1WithRSA
  '2a8648ce380403', // dsaWithSHA1
  '2a8648ce3d0401', // ecdsaWithSHA1
  '2b0e03021d', // sha1WithRSA, of OIW
]);

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;

/**
 * Whether the signature of a certificate is one that can be forged. Node tells the algorithm from
 * 24 on only. A certificate is SEQUENCE { what is signed, SEQUENCE { algorithm }, signature }.
 */
export function signatureOf(der: Uint8Array): 'weak' | 'fine' | 'unread' {
  const whole = element(der, 0);
  const signed = whole && element(der, whole.from);
  const algorithm = signed && element(der, signed.to);
  const name = algorithm && element(der, algorithm.from);
  if (algorithm?.tag !== SEQUENCE || name?.tag !== OBJECT_IDENTIFIER) return 'unread';
  const hex = Buffer.from(der.subarray(name.from, name.to)).toString('hex');
  return WEAK.has(hex) ? 'weak' : 'fine';
}

/** One element of DER at `at`: its tag and where its contents are; undefined outside the bytes. */
function element(
  der: Uint8Array,
  at: number,
): { readonly tag: number; readonly from: number; readonly to: number } | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return within(der, tag, at + 2, first);
  const width = first & 0x7f;
  if (width === 0 || width > 4) return undefined;
  const length = der.subarray(at + 2, at + 2 + width).reduce((sum, byte) => sum * 256 + byte, 0);
  return within(der, tag, at + 2 + width, length);
}

function within(der: Uint8Array, tag: number, from: number, length: number) {
  return from + length <= der.length ? { tag, from, to: from + length } : undefined;
}
