import { messageOf, TidemarkError } from '../../../core/errors.ts';
import { refusalOf } from '../fetch.ts';
import { RATE_LIMIT_PAUSE_MS, Refusal, type RefusalReason } from '../refusal.ts';

const FORBIDDEN_PAUSE_MS = 5 * 60_000;

/** Classes of ccxt's errors, a class before the one that it extends. */
const REASONS: readonly (readonly [string, RefusalReason, number?])[] = [
  ['RateLimitExceeded', 'rate-limited', RATE_LIMIT_PAUSE_MS],
  ['DDoSProtection', 'rate-limited', RATE_LIMIT_PAUSE_MS],
  ['OnMaintenance', 'maintenance'],
  ['ExchangeNotAvailable', 'server-error'],
  ['RequestTimeout', 'deadline'],
  ['NetworkError', 'reset'],
  ['BadResponse', 'shape'],
  ['AuthenticationError', 'forbidden', FORBIDDEN_PAUSE_MS],
  ['RestrictedLocation', 'forbidden', FORBIDDEN_PAUSE_MS],
  ['BaseError', 'error-body'],
];

/** Whatever a call to ccxt threw, as a refusal with its reason. */
export function refusalOfCcxt(error: unknown): Refusal {
  // Our own way out threw it, and it passed through ccxt.
  if (error instanceof TidemarkError) return refusalOf(error);
  const classes = classesOf(error);
  const found = REASONS.find(([name]) => classes.has(name));
  const text = messageOf(error).slice(0, 200);
  // ccxt trusts answers to have their shape, and trips over those that do not.
  if (!found) return new Refusal('shape', `ccxt cannot read the answer: ${text}`, { cause: error });
  const [, reason, pauseMs] = found;
  return new Refusal(reason, `ccxt says: ${text}`, { pauseMs, cause: error });
}

/** The names of an error's class and of those above: two copies of ccxt name them alike. */
function classesOf(error: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  let type: unknown = error instanceof Error ? error.constructor : undefined;
  while (typeof type === 'function' && type.name !== '') {
    names.add(type.name);
    type = Object.getPrototypeOf(type);
  }
  return names;
}
