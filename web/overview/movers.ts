/** What moved most, up or down. */
import type { Mover, Movers } from '../../client/types.ts';
import { get } from '../api.ts';
import { h } from '../dom.ts';
import { percent, price } from '../format.ts';
import { choice } from '../parts/button.ts';
import { card } from '../parts/state.ts';
import { hashOf } from '../router.ts';
import { every } from '../time.ts';
import { type Card, type Top, topTable } from './top.ts';

const AGAIN_MS = 60_000;
const ROWS = 12;

/** A change with its sign and an arrow: never by colour alone. */
export function change(part: number): HTMLElement {
  const way = part > 0 ? 'up' : part < 0 ? 'down' : 'soft';
  return h('span', { class: way }, `${part > 0 ? '▲' : part < 0 ? '▼' : ''} ${percent(part)}`);
}

export function moversCard(top: Top, signal: AbortSignal): Card {
  let direction = 'both';
  const list = topTable<Mover>({
    caption: 'Pairs by how much their prices changed',
    empty: 'No pair has prices both of now and of then yet.',
    rowsMax: ROWS,
    key: ({ pair }) => pair,
    href: ({ pair }) => hashOf(['pair', pair]),
    columns: [
      { label: 'Pair', cell: ({ pair }) => pair, by: ({ pair }) => pair },
      {
        label: 'Change',
        number: true,
        cell: (row) => change(row.change),
        by: (row) => row.change,
      },
      { label: 'Price', number: true, cell: (row) => price(row.price), by: (row) => row.price },
      { label: 'Before', number: true, wide: true, cell: (row) => price(row.before) },
      {
        label: 'Exchanges',
        number: true,
        wide: 'roomy',
        cell: (row) => row.exchanges,
        by: (row) => row.exchanges,
      },
    ],
  });
  const load = (): Promise<void> =>
    list.load(async () => {
      const query = { window: top.window, quote: top.quote, direction, limit: ROWS };
      return (await get<Movers>('/api/v1/movers', query, signal)).items;
    });
  const ways = choice({
    label: 'Direction',
    choices: [
      ['both', 'Both'],
      ['up', 'Up'],
      ['down', 'Down'],
    ],
    value: direction,
    onChoose(value) {
      direction = value;
      void load();
    },
  });
  void load();
  every(AGAIN_MS, signal, load);
  return { load, element: card({ title: 'Movers', aside: ways, class: 'top' }, list.element) };
}
