/** How fresh the prices of each exchange are; live by events, so that nothing polls for it. */
import type { Exchange } from '../../client/types.ts';
import { all } from '../api.ts';
import { type Child, fill, h } from '../dom.ts';
import { ago, lengthWords, moment, span, whole } from '../format.ts';
import { onEvents } from '../live.ts';
import { badge, figure } from '../parts/figure.ts';
import { card, failure, isLeft, loading } from '../parts/state.ts';
import { type Column, table } from '../parts/table.ts';
import { every, later, nowMs } from '../time.ts';
import { changeExchange } from './recorded.ts';
import { slotsCard } from './slots.ts';
import { type Tick, totalsOf, withTick } from './state.ts';

const AGAIN_MS = 30_000;
/** Ages grow each second; more often than this nothing is drawn, however much comes. */
const DRAW_MS = 1_000;
const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn' | 'none'>> = {
  ok: 'good',
  failing: 'bad',
  paused: 'warn',
  starting: 'warn',
};

export interface ExchangesOptions {
  readonly signal: AbortSignal;
  /** Whose slots are to be seen from the beginning. */
  readonly opened: string | undefined;
  /** Beside the heading. */
  readonly aside: Child;
  onOpen(exchange: string | undefined): void;
}

export function exchangesCard({ signal, opened, aside, onOpen }: ExchangesOptions) {
  const known = new Map<string, Exchange>();
  const figures = h('section', { class: 'card figures', 'aria-label': 'Key figures' });
  const place = h('div', { class: 'exchange-rows' }, loading());
  const slots = slotsCard({ signal, onClose: () => open(undefined) });
  const list = table<Exchange>({
    caption: 'Exchanges by how fresh their prices are',
    key: ({ exchange }) => exchange,
    columns: columnsOf({ open, change: (exchange) => void change(exchange) }),
    rows: [],
  });
  drawFigures(figures, []);

  function open(exchange: string | undefined): void {
    onOpen(exchange);
    slots.show(exchange);
  }
  async function change(exchange: Exchange): Promise<void> {
    const now = await changeExchange(known.get(exchange.exchange) ?? exchange);
    if (now === undefined) return;
    known.set(now.exchange, now);
    draw();
  }
  function draw(): void {
    const rows = [...known.values()];
    list.update(rows);
    drawFigures(figures, rows);
  }
  async function load(): Promise<void> {
    try {
      const found = await all<Exchange>('/api/v1/exchanges');
      for (const exchange of found) known.set(exchange.exchange, exchange);
      draw();
      if (list.element.parentElement !== place) place.replaceChildren(list.element);
    } catch (error) {
      if (!isLeft(error)) place.replaceChildren(failure(error, () => void load()));
    }
  }
  let waiting = false;
  onEvents(['price'], signal, (events) => {
    for (const { at, data } of events) {
      const tick = { ...data, at } as unknown as Tick;
      const exchange = known.get(tick.exchange);
      if (exchange?.enabled) known.set(tick.exchange, withTick(exchange, tick));
    }
    if (waiting) return;
    waiting = true;
    later(DRAW_MS, () => {
      waiting = false;
      if (!signal.aborted) draw();
    });
  });
  void load();
  every(AGAIN_MS, signal, load);
  every(DRAW_MS, signal, () => tellAges(place));
  if (opened !== undefined && opened !== '') slots.show(opened);
  return {
    figures,
    load,
    element: h(
      'div',
      { class: 'stack' },
      card({ title: 'Exchanges', aside }, place),
      slots.element,
    ),
  };
}

interface Acts {
  open(exchange: string): void;
  change(exchange: Exchange): void;
}

function columnsOf({ open, change }: Acts): readonly Column<Exchange>[] {
  return [
    {
      label: 'Exchange',
      by: ({ exchange }) => exchange,
      cell: ({ exchange }) =>
        h('button', { type: 'button', class: 'link', onclick: () => open(exchange) }, exchange),
    },
    {
      label: 'State',
      by: ({ state }) => state,
      cell: ({ state, error }) => {
        const shown = badge(state, TONES[state] ?? 'none');
        if (error !== null) shown.title = error;
        return shown;
      },
    },
    { label: 'Newest', number: true, by: ({ lastSuccess }) => lastSuccess, cell: newest },
    {
      label: 'Markets',
      number: true,
      wide: true,
      by: ({ rows }) => rows,
      cell: ({ rows }) => whole(rows),
    },
    {
      label: 'Lateness',
      number: true,
      wide: 'roomy',
      by: ({ latenessMs }) => latenessMs,
      cell: ({ latenessMs }) => span(latenessMs),
    },
    {
      label: 'Failures',
      number: true,
      wide: true,
      by: ({ consecutiveFailures }) => consecutiveFailures,
      cell: ({ consecutiveFailures }) => consecutiveFailures,
    },
    {
      label: 'Taken',
      wide: true,
      by: ({ mode }) => mode,
      cell: ({ interval, mode, streaming }) =>
        `every ${lengthWords(interval)}${mode === 'stream' ? (streaming ? ', stream' : ', polled stream') : ''}`,
    },
    {
      label: '',
      cell: (row) => {
        const props = { 'aria-label': `Change ${row.exchange}`, class: 'small' };
        return h('button', { ...props, type: 'button', onclick: () => change(row) }, 'Change');
      },
    },
  ];
}

function newest({ lastSuccess }: Exchange): HTMLElement {
  const props = lastSuccess === null ? {} : { 'data-at': lastSuccess, title: moment(lastSuccess) };
  return h('span', { class: 'age', ...props }, ago(lastSuccess, nowMs()));
}

/** Only the texts that grow older: no row is made anew for it. */
function tellAges(place: HTMLElement): void {
  const now = nowMs();
  for (const element of place.querySelectorAll<HTMLElement>('[data-at]')) {
    const text = ago(element.dataset.at, now);
    if (element.textContent !== text) element.textContent = text;
  }
}

function drawFigures(place: HTMLElement, rows: readonly Exchange[]): void {
  const { markets, on, ok, newestMs, worst } = totalsOf(rows);
  const empty = rows.length === 0;
  fill(
    place,
    figure(empty ? '–' : whole(markets), 'markets'),
    figure(
      empty ? '–' : `${ok} of ${on}`,
      'exchanges in order',
      empty ? undefined : ok < on ? 'warn' : 'good',
    ),
    figure(newestMs === undefined ? '–' : moment(newestMs).slice(11), 'newest slot'),
    figure(
      worst === undefined ? '–' : span(worst.latenessMs),
      worst === undefined ? 'latest exchange' : `lateness of ${worst.exchange}, the worst`,
    ),
  );
}
