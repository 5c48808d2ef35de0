/** Numbers, times and lengths as people read them. Pure: no page needed. */

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A price with the digits that matter: 97,123.4, 1.0832, 0.00001234. */
export function price(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e12) return value.toExponential(4);
  const digits =
    size >= 1000 ? 1 : size >= 1 ? 4 : size === 0 ? 0 : 4 - Math.floor(Math.log10(size));
  return value.toLocaleString('en', { maximumFractionDigits: Math.min(digits, 18) });
}

/** A value to be read off: ten digits, whole numbers with all of theirs: 58,537.70714, 1.5e-9. */
export function exact(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e15 || (size < 1e-8 && size > 0)) return String(Number(value.toPrecision(10)));
  const decimals = size === 0 ? 0 : Math.max(0, 9 - Math.floor(Math.log10(size)));
  return value.toLocaleString('en', { maximumFractionDigits: decimals });
}

/** 1.2K, 3.4M, 5B. */
export function compact(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : COMPACT.format(value);
}

export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : WHOLE.format(value);
}

/** A part of one as a percentage with its sign: 0.0123 is +1.23 %. */
export function percent(part: number | null | undefined, digits = 2): string {
  if (part === null || part === undefined || !Number.isFinite(part)) return '–';
  return `${part > 0 ? '+' : ''}${(part * 100).toFixed(digits)} %`;
}

/** A length of time: 350 ms, 4.2 s, 12 min, 3.5 h, 4 d. */
export function span(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  const size = Math.abs(ms);
  if (size < 1000) return `${Math.round(ms)} ms`;
  if (size < MINUTE_MS) return `${trim(ms / 1000)} s`;
  if (size < HOUR_MS) return `${trim(ms / MINUTE_MS)} min`;
  if (size < 2 * DAY_MS) return `${trim(ms / HOUR_MS)} h`;
  return `${trim(ms / DAY_MS)} d`;
}

const UNITS = {
  ms: { ms: 1, word: 'ms' },
  s: { ms: 1000, word: 's' },
  m: { ms: MINUTE_MS, word: 'min' },
  h: { ms: HOUR_MS, word: 'h' },
  d: { ms: DAY_MS, word: 'd' },
  w: { ms: 7 * DAY_MS, word: 'w' },
} as const;
const LENGTH = /^(?:\d{1,12}(?:ms|[smhdw]))+$/;
const PARTS = /(\d+)(ms|[smhdw])/g;
/** As many of one unit stay as they were set: `90m` is 90 min, not 1.5 h. */
const EXACT_MAX = 120;

/** `90s`, `5m`, `1d12h`, as the API tells lengths, in milliseconds; undefined: it is none. */
export function lengthMs(text: string): number | undefined {
  return LENGTH.test(text) ? partsOf(text).reduce((ms, part) => ms + part.ms, 0) : undefined;
}

/** The same for people: `15m` and `929886ms` are 15 min; what is no such length stays. */
export function lengthWords(text: string | null | undefined): string {
  const ms = lengthMs(text ?? '');
  if (ms === undefined) return text ?? '–';
  const [{ count, word }, ...more] = partsOf(text ?? '') as [Part, ...Part[]];
  return more.length === 0 && count <= EXACT_MAX ? `${count} ${word}` : span(ms);
}

interface Part {
  readonly count: number;
  readonly word: string;
  readonly ms: number;
}

function partsOf(text: string): Part[] {
  return [...text.matchAll(PARTS)].map(([, digits, unit]) => {
    const { ms, word } = UNITS[unit as keyof typeof UNITS];
    const count = Number(digits);
    return { count, word, ms: count * ms };
  });
}

/** How long ago, as of `now`: "12 s ago", "in 3 min", "now". */
export function ago(at: string | number | null | undefined, now: number): string {
  if (at === null || at === undefined) return 'never';
  const ms = now - (typeof at === 'number' ? at : Date.parse(at));
  if (!Number.isFinite(ms)) return '–';
  if (Math.abs(ms) < 1000) return 'now';
  return ms > 0 ? `${span(ms)} ago` : `in ${span(-ms)}`;
}

/** Bytes: 512 B, 1.2 kB, 3.4 MB. */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = count;
  let unit = 0;
  for (; Math.abs(size) >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 ? size : trim(size)} ${units[unit]}`;
}

/** A moment in the reader's zone: 2026-11-21 14:05:09. */
export function moment(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${time}`;
}

function trim(value: number): string {
  return value.toFixed(Math.abs(value) >= 10 ? 0 : 1).replace(/\.0$/, '');
}
