import { FluxError } from '../../error.ts';
import { compareStrings } from '../../values/compare.ts';
import type { Value } from '../../values/value.ts';
import { array, int, string } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin } from '../registry.ts';

const PACKAGE = 'strings';
/** UTF-16 units of the longest string that a function here makes. */
const LENGTH_MAX = 16 * 1024 * 1024;

function one(name: string, call: (v: string) => Value): Entry {
  return builtin({ package: PACKAGE, name, params: { v: string() }, call: ({ v }) => call(v) });
}

/** A function of `v` and one more string. */
function two(name: string, other: string, call: (v: string, other: string) => Value): Entry {
  return builtin({
    package: PACKAGE,
    name,
    params: { v: string(), [other]: string() },
    call: (args) => call(args.v as string, args[other] as string),
  });
}

function split(name: string, call: (v: string, t: string, n: number) => string[]): Entry[] {
  return [
    builtin({
      package: PACKAGE,
      name,
      params: { v: string(), t: string() },
      call: ({ v, t }) => call(v, t, -1),
    }),
    builtin({
      package: PACKAGE,
      name: `${name}N`,
      params: { v: string(), t: string(), i: int() },
      call: ({ v, t, i }) => call(v, t, Number(i)),
    }),
  ];
}

/** Go's strings.SplitN: n < 0 all, 0 none, else at most n parts, the last being the rest. */
export function splitParts(text: string, by: string, n: number): string[] {
  if (n === 0) return [];
  const parts = by === '' ? [...text] : text.split(by);
  if (n < 0 || parts.length <= n) return parts;
  return [...parts.slice(0, n - 1), parts.slice(n - 1).join(by)];
}

function splitAfter(text: string, by: string, n: number): string[] {
  const parts = splitParts(text, by, n);
  return parts.map((part, index) => (index < parts.length - 1 ? part + by : part));
}

function trimStart(text: string, cutset: string): string {
  const cut = new Set(cutset);
  const points = [...text];
  const from = points.findIndex((point) => !cut.has(point));
  return from < 0 ? '' : points.slice(from).join('');
}

function trimEnd(text: string, cutset: string): string {
  const cut = new Set(cutset);
  const points = [...text];
  const last = points.findLastIndex((point) => !cut.has(point));
  return points.slice(0, last + 1).join('');
}

/** Offsets are counted in UTF-8 bytes, as Go does. */
function byteOffset(text: string, index: number): bigint {
  return index < 0 ? -1n : BigInt(Buffer.byteLength(text.slice(0, index)));
}

function indexAny(text: string, chars: string): bigint {
  const wanted = new Set(chars);
  let offset = 0;
  for (const point of text) {
    if (wanted.has(point)) return BigInt(offset);
    offset += Buffer.byteLength(point);
  }
  return -1n;
}

function lastIndexAny(text: string, chars: string): bigint {
  const wanted = new Set(chars);
  let offset = 0;
  let last = -1;
  for (const point of text) {
    if (wanted.has(point)) last = offset;
    offset += Buffer.byteLength(point);
  }
  return BigInt(last);
}

function count(text: string, part: string): bigint {
  return BigInt(part === '' ? [...text].length + 1 : text.split(part).length - 1);
}

function oneCharacter(name: string, test: RegExp): Entry {
  return one(name, (v) => {
    if (Buffer.byteLength(v) === 1) return test.test(v);
    throw new FluxError('"v" is not a valid argument: argument length is not equal to 1');
  });
}

/**
 * The first letter of each word in title case; a word begins after what is no letter, digit or _.
 */
function title(text: string): string {
  return text.replace(/(^|[^\p{L}\p{N}_])(\p{L})/gu, (_, before: string, letter: string) => {
    return before + letter.toUpperCase();
  });
}

function limited(length: number): void {
  if (length > LENGTH_MAX) throw new FluxError(`string is longer than ${LENGTH_MAX} characters`);
}

function replace(text: string, { from, to, n }: { from: string; to: string; n: number }): string {
  const places = from === '' ? text.length + 1 : text.split(from).length - 1;
  const times = n < 0 ? places : Math.min(n, places);
  limited(text.length + times * Math.max(0, to.length - from.length));
  if (from === '') return replaceEmpty(text, to, times);
  const parts = text.split(from);
  return parts
    .slice(1)
    .reduce((out, part, index) => out + (index < times ? to : from) + part, parts[0]!);
}

/** An empty `from` stands before each character and at the end. */
function replaceEmpty(text: string, to: string, times: number): string {
  const points = [...text, ''];
  return points.map((point, index) => (index < times ? to + point : point)).join('');
}

const substring = builtin({
  package: PACKAGE,
  name: 'substring',
  params: { v: string(), start: int(), end: int() },
  call({ v, start, end }) {
    const points = [...v];
    const from = Math.min(Math.max(Number(start), 0), points.length);
    const to = Math.min(Math.max(Number(end), from), points.length);
    return points.slice(from, to).join('');
  },
});

const repeat = builtin({
  package: PACKAGE,
  name: 'repeat',
  params: { v: string(), i: int() },
  call({ v, i }) {
    if (i < 0n) throw new FluxError('repeat: i must not be negative');
    limited(v.length * Number(i));
    return v.repeat(Number(i));
  },
});

const several: readonly Entry[] = [
  substring,
  repeat,
  builtin({
    package: PACKAGE,
    name: 'replace',
    params: { v: string(), t: string(), u: string(), i: int() },
    call: ({ v, t, u, i }) => replace(v, { from: t, to: u, n: Number(i) }),
  }),
  builtin({
    package: PACKAGE,
    name: 'replaceAll',
    params: { v: string(), t: string(), u: string() },
    call: ({ v, t, u }) => replace(v, { from: t, to: u, n: -1 }),
  }),
  builtin({
    package: PACKAGE,
    name: 'joinStr',
    params: { arr: array(string()), v: string() },
    call({ arr, v }) {
      limited(arr.reduce((sum, text) => sum + text.length + v.length, 0));
      return arr.join(v);
    },
  }),
];

/** One character for one, as Go does: what would become two stays. */
function mapPoints(text: string, change: (point: string) => string): string {
  return Array.from(text, (point) => {
    const changed = change(point);
    return [...changed].length === 1 ? changed : point;
  }).join('');
}

const SPACE = /^[\s\u0085]+|[\s\u0085]+$/g;

export const strings: readonly Entry[] = [
  one('title', title),
  one('toUpper', (v) => mapPoints(v, (point) => point.toUpperCase())),
  one('toLower', (v) => mapPoints(v, (point) => point.toLowerCase())),
  one('toTitle', (v) => mapPoints(v, (point) => point.toUpperCase())),
  one('trimSpace', (v) => v.replace(SPACE, '')),
  one('strlen', (v) => BigInt([...v].length)),
  two('trim', 'cutset', (v, cutset) => trimEnd(trimStart(v, cutset), cutset)),
  two('trimLeft', 'cutset', trimStart),
  two('trimRight', 'cutset', trimEnd),
  two('trimPrefix', 'prefix', (v, prefix) => (v.startsWith(prefix) ? v.slice(prefix.length) : v)),
  two('trimSuffix', 'suffix', (v, suffix) =>
    suffix !== '' && v.endsWith(suffix) ? v.slice(0, -suffix.length) : v,
  ),
  two('hasPrefix', 'prefix', (v, prefix) => v.startsWith(prefix)),
  two('hasSuffix', 'suffix', (v, suffix) => v.endsWith(suffix)),
  two('containsStr', 'substr', (v, substr) => v.includes(substr)),
  two('containsAny', 'chars', (v, chars) => indexAny(v, chars) >= 0n),
  two('equalFold', 't', (v, t) => v.toLowerCase() === t.toLowerCase()),
  two('compare', 't', (v, t) => BigInt(compareStrings(v, t))),
  two('countStr', 'substr', count),
  two('index', 'substr', (v, substr) => byteOffset(v, v.indexOf(substr))),
  two('lastIndex', 'substr', (v, substr) => byteOffset(v, v.lastIndexOf(substr))),
  two('indexAny', 'chars', indexAny),
  two('lastIndexAny', 'chars', lastIndexAny),
  oneCharacter('isDigit', /^\d$/),
  oneCharacter('isLetter', /^[A-Za-z]$/),
  oneCharacter('isLower', /^[a-z]$/),
  oneCharacter('isUpper', /^[A-Z]$/),
  ...split('split', splitParts),
  ...split('splitAfter', splitAfter),
  ...several,
];
