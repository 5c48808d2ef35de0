/** What is wrong with a field of a body, said so that the one who sent it can put it right. */
import { formatMs } from '../../core/duration.ts';
import { isCode, TidemarkError } from '../../core/errors.ts';
import type { UrlRefusal } from '../contract.ts';
import { HttpProblem } from './errors.ts';

export function wrongField(field: string, expected: string, got?: string | number): TidemarkError {
  return new TidemarkError('invalid', `field ${field}: expected ${expected}`, {
    details: { field, expected, ...(got !== undefined && { got }) },
  });
}

/** Does it; options that it finds wrong are the fields that they are here, or `field`. */
export function named<T>(work: () => T, field?: string): T {
  try {
    return work();
  } catch (error) {
    if (!isCode(error, 'invalid')) throw error;
    const {
      option = 'url',
      expected = error.message,
      got,
    } = (error.details ?? {}) as {
      readonly option?: string;
      readonly expected?: string;
      readonly got?: string | number;
    };
    throw wrongField(field ?? option, expected, got);
  }
}

export function demandInterval(
  intervalMs: number,
  { leastMs, mostMs }: { readonly leastMs: number; readonly mostMs: number },
): void {
  if (intervalMs >= leastMs && intervalMs <= mostMs) return;
  const expected = `from ${formatMs(leastMs)} to ${formatMs(mostMs)}`;
  throw wrongField('interval', expected, formatMs(intervalMs));
}

/** @throws HttpProblem 422 where `refusal` says why the url may not be reached */
export function demandReachable(refusal: UrlRefusal | undefined, field = 'url'): void {
  if (refusal === undefined) return;
  const { why, expected } = refusal;
  const fix = 'the setting ALLOW_PRIVATE_TARGETS lists what may be reached';
  throw new HttpProblem(422, 'unprocessable', `field ${field}: ${why}`, {
    details: { field, ...(expected === undefined ? { fix } : { expected }) },
  });
}

/** Of ids that are not there, as many are named. */
const NAMED_MAX = 10;

/**
 * @param thing what they are, one of them, as in `feed`
 * @throws HttpProblem 422 naming some of `missing`, where there are any
 */
export function demandThere(field: string, thing: string, missing: readonly number[]): void {
  if (missing.length === 0) return;
  const named = missing.slice(0, NAMED_MAX);
  throw new HttpProblem(422, 'unprocessable', `field ${field}: no ${thing} ${named.join(', ')}`, {
    details: { field, missing: named },
  });
}

/** The header that `user:password` is sent as. */
export function basicOf(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
