import type { Backfill, BackfillOffer, BackfillWish } from '../../client/types.ts';
import { words } from '../alerts/wish.ts';
import { post, remove } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { moment, span, whole } from '../format.ts';
import type { PageContext } from '../pages/page.ts';
import { button } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { openDialog, type Values } from '../parts/form.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import { toast } from '../parts/toast.ts';
import { when } from '../parts/when.ts';
import { every } from '../time.ts';

const LOOK_MS = 2_000;

export async function showBackfills(root: HTMLElement, { signal }: PageContext): Promise<void> {
  const list: Paged<Backfill> = paged<Backfill>({
    caption: 'Backfills, the newest first',
    path: '/api/v1/backfills',
    key: ({ id }) => id,
    empty: 'No gaps were found and none were asked to be filled.',
    signal,
    columns: [
      { label: 'Nr', number: true, cell: ({ id }) => id },
      { label: 'State', cell: stateOf },
      { label: 'Minutes', wide: 'roomy', cell: progressOf },
      { label: 'Of', cell: rangeOf },
      { label: 'Exchanges', wide: true, cell: exchangesOf },
      { label: 'Points', number: true, wide: 'roomy', cell: (one) => whole(sum(one, 'points')) },
      { label: 'Asked', wide: true, cell: ({ created }) => when(created) },
      { label: 'Actions', cell: (one) => stopButton(one, () => void list.refresh()) },
    ],
  });
  const add = h(
    'button',
    { type: 'button', class: 'main', onclick: () => addBackfill(list) },
    'Fill a gap',
  );
  root.append(card({ title: 'Minutes filled from candles', aside: add }, list.element));
  every(LOOK_MS, signal, async () => {
    if (list.rows().some(({ state }) => state === 'open')) await list.refresh();
  });
  await list.restart();
}

/** From and to, one below the other where there is little room. */
function rangeOf({ from, to }: Backfill): Child {
  return [
    h('span', { class: 'ago small' }, moment(from)),
    ' to ',
    h('span', { class: 'ago small' }, moment(to)),
  ];
}

function stateOf({ state, cause, leftMs }: Backfill): Child {
  const tone = state === 'done' ? 'good' : state === 'open' ? 'warn' : undefined;
  const left = state === 'open' ? `, ${span(leftMs)} left` : '';
  return h(
    'span',
    { class: 'row tight' },
    badge(state, tone),
    h('span', { class: 'soft small' }, `${cause}${left}`),
  );
}

type Count = 'points' | 'minutes' | 'minutesDone' | 'failed';

function sum({ exchanges }: Backfill, name: Count): number {
  return exchanges.reduce((total, one) => total + one[name], 0);
}

function progressOf(one: Backfill): Child {
  const [done, all] = [sum(one, 'minutesDone'), sum(one, 'minutes')];
  const bar = h('progress', { max: Math.max(1, all), value: done });
  bar.setAttribute('aria-label', `${whole(done)} of ${whole(all)} minutes`);
  return h('span', { class: 'row tight' }, bar, h('span', { class: 'soft small' }, whole(all)));
}

function exchangesOf({ exchanges, notes }: Backfill): Child {
  const names = exchanges.map(
    ({ exchange, error }) => `${exchange}${error === null ? '' : ` (${error})`}`,
  );
  return h('span', { class: 'clip', title: notes.join('; ') }, names.join(', '));
}

function stopButton({ id, state }: Backfill, done: () => void): Child {
  if (state !== 'open') return null;
  return button({
    label: 'Stop',
    about: `Stop backfill ${id}`,
    async act() {
      await remove(`/api/v1/backfills/${id}`);
      done();
      return 'It is stopped; what it wrote stays.';
    },
  });
}

async function addBackfill(list: Paged<Backfill>): Promise<void> {
  await openDialog({
    title: 'Fill a gap',
    about:
      'Minutes without a price are filled from the candles of the exchanges. Points that are there stay.',
    fields: [
      {
        kind: 'text',
        name: 'exchanges',
        label: 'Exchanges',
        placeholder: 'kraken; empty: wherever they are listed',
      },
      { kind: 'text', name: 'pairs', label: 'Pairs', placeholder: 'btcusd; empty: all' },
      {
        kind: 'text',
        name: 'from',
        label: 'From',
        value: '24h',
        hint: 'A time, or a length back from now.',
      },
      { kind: 'text', name: 'to', label: 'To', placeholder: 'now' },
    ],
    action: 'Fill',
    preview: {
      label: 'What would it cost?',
      async run(values) {
        const wish = { ...wishOf(values), dryRun: true };
        const offer = await post<BackfillOffer>('/api/v1/backfills', wish);
        return [
          h('p', {}, costText(offer)),
          offer.notes.map((note) => h('p', { class: 'warning' }, note)),
        ];
      },
    },
    async submit(values) {
      const { id } = await post<BackfillOffer>('/api/v1/backfills', wishOf(values));
      toast(`Backfill ${id ?? ''} is under way.`);
      await list.refresh();
      return undefined;
    },
  });
}

function costText({ markets, requests, durationMs }: BackfillOffer): string {
  return `${whole(markets)} markets, at most ${whole(requests)} requests, about ${span(durationMs)}.`;
}

function wishOf({ exchanges, pairs, from, to }: Values): BackfillWish {
  return {
    ...{ exchanges: words(String(exchanges)), pairs: words(String(pairs)) },
    ...{ from: String(from), to: String(to) || undefined },
  };
}
