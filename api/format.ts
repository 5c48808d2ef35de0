/** The texts that `GET /{pair}` can answer in. All are written piece by piece, never as a whole. */

export interface AnswerHead {
  readonly pair: string;
  /** `4/9`, or null until one is computed. */
  readonly rank: string | null;
  /** As the caller wrote it. */
  readonly duration: string;
}

/** Cells as InfluxDB wrote them. */
export interface PriceCells {
  readonly price: string;
  readonly time: string;
  readonly exchange: string;
}

export interface PriceFormat {
  readonly media: string;
  readonly type: string;
  head(answer: AnswerHead): string;
  /** One row; `first` is the very first of the answer. */
  row(cells: PriceCells, first: boolean): string;
  readonly tail: string;
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * The number exactly as InfluxDB printed it (the shortest text that reads back as the same float).
 * What JSON has no number for (`NaN`, `+Inf`) is null.
 */
export function numberText(cell: string): string {
  if (JSON_NUMBER.test(cell)) return cell;
  const value = cell === '' ? Number.NaN : Number(cell);
  return Number.isFinite(value) ? String(value) : 'null';
}

const MS_LENGTH = '2022-10-11T03:35:02.358Z'.length;
const SECOND_LENGTH = '2022-10-11T03:35:02'.length;

/**
 * InfluxDB's RFC 3339 (UTC, zero to nine digits of a second) with exactly three digits: one width, so
 * that times sort as text. Finer digits are cut off.
 */
export function timeText(cell: string): string {
  if (cell.length === MS_LENGTH) return cell;
  const digits = cell.slice(SECOND_LENGTH + 1, -1);
  return `${cell.slice(0, SECOND_LENGTH)}.${digits.slice(0, 3).padEnd(3, '0')}Z`;
}

/** Rows come exchange by exchange: the same few names are escaped once each. */
function remembering(quote: (text: string) => string): (text: string) => string {
  let lastText = '';
  let lastQuoted = quote('');
  return (text) => {
    if (text !== lastText) {
      lastQuoted = quote(text);
      lastText = text;
    }
    return lastQuoted;
  };
}

export const mediaTypes = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
export type MediaType = (typeof mediaTypes)[number];

/** A fresh writer: it remembers the exchange of the row before. */
export function createFormat(media: MediaType): PriceFormat {
  if (media === 'text/csv') return csvFormat();
  const quote = remembering((text) => JSON.stringify(text));
  const object = ({ price, time, exchange }: PriceCells) =>
    `{"price":${numberText(price)},"time":"${timeText(time)}","exchange":${quote(exchange)}}`;
  if (media === 'application/x-ndjson') {
    return {
      media,
      type: media,
      head: () => '',
      row: (cells) => `${object(cells)}\n`,
      tail: '',
    };
  }
  return {
    media,
    type: media,
    head({ pair, rank, duration }) {
      const start = JSON.stringify({ pair, rank, duration });
      return `${start.slice(0, -1)},"prices":[`;
    },
    row: (cells, first) => (first ? object(cells) : `,${object(cells)}`),
    tail: ']}',
  };
}

/** RFC 4180: CRLF, quotes only where needed; a missing number is an empty cell. */
function csvFormat(): PriceFormat {
  const quote = remembering((text) =>
    /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text,
  );
  return {
    media: 'text/csv',
    type: 'text/csv; charset=utf-8; header=present',
    head: () => 'price,time,exchange\r\n',
    row({ price, time, exchange }) {
      const number = numberText(price);
      return `${number === 'null' ? '' : number},${timeText(time)},${quote(exchange)}\r\n`;
    },
    tail: '',
  };
}
