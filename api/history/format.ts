import type { MediaType } from '../rows/format.ts';
import type { HistoryFn } from './read.ts';
import type { Window } from './windows.ts';

/** What precedes the rows in JSON. */
export interface HistoryHead {
  readonly pair: string;
  readonly start: string;
  readonly stop: string;
  /** Null: prices as they were written. */
  readonly every: string | null;
  readonly fn: HistoryFn | null;
  readonly sources: readonly string[];
}

type Column = readonly [name: string, read: (window: Window) => number];

const OHLC: readonly Column[] = [
  ['open', ({ first }) => first],
  ['high', ({ max }) => max],
  ['low', ({ min }) => min],
  ['close', ({ last }) => last],
  ['count', ({ count }) => count],
];

function columnsOf(fn: HistoryFn): readonly Column[] {
  if (fn === 'ohlc') return OHLC;
  return [[fn === 'count' ? 'count' : 'price', (window) => window[fn]]];
}

/** The text before all rows. */
export function headText(media: MediaType, head: HistoryHead): string {
  if (media === 'application/json') return `${JSON.stringify(head).slice(0, -1)},"prices":[`;
  if (media === 'application/x-ndjson') return '';
  const names = head.fn === null ? ['price'] : columnsOf(head.fn).map(([name]) => name);
  return `${[...names, 'time', 'exchange'].join(',')}\r\n`;
}

/** Rows -> text; the first of all rows is told apart, since JSON has commas between them. */
export function createRowsText(
  media: MediaType,
  fn: HistoryFn,
  quote: (name: string) => string,
): (windows: readonly Window[]) => string {
  const columns = columnsOf(fn);
  const csv = media === 'text/csv';
  const close = media === 'application/json' ? '}' : '}\n';
  const between = media === 'application/json' ? ',' : '';
  let begun = false;
  return (windows) => {
    let text = '';
    for (const window of windows) {
      if (begun) text += between;
      begun = true;
      const time = new Date(window.timeMs).toISOString();
      const name = quote(window.exchange);
      if (csv) {
        for (const [, read] of columns) text += `${numberText(read(window), '')},`;
        text += `${time},${name}\r\n`;
      } else {
        text += '{';
        for (const [label, read] of columns) {
          text += `"${label}":${numberText(read(window), 'null')},`;
        }
        text += `"time":"${time}","exchange":${name}${close}`;
      }
    }
    return text;
  };
}

function numberText(value: number, noNumber: string): string {
  return Number.isFinite(value) ? String(value) : noNumber;
}
