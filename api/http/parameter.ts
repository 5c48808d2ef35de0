import { formatMs, wholeSecondsMs } from '../../core/duration.ts';
import { TidemarkError } from '../../core/errors.ts';

/** The answer to a parameter that is wrong; `details` beside its name. */
export function invalidParameter(name: string, message: string, details?: object): TidemarkError {
  return new TidemarkError('invalid', `parameter ${name}: ${message}`, {
    details: { parameter: name, ...details },
  });
}

/**
 * `every`, a length of whole seconds such as `5m`, in ms.
 * @throws TidemarkError `invalid` naming it, with what is allowed
 */
export function readEvery(text: string, leastMs: number, mostMs: number): number {
  const ms = wholeSecondsMs(text);
  if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms;
  const expected = `whole seconds, from ${formatMs(leastMs)} to ${formatMs(mostMs)}`;
  throw invalidParameter('every', `expected ${expected}`, { expected });
}
