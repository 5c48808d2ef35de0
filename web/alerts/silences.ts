import type { Silence, SilenceWish } from '../../client/types.ts';
import { post, remove } from '../api.ts';
import { h } from '../dom.ts';
import { whole } from '../format.ts';
import { button } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { type Field, openDialog, type Values } from '../parts/form.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import { toast } from '../parts/toast.ts';
import { when } from '../parts/when.ts';
import { numbers, words } from './wish.ts';

const TONES = { waiting: 'none', active: 'warn', over: 'none' } as const;

export function silenceCard(signal: AbortSignal) {
  const list: Paged<Silence> = paged<Silence>({
    caption: 'Silences',
    path: '/api/v1/silences',
    key: ({ id }) => id,
    empty: 'Nothing is held back.',
    pageRows: 10,
    signal,
    columns: [
      { label: 'What', cell: (one) => h('span', { class: 'clip' }, scopeOf(one)) },
      { label: 'State', cell: ({ state }) => badge(state, TONES[state]), by: ({ state }) => state },
      {
        label: 'Until',
        cell: ({ until }) => when(until),
        by: ({ until }) => until,
      },
      { label: 'Held back', number: true, wide: true, cell: ({ held }) => whole(held) },
      { label: 'Actions', cell: (one) => endButton(one, () => void list.refresh()) },
    ],
  });
  const add = h('button', { type: 'button', onclick: () => addSilence(list) }, 'Add a silence');
  return { element: card({ title: 'Silences', aside: add }, list.element), list };
}

function scopeOf({ alerts, exchanges, pairs, monitors, kinds, comment }: Silence): string {
  const part = (label: string, values: readonly unknown[] | undefined) =>
    values === undefined ? [] : [`${label} ${values.join(', ')}`];
  const parts = [
    ...part('alerts', alerts),
    ...part('exchanges', exchanges),
    ...part('pairs', pairs),
    ...part('monitors', monitors),
    ...part('kinds', kinds),
  ];
  return `${parts.join('; ')}${comment === null ? '' : ` – ${comment}`}`;
}

function endButton({ id, state }: Silence, done: () => void) {
  if (state === 'over') return null;
  return button({
    label: 'End now',
    about: `End silence ${id} now`,
    async act() {
      await remove(`/api/v1/silences/${id}`);
      done();
      return 'The silence is over.';
    },
  });
}

const FIELDS: readonly Field[] = [
  { kind: 'text', name: 'exchanges', label: 'Exchanges', placeholder: 'kraken' },
  { kind: 'text', name: 'pairs', label: 'Pairs', placeholder: 'btcusd' },
  { kind: 'text', name: 'monitors', label: 'Monitors', placeholder: 'numbers' },
  { kind: 'text', name: 'alerts', label: 'Alerts', placeholder: 'numbers' },
  {
    kind: 'choice',
    name: 'kinds',
    label: 'Kinds',
    choices: [
      ['', 'any'],
      ...['ratio', 'threshold', 'scan', 'article', 'freshness'].map(
        (kind) => [kind, kind] as const,
      ),
    ],
  },
  { kind: 'text', name: 'until', label: 'Until', value: '2h', offers: ['30m', '2h', '1d', '7d'] },
  { kind: 'text', name: 'comment', label: 'Why', placeholder: 'maintenance' },
];

async function addSilence(list: Paged<Silence>): Promise<void> {
  await openDialog({
    title: 'Add a silence',
    about: 'Alerts that fit all that is named are noted, but not sent.',
    fields: FIELDS,
    action: 'Add',
    async submit(values) {
      await post('/api/v1/silences', silenceOf(values));
      toast('What fits is held back.');
      await list.refresh();
      return undefined;
    },
  });
}

function silenceOf(values: Values): SilenceWish {
  const text = (name: string) => String(values[name] ?? '') || undefined;
  return {
    ...{ exchanges: words(text('exchanges')), pairs: words(text('pairs')) },
    ...{ monitors: numbers(text('monitors')), alerts: numbers(text('alerts')) },
    kinds: words(text('kinds')) as SilenceWish['kinds'],
    ...{ until: text('until'), comment: text('comment') },
  };
}
