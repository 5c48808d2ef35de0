import type { Delivery, Replayed, WholeDelivery } from '../../client/types.ts';
import { get, post } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { moment, span } from '../format.ts';
import { button, select } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { facts, showDialog } from '../parts/show.ts';
import { card } from '../parts/state.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/when.ts';
import { hashOf } from '../router.ts';

const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn'>> = {
  delivered: 'good',
  failed: 'warn',
  dead: 'bad',
};
const STATES = ['queued', 'leased', 'failed', 'delivered', 'dead', 'cancelled'];

export interface DeliveryCard {
  readonly element: HTMLElement;
  readonly list: Paged<Delivery>;
}

/** Messages, of one alert or of all. */
export function deliveryCard(signal: AbortSignal, alert?: number): DeliveryCard {
  let state = '';
  const list: Paged<Delivery> = paged<Delivery>({
    caption: 'Deliveries',
    path: '/api/v1/deliveries',
    query: () => ({ state, alert, order: 'newest' }),
    key: ({ id }) => id,
    empty: 'No messages.',
    pageRows: 10,
    signal,
    columns: [
      {
        label: 'When',
        cell: ({ created }) => when(created),
      },
      { label: 'What', cell: whatOf },
      { label: 'State', cell: stateOf },
      { label: 'Attempts', number: true, wide: true, cell: ({ attempts }) => attempts },
      { label: 'Next', wide: true, cell: ({ due }) => when(due, '–') },
      { label: 'Actions', cell: (one) => actionsOf(one, () => void list.refresh()) },
    ],
  });
  const filter = select(
    {
      label: 'State of deliveries',
      onChange(value) {
        state = value;
        void list.restart();
      },
    },
    [['', 'all'], ...STATES.map((name) => [name, name] as const)],
  );
  const aside = h('div', { class: 'row' }, filter, replayButton(list, alert));
  return { element: card({ title: 'Deliveries', aside }, list.element), list };
}

function replayButton(list: Paged<Delivery>, alert: number | undefined): HTMLElement {
  return button({
    label: 'Send the dead again',
    async act() {
      const { replayed } = await post<Replayed>('/api/v1/deliveries/replay', { alert });
      await list.refresh();
      return replayed === 0 ? 'None is dead.' : `${replayed} are sent again.`;
    },
  });
}

function whatOf({ kind, alert, channel }: Delivery): Child {
  const link =
    alert !== null && h('a', { href: hashOf(['alerts', String(alert)]) }, `alert ${alert}`);
  return h(
    'span',
    {},
    kind,
    link && [' of ', link],
    h('span', { class: 'soft' }, ` to channel ${channel}`),
  );
}

function stateOf({ state, status, reason, waits }: Delivery): Child {
  const why = state === 'delivered' ? null : (reason ?? waits);
  const words = [status, why].filter((part) => part !== null).join(', ');
  return h(
    'span',
    { class: 'row tight' },
    badge(state, TONES[state]),
    h('span', { class: 'soft clip' }, words),
  );
}

function actionsOf({ id, state }: Delivery, done: () => void): HTMLElement {
  const path = `/api/v1/deliveries/${id}`;
  const show = button({
    label: 'Show',
    about: `Show delivery ${id}`,
    async act() {
      showDelivery(await get<WholeDelivery>(path));
      return undefined;
    },
  });
  const again = button({
    label: state === 'failed' ? 'Retry now' : 'Send again',
    about: `Send delivery ${id} again`,
    async act() {
      await post(`${path}/replay`);
      done();
      return 'It is sent again.';
    },
  });
  const over = state !== 'queued' && state !== 'leased';
  return h('span', { class: 'row tight' }, show, over && again);
}

type Try = WholeDelivery['tries'][number];

function showDelivery(one: WholeDelivery): void {
  showDialog(
    `Delivery ${one.id}`,
    facts([
      ['Kind', one.kind],
      ['State', stateOf(one)],
      ['Message', h('code', {}, one.message)],
      ['Made', moment(one.created)],
      ['Next attempt', one.due && moment(one.due)],
      ['Expires', one.expires && moment(one.expires)],
      ['Moved to', one.moved && `delivery ${one.moved}`],
    ]),
    h('h3', {}, 'Attempts'),
    table<Try>({
      caption: 'Attempts',
      rows: one.tries,
      empty: 'None so far.',
      columns: [
        { label: 'Nr', number: true, cell: ({ nr }) => nr },
        { label: 'When', cell: ({ at }) => moment(at) },
        { label: 'Took', number: true, cell: ({ tookMs }) => span(tookMs) },
        { label: 'Status', number: true, cell: ({ status }) => status ?? '–' },
        { label: 'Reason', cell: ({ ok, reason }) => (ok ? 'taken' : reason) },
        {
          label: 'Answer',
          wide: true,
          cell: ({ answer }) => answer && h('code', { class: 'clip' }, answer),
        },
      ],
    }).element,
    h('h3', {}, 'What it says'),
    h('pre', { tabindex: 0 }, JSON.stringify(one.payload, undefined, 2)),
  );
}
