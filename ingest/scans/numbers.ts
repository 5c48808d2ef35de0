/**
 * Reads a number as pages write it; undefined for what is none. The rule:
 * - spaces (also the narrow and the unbreakable ones) and apostrophes between groups of three
 *   digits are left out;
 * - where both a comma and a point stand, the last of them is the decimal sign, and the other one
 *   separates groups of three;
 * - one that stands more than once separates groups of three;
 * - a single point is the decimal sign: `1.234` is a little more than one;
 * - a single comma before exactly three digits separates a group (`1,234` is a thousand and more),
 *   unless a lone zero stands before it; any other single comma is the decimal sign (`0,5`).
 * A sign before it and an exponent after it are read; units, currencies and percent signs are not:
 * the group should hold the number alone.
 */
export function readNumber(text: string): number | undefined {
  const shape = /^\s*([+\-\u2212]?)\s*([\d.,'\u2019\s]*\d[.,]?)(e[+-]?\d{1,3})?\s*$/i.exec(text);
  if (!shape || text.length > LENGTH_MAX) return undefined;
  const [, sign = '', body = '', exponent = ''] = shape;
  const digits = plain(body);
  if (digits === undefined) return undefined;
  const value = Number(`${sign === '' || sign === '+' ? '' : '-'}${digits}${exponent}`);
  return Number.isFinite(value) ? value : undefined;
}

const LENGTH_MAX = 100;

/** The digits with a decimal point at most. */
function plain(body: string): string | undefined {
  const joined = withoutSpaces(body);
  if (joined === undefined) return undefined;
  const decimal = decimalSign(joined);
  const at = decimal === undefined ? -1 : joined.lastIndexOf(decimal);
  const whole = at < 0 ? joined : joined.slice(0, at);
  const fraction = at < 0 ? '' : joined.slice(at + 1);
  if (!/^\d*$/.test(fraction)) return undefined;
  const ungrouped = /^\d*$/.test(whole) ? whole : withoutGroups(whole);
  if (ungrouped === undefined || ungrouped + fraction === '') return undefined;
  return `${ungrouped === '' ? '0' : ungrouped}.${fraction === '' ? '0' : fraction}`;
}

function withoutSpaces(body: string): string | undefined {
  if (!/[\s'\u2019]/.test(body)) return body;
  const groups = /^(\d{1,3}(?:[\s'\u2019]\d{3})+)([.,]\d*)?$/.exec(body);
  return groups ? `${groups[1]?.replace(/\D/g, '')}${groups[2] ?? ''}` : undefined;
}

function decimalSign(text: string): ',' | '.' | undefined {
  const points = text.split('.').length - 1;
  const commas = text.split(',').length - 1;
  if (points > 0 && commas > 0) return text.lastIndexOf(',') > text.lastIndexOf('.') ? ',' : '.';
  if (points === 1) return '.';
  if (commas !== 1) return undefined;
  return /^[1-9]\d{0,2},\d{3}$/.test(text) ? undefined : ',';
}

/** Groups of three, separated by one sign alone. */
function withoutGroups(whole: string): string | undefined {
  if (!/^\d{1,3}(?:,\d{3})+$|^\d{1,3}(?:\.\d{3})+$/.test(whole)) return undefined;
  return whole.replace(/\D/g, '');
}
