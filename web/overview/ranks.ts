/** The pairs that move most, by deviation or by volatility. */
import type { RankedPair, Ranks } from '../../client/types.ts';
import { get } from '../api.ts';
import { h } from '../dom.ts';
import { ago, percent, price } from '../format.ts';
import { choice } from '../parts/button.ts';
import { card } from '../parts/state.ts';
import { hashOf } from '../router.ts';
import { every, nowMs } from '../time.ts';
import { type Card, type Top, topTable } from './top.ts';

const AGAIN_MS = 60_000;
const ROWS = 12;

/** Three digits, however small: 0.0256, 2.24e-8. */
function short(value: number): string {
  return value > 0 && value < 1e-4 ? value.toExponential(2) : price(Number(value.toPrecision(4)));
}

export function ranksCard(top: Top, signal: AbortSignal): Card {
  let by = 'volatility';
  const when = h('span', { class: 'soft small' });
  const list = topTable<RankedPair>({
    caption: 'Pairs by how much their prices vary',
    empty: 'Nothing has been ranked yet: the first run ends within ten minutes of the first price.',
    rowsMax: ROWS,
    key: ({ pair }) => pair,
    href: ({ pair }) => hashOf(['pair', pair]),
    columns: [
      { label: 'Pair', cell: ({ pair }) => pair, by: ({ pair }) => pair },
      {
        label: 'Rank',
        number: true,
        cell: ({ rank, of }) => `${rank}/${of}`,
        by: (row) => row.rank,
      },
      {
        label: 'Volatility',
        number: true,
        cell: ({ volatility }) =>
          volatility == null ? '–' : percent(volatility, 3).replace('+', ''),
        by: ({ volatility }) => volatility,
      },
      {
        label: 'Deviation',
        number: true,
        cell: ({ stddev }) => short(stddev),
        by: ({ stddev }) => stddev,
      },
      { label: 'Mean', number: true, wide: true, cell: ({ mean }) => price(mean) },
    ],
  });
  const load = (): Promise<void> =>
    list.load(async () => {
      const query = { window: top.window, quote: top.quote, by, limit: ROWS };
      const ranks = await get<Ranks>('/api/v1/ranks', query, signal);
      when.textContent = ranks.time === null ? '' : `as of ${ago(ranks.time, nowMs())}`;
      return ranks.items;
    });
  const ways = choice({
    label: 'Ranked by',
    choices: [
      ['volatility', 'Volatility'],
      ['stddev', 'Deviation'],
    ],
    value: by,
    onChoose(value) {
      by = value;
      void load();
    },
  });
  void load();
  every(AGAIN_MS, signal, load);
  const aside = h('div', { class: 'row' }, when, ways);
  return { load, element: card({ title: 'Ranks', aside, class: 'top' }, list.element) };
}
