/** The texts that `GET /{pair}` can answer in. All are written piece by piece, never as a whole. */

export interface AnswerHead {
  readonly pair: string;
  /** `4/9`, or null until one is computed. */
  readonly rank: string | null;
  /** As the caller wrote it. */
  readonly duration: string;
}

/**
 * A row is `open` price `time` time `exchange` exchange `close`, with `between` after each but
 * the last.
 */
export interface PriceFormat {
  readonly type: string;
  head(answer: AnswerHead): string;
  readonly open: string;
  readonly time: string;
  readonly exchange: string;
  readonly close: string;
  readonly between: string;
  readonly tail: string;
  /** What stands for a price that is not a finite number. */
  readonly noNumber: string;
  /** The name of an exchange, quoted and escaped. */
  quote(name: string): string;
}

export const mediaTypes = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
export type MediaType = (typeof mediaTypes)[number];

const object = {
  open: '{"price":',
  time: ',"time":"',
  exchange: '","exchange":',
  noNumber: 'null',
  quote: (name: string) => JSON.stringify(name),
};

export const formats: Readonly<Record<MediaType, PriceFormat>> = {
  'application/json': {
    ...object,
    type: 'application/json',
    head({ pair, rank, duration }) {
      return `${JSON.stringify({ pair, rank, duration }).slice(0, -1)},"prices":[`;
    },
    close: '}',
    between: ',',
    tail: ']}',
  },
  'application/x-ndjson': {
    ...object,
    type: 'application/x-ndjson',
    head: () => '',
    close: '}\n',
    between: '',
    tail: '',
  },
  // RFC 4180: CRLF, quotes only where needed; a missing number is an empty cell.
  'text/csv': {
    type: 'text/csv; charset=utf-8; header=present',
    head: () => 'price,time,exchange\r\n',
    open: '',
    time: ',',
    exchange: ',',
    close: '\r\n',
    between: '',
    tail: '',
    noNumber: '',
    quote: (name) => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name),
  },
};

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * The number exactly as InfluxDB printed it (the shortest text that reads back as the same float);
 * undefined for what JSON has no number for: `NaN`, `+Inf`.
 */
export function numberText(cell: string): string | undefined {
  if (JSON_NUMBER.test(cell)) return cell;
  const value = cell === '' ? Number.NaN : Number(cell);
  return Number.isFinite(value) ? String(value) : undefined;
}

const SECOND_LENGTH = '2022-10-11T03:35:02'.length;

/**
 * InfluxDB's RFC 3339 (UTC, zero to nine digits of a second) with exactly three digits: one width,
 * so that times sort as text. Finer digits are cut off.
 */
export function timeText(cell: string): string {
  const digits = cell.slice(SECOND_LENGTH + 1, -1);
  return `${cell.slice(0, SECOND_LENGTH)}.${digits.slice(0, 3).padEnd(3, '0')}Z`;
}
