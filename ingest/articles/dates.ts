/** Zones that feeds name, in minutes east of UTC (RFC 822 and what is met beside it). */
const ZONES: Readonly<Record<string, number>> = {
  z: 0,
  ut: 0,
  utc: 0,
  gmt: 0,
  wet: 0,
  est: -300,
  edt: -240,
  et: -300,
  cst: -360,
  cdt: -300,
  ct: -360,
  mst: -420,
  mdt: -360,
  mt: -420,
  pst: -480,
  pdt: -420,
  pt: -480,
  akst: -540,
  akdt: -480,
  hst: -600,
  ast: -240,
  adt: -180,
  nst: -210,
  brt: -180,
  art: -180,
  bst: 60,
  west: 60,
  cet: 60,
  met: 60,
  cest: 120,
  mest: 120,
  mesz: 120,
  mez: 60,
  eet: 120,
  sast: 120,
  eest: 180,
  msk: 180,
  trt: 180,
  gst: 240,
  pkt: 300,
  ist: 330,
  ict: 420,
  wib: 420,
  hkt: 480,
  sgt: 480,
  awst: 480,
  pht: 480,
  jst: 540,
  kst: 540,
  acst: 570,
  aest: 600,
  acdt: 630,
  aedt: 660,
  nzst: 720,
  nzdt: 780,
};

/** Beginnings of month names: English, then other languages that are met. */
const MONTHS: readonly (readonly string[])[] = [
  ['jan', 'jän', 'ene', 'gen', 'янв', 'ιαν'],
  ['feb', 'fév', 'fev', 'фев', 'φεβ'],
  ['mar', 'mär', 'maa', 'мар', 'μάρ', 'μαρ', 'márc'],
  ['apr', 'avr', 'abr', 'апр', 'απρ', 'ápr'],
  ['may', 'mai', 'maj', 'mag', 'мая', 'май', 'μάι', 'μαϊ', 'máj'],
  ['jun', 'juin', 'giu', 'июн', 'ιούν', 'ιον', 'ιουν', 'jún'],
  ['jul', 'juil', 'lug', 'июл', 'ιούλ', 'ιολ', 'ιουλ', 'júl'],
  ['aug', 'aoû', 'aou', 'ago', 'авг', 'αύγ', 'αυγ'],
  ['sep', 'set', 'сен', 'σεπ', 'szept'],
  ['oct', 'okt', 'out', 'ott', 'окт', 'οκτ'],
  ['nov', 'noi', 'ноя', 'νοέ', 'νοε'],
  ['dec', 'dez', 'déc', 'dic', 'дек', 'δεκ'],
];

const DAY_MS = 86_400_000;
/** Feeds came later: such a time is a clock that was not set. */
const FIRST = Date.UTC(1990, 0, 1);
const YEAR_MAX = 9_999;

/**
 * The instant, in Unix milliseconds, that a date of a feed means; undefined if it means none. Reads
 * RFC 822 and 3339 and what is written in their place. A wrong weekday is not looked at; a time
 * without a zone is UTC, wherever the server is; a zone that nobody knows makes it no date.
 * Years before 1990 are a clock that was not set.
 */
export function parseDate(value: string | undefined): number | undefined {
  if (value === undefined || value.length > 200) return undefined;
  const text = value
    .replace(/\s+/g, ' ')
    .replace(/ ?\([^)]{0,40}\)$/, '')
    .trim()
    .toLowerCase();
  if (text === '') return undefined;
  const ms = ofEpoch(text) ?? ofNumbers(text) ?? ofWords(text);
  return ms !== undefined && ms >= FIRST ? ms : undefined;
}

function ofEpoch(text: string): number | undefined {
  if (/^\d{9,10}(\.\d{1,9})?$/.test(text)) return Math.floor(Number(text) * 1_000);
  return /^\d{13}$/.test(text) ? Number(text) : undefined;
}

const ISO = /^(\d{4})(?:-?(\d\d)(?:-?(\d\d))?|-(\d{1,2})-(\d{1,2}))?(?:(?:t| ?t ?| )(.+))?$/;
const ORDINAL = /^(\d{4})-?(\d{3})(?:[t ](.+))?$/;
const SLASHED = /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[t ](.+))?$/;
const CJK = /^(\d{4})[년年] ?(\d{1,2})[월月] ?(\d{1,2})[일日](?: (.+))?$/;

function ofNumbers(text: string): number | undefined {
  const ordinal = ORDINAL.exec(text);
  if (ordinal) {
    const start = at({ year: Number(ordinal[1]), month: 1, day: 1, rest: ordinal[3] });
    const day = Number(ordinal[2]);
    return start === undefined || day < 1 || day > 366 ? undefined : start + (day - 1) * DAY_MS;
  }
  const iso = ISO.exec(text);
  if (iso) {
    const [, year, month, day, loneMonth, loneDay, rest] = iso;
    return at({
      year: Number(year),
      month: Number(month ?? loneMonth ?? 1),
      day: Number(day ?? loneDay ?? 1),
      rest,
    });
  }
  const other = SLASHED.exec(text) ?? CJK.exec(text);
  if (!other) return undefined;
  const [, year, month, day, rest] = other;
  return at({ year: Number(year), month: Number(month), day: Number(day), rest });
}

const TIME = String.raw`\d{1,2}:\d{1,2}(?::\d{1,2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?`;
const WORD = String.raw`[\p{L}.]+`;
/** Wed, 30 Sep 2026 17:17:54 EST; also 30-Sep-26, and the month spelled out. */
const DAY_FIRST = new RegExp(
  `^(?:${WORD},? ?)?(\\d{1,2})(?:st|nd|rd|th|\\.)?[ -]?(?:de )?(${WORD}),?[ -]?(?:de )?` +
    `(\\d{4}|\\d{2})(?:,? (?:at |um )?(.+))?$`,
  'u',
);
/** September 30, 2026 5:17 pm EST. */
const MONTH_FIRST = new RegExp(
  `^(?:${WORD},? )?(${WORD}) (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})(?:,? (?:at )?(.+))?$`,
  'u',
);
/** Wed Sep 30 17:17:54 EST 2026, as `date` and C write it. */
const YEAR_LAST = new RegExp(
  `^(?:${WORD},? )?(${WORD}) (\\d{1,2}),? (${TIME})( [a-z]{1,5}| [+-]\\d\\d:?\\d\\d)? (\\d{4})$`,
  'u',
);
/** 09/30/2026 is read only where it can mean one day. */
const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:,? (.+))?$/;

function ofWords(text: string): number | undefined {
  const day = DAY_FIRST.exec(text);
  if (day) return named(day[2], { year: day[3], day: day[1], rest: day[4] });
  const month = MONTH_FIRST.exec(text);
  if (month) return named(month[1], { year: month[3], day: month[2], rest: month[4] });
  const last = YEAR_LAST.exec(text);
  if (last) {
    return named(last[1], { year: last[5], day: last[2], rest: last[3] + (last[4] ?? '') });
  }
  const american = AMERICAN.exec(text);
  if (!american) return undefined;
  const [first, second] = [Number(american[1]), Number(american[2])];
  if (first <= 12 && second <= 12 && first !== second) return undefined;
  const [m, d] = first > 12 ? [second, first] : [first, second];
  return at({ year: Number(american[3]), month: m, day: d, rest: american[4] });
}

interface Named {
  readonly year: string | undefined;
  readonly day: string | undefined;
  readonly rest: string | undefined;
}

function named(word: string | undefined, { year, day, rest }: Named): number | undefined {
  const month = 1 + MONTHS.findIndex((names) => names.some((name) => word?.startsWith(name)));
  if (month === 0 || year === undefined) return undefined;
  const short = Number(year);
  const full = year.length === 4 ? short : short < 90 ? 2_000 + short : 1_900 + short;
  return at({ year: full, month, day: Number(day), rest });
}

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Time and zone. */
  readonly rest: string | undefined;
}

const CLOCK =
  /^(\d{1,2})(?::?(\d{1,2})(?::?(\d{1,2})(?:[.,](\d{1,9})\d*)?)?)? ?([ap])?(?:\.?m\.?)? ?(.*)$/;

function at({ year, month, day, rest }: Day): number | undefined {
  if (year > YEAR_MAX || month < 1 || month > 12 || day < 1) return undefined;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const date = Date.UTC(year, month - 1, day);
  if (rest === undefined || rest === '') return date;
  const clock = CLOCK.exec(rest);
  if (!clock) {
    const zone = zoneMinutes(rest);
    return zone === undefined ? undefined : date - zone * 60_000;
  }
  const [, h, m, s, fraction, half, zoneText] = clock;
  // 'a' of 'aest' is no half of a day.
  const isHalf = half !== undefined && /\d ?[ap]\.?m?\.?( |$)/.test(rest);
  const zone = zoneMinutes(isHalf || half === undefined ? zoneText : half + (zoneText ?? ''));
  const hour = isHalf ? (Number(h) % 12) + (half === 'p' ? 12 : 0) : Number(h);
  const [minute, second] = [Number(m ?? 0), Number(s ?? 0)];
  if (zone === undefined || hour > 24 || minute > 59 || second > 60) return undefined;
  const ms = Math.floor(Number(`0.${fraction ?? 0}`) * 1_000);
  return date + ((hour * 60 + minute - zone) * 60 + second) * 1_000 + ms;
}

function zoneMinutes(text: string | undefined): number | undefined {
  const zone = (text ?? '').trim();
  if (zone === '') return 0;
  const offset = /^(?:gmt|utc|ut)? ?([+-])(\d{1,2}):?(\d\d)?(?: ?[a-z/_]*)$/.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
    if (minutes > 15 * 60) return undefined;
    return offset[1] === '-' ? -minutes : minutes;
  }
  return Object.hasOwn(ZONES, zone) ? ZONES[zone] : undefined;
}
