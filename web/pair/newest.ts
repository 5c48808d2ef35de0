/** The newest price of each exchange, and how far it is from the median of all. */

import { h } from '../dom.ts';
import { ago, percent, price as priceText } from '../format.ts';
import { type Table, table } from '../parts/table.ts';
import { nowMs } from '../time.ts';
import { median, type Price } from './series.ts';

export interface Newest {
  readonly exchange: string;
  readonly price: number;
  readonly time: string;
  /** From the median, a part of one. */
  readonly spread: number;
}

/** By exchange. */
export function newestRows(newest: ReadonlyMap<string, Price>): readonly Newest[] {
  const prices = [...newest.values()].flatMap(({ price }) => (price === null ? [] : [price]));
  const middle = median(prices) ?? Number.NaN;
  return [...newest.values()]
    .map(({ exchange, price, time }) => {
      return { exchange, time, price: price!, spread: price! / middle - 1 };
    })
    .sort((a, b) => (a.exchange < b.exchange ? -1 : 1));
}

export function newestTable(): Table<Newest> {
  return table<Newest>({
    caption: 'The newest price of each exchange',
    empty: 'No exchange has a price of the last minutes.',
    key: ({ exchange }) => exchange,
    rows: [],
    columns: [
      { label: 'Exchange', cell: ({ exchange }) => exchange, by: ({ exchange }) => exchange },
      {
        label: 'Price',
        number: true,
        cell: ({ price }) => priceText(price),
        by: ({ price }) => price,
      },
      {
        label: 'To the median',
        number: true,
        cell: ({ spread }) => percent(spread, 3),
        by: ({ spread }) => spread,
      },
      {
        label: 'Age',
        number: true,
        cell: ({ time }) => h('span', { 'data-at': time }, ago(time, nowMs())),
        by: ({ time }) => time,
      },
    ],
  });
}
