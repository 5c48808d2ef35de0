import type { z } from 'zod';
import { wholeSecondsMs } from '../../core/duration.ts';
import { ifValid } from '../../core/errors.ts';
import { newKeySecret } from '../../registry/key-secret.ts';
import type { NewKey } from '../../registry/keys.ts';
import { wrongField } from '../http/field-errors.ts';
import { readMoment } from '../http/moment.ts';
import type { keyWish } from './schemas.ts';

const LONGEST_MS = 3_653 * 86_400_000;
const expected = 'a time to come, or a length from now such as 90d, of ten years at most';

/**
 * When a key is to expire, in ms since the epoch: a time, or a length from now.
 * @throws TidemarkError `invalid` naming the field
 */
export function readExpiry(text: string, nowMs: number): number {
  const lengthMs = wholeSecondsMs(text);
  const ms =
    lengthMs === undefined ? ifValid(() => readMoment('expires', text, nowMs)) : nowMs + lengthMs;
  if (ms === undefined || ms <= nowMs || ms - nowMs > LONGEST_MS) {
    throw wrongField('expires', expected, text);
  }
  return Math.ceil(ms);
}

/** What is asked for, with a fresh secret: it is in the answer and nowhere else. */
export function readKeyWish(
  { name, role, expires, ratePerSecond, note }: z.output<typeof keyWish>,
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
): { readonly wanted: NewKey; readonly secret: string } {
  const { secret, prefix, hash } = newKeySecret();
  const expiresMs = expires == null ? null : readExpiry(expires, nowMs);
  const wanted = { name, role, prefix, hash, rate: ratePerSecond ?? null, note: note ?? null };
  return { secret, wanted: { ...wanted, expiresMs, by } };
}
