import { isCode, TidemarkError } from '../core/errors.ts';
import { parseDuration, parseTime } from '../core/flux-literals.ts';

/** What a parameter of a .flux file holds, told by the literal that stands in the file. */
export type ParameterType =
  | 'string'
  | 'strings'
  | 'bool'
  | 'int'
  | 'float'
  | 'duration'
  | 'time'
  | 'instant';

/**
 * string: a string. strings: an array of them. bool. int: a bigint or a whole number. float: a
 * finite number. duration: Flux text (`-24h`). time: RFC 3339 text or a Date. instant (what `start`
 * and `stop` of range() take): a duration or a time.
 */
export type ParameterValue = string | readonly string[] | boolean | number | bigint | Date;

const EXPECTED: Readonly<Record<ParameterType, string>> = {
  string: 'a string without lone surrogates',
  strings: 'an array of strings',
  bool: 'true or false',
  int: 'a whole number of 64 bits',
  float: 'a finite number',
  duration: 'a Flux duration, such as -24h',
  time: 'an RFC 3339 time in UTC or a Date',
  instant: 'a Flux duration or an RFC 3339 time',
};

/** A Flux literal that cannot be read as anything else. Throws `invalid`, naming the parameter. */
export function literal(name: string, type: ParameterType, value: ParameterValue): string {
  const text = WRITERS[type](value);
  if (text !== undefined) return text;
  const got = typeof value === 'object' ? JSON.stringify(value) : String(value);
  throw new TidemarkError('invalid', `${name}: expected ${EXPECTED[type]}`, {
    details: { parameter: name, expected: EXPECTED[type], got: got?.slice(0, 100) },
  });
}

const WRITERS: Readonly<Record<ParameterType, (value: ParameterValue) => string | undefined>> = {
  string: (value) => (typeof value === 'string' ? stringLiteral(value) : undefined),
  strings: stringsLiteral,
  bool: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  int: intLiteral,
  float: floatLiteral,
  duration: durationLiteral,
  time: timeLiteral,
  instant: (value) => durationLiteral(value) ?? timeLiteral(value),
};

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * Flux specification, "String literals". `${` begins an interpolation, whose text would run; and
 * the scanner takes a backslash after a `$` for a plain letter, so that `$\"` ends the string. The
 * one escape of `$` that holds everywhere is its code. A lone surrogate has no UTF-8: refused.
 */
function stringLiteral(text: string): string | undefined {
  if (/\p{Surrogate}/u.test(text)) return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be escaped.
  const escaped = text.replace(/["\\$\u0000-\u001f\u007f]/g, (found) => {
    const hex = found.charCodeAt(0).toString(16).padStart(2, '0');
    return ESCAPES[found] ?? `\\x${hex}`;
  });
  return `"${escaped}"`;
}

function stringsLiteral(value: ParameterValue): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.map((text) => (typeof text === 'string' ? stringLiteral(text) : undefined));
  return texts.includes(undefined) ? undefined : `[${texts.join(', ')}]`;
}

const INT_MAX = 2n ** 63n - 1n;

/** The least int has no literal in Flux: the minus stands before a number that is too large. */
function intLiteral(value: ParameterValue): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(BigInt(value));
  const fits = typeof value === 'bigint' && value >= -INT_MAX && value <= INT_MAX;
  return fits ? String(value) : undefined;
}

/** Flux has no exponents: the shortest decimal that reads back as the same float, written out. */
function floatLiteral(value: ParameterValue): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const before = digits.slice(0, Math.max(0, point)).padEnd(point, '0') || '0';
  const after = `${'0'.repeat(Math.max(0, -point))}${digits.slice(Math.max(0, point))}` || '0';
  return `${sign}${before}.${after}`;
}

function durationLiteral(value: ParameterValue): string | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return parseDuration(value) === undefined ? undefined : value;
  } catch (error) {
    // Well formed, but beyond 64 bits.
    if (isCode(error, 'invalid')) return undefined;
    throw error;
  }
}

function timeLiteral(value: ParameterValue): string | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? undefined : timeLiteral(value.toISOString());
  }
  // A date alone is a time too, but is easily meant otherwise: the whole is asked for.
  const whole = typeof value === 'string' && value.endsWith('Z') ? parseTime(value) : undefined;
  const fits = whole !== undefined && whole >= -INT_MAX && whole <= INT_MAX;
  return fits ? (value as string) : undefined;
}
