import { type ErrorCode, messageOf, TidemarkError } from '../core/errors.ts';

/** SQLSTATE or Node's code -> our code and what to do about it. PostgreSQL's appendix A. */
const KNOWN: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ECONNREFUSED: ['unavailable', 'the connection was refused: start it, or correct DATABASE_URL'],
  ENOTFOUND: ['unavailable', 'the host is unknown: correct DATABASE_URL'],
  EAI_AGAIN: ['unavailable', 'the host name cannot be resolved now'],
  ETIMEDOUT: ['unavailable', 'the host does not answer: check the address and the firewall'],
  ECONNRESET: ['unavailable', 'the connection was reset'],
  EPIPE: ['unavailable', 'the connection was closed'],
  '28P01': ['unauthorized', 'wrong password: correct DATABASE_URL'],
  '28000': ['unauthorized', 'this user may not connect: correct DATABASE_URL or pg_hba.conf'],
  '3D000': ['not-found', 'the database does not exist: create it (createdb) or correct its name'],
  '42501': ['forbidden', 'the user lacks a privilege on the schema or table'],
  '08P01': [
    'invalid',
    'what stands before it refuses the connection: a pooler wants ' +
      'ignore_startup_parameters = statement_timeout, and DATABASE_LISTEN_URL beside it',
  ],
  '23505': ['conflict', 'the same key is there already'],
  '57014': ['timeout', 'the statement took too long'],
  '40001': ['unavailable', 'two transactions collided'],
  '40P01': ['unavailable', 'two transactions waited for each other'],
};

/** Classes of SQLSTATE, tried after the exact code. */
const CLASSES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '08': ['unavailable', 'the connection broke'],
  '53': ['unavailable', 'the server is out of connections, memory or disk'],
  '57': ['unavailable', 'the server is starting up or shutting down'],
};

/** What pg's client throws without a code, by the start of its message. */
const MESSAGES: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/^SASL|password must be/i, 'unauthorized', 'a password is needed: put it into DATABASE_URL'],
  [
    /connection timeout|timeout (exceeded|expired)|timeout when trying|read timeout/i,
    'unavailable',
    'it does not answer in time',
  ],
  [/Connection terminated|Client has encountered/i, 'unavailable', 'the connection broke'],
  [/does not support SSL/i, 'invalid', 'it does not speak TLS: drop sslmode from DATABASE_URL'],
];

/** Any error of a driver as ours: the place, what happened, what to fix; never a password. */
export function databaseFailure(cause: unknown, where: string): TidemarkError {
  if (cause instanceof TidemarkError) return cause;
  const code = codeOf(cause);
  const message = messageOf(cause);
  const known =
    KNOWN[code] ??
    (code.length === 5 ? CLASSES[code.slice(0, 2)] : undefined) ??
    MESSAGES.find(([pattern]) => pattern.test(message))?.slice(1);
  if (known === undefined) {
    return new TidemarkError('internal', `database ${where}: ${message}`, { cause });
  }
  const [ours, advice] = known as readonly [ErrorCode, string];
  const said = message === '' || message === code ? '' : ` (${message})`;
  return new TidemarkError(ours, `database ${where}: ${advice}${said}`, { cause });
}

/** The first code found; Node puts one error per address into an AggregateError. */
function codeOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return '';
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof AggregateError ? codeOf(cause.errors[0]) : '';
}
