import type { Alert } from '../../client/types.ts';
import { type Child, h } from '../dom.ts';
import { ago, whole } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { button } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import { when } from '../parts/when.ts';
import { hashOf } from '../router.ts';
import { every, gently, nowMs } from '../time.ts';
import { channelList } from './channels.ts';
import { deliveryCard } from './deliveries.ts';
import { editAlert } from './edit.ts';
import { eventList } from './events.ts';
import { silenceCard } from './silences.ts';
import { addAlert } from './wish.ts';

const LOOK_MS = 10_000;
const EVENTS_MS = 1_000;

export async function listAlerts(root: HTMLElement, { signal, query }: PageContext): Promise<void> {
  const alerts = alertList(signal);
  const fired = eventList(signal);
  const channels = channelList(signal);
  const deliveries = deliveryCard(signal);
  const silences = silenceCard(signal);
  const changing = [alerts, fired, deliveries.list, channels];
  const refresh = async (): Promise<void> => {
    await Promise.all(changing.map((list) => list.refresh()));
  };
  const add = async (): Promise<void> => {
    const { pair } = query;
    const made = await addAlert(pair === undefined ? {} : { pairs: pair });
    if (made !== undefined) await refresh();
  };
  root.append(
    h(
      'div',
      { class: 'head' },
      h('h1', {}, 'Alerts'),
      h('button', { class: 'main', type: 'button', onclick: add }, 'Add an alert'),
    ),
    card({ title: 'What is watched' }, alerts.element),
    card({ title: 'Fired' }, fired.element),
    deliveries.element,
    card({ title: 'Channels' }, channels.element),
    silences.element,
  );
  onEvents(['alert'], signal, gently(EVENTS_MS, signal, refresh));
  every(LOOK_MS, signal, refresh);
  await Promise.all([refresh(), silences.list.restart()]);
  if (query.add !== undefined) await add();
}

function alertList(signal: AbortSignal): Paged<Alert> {
  const list: Paged<Alert> = paged<Alert>({
    caption: 'Alerts',
    path: '/api/v1/alerts',
    query: () => ({ active: true }),
    key: ({ id }) => id,
    href: ({ id }) => hashOf(['alerts', String(id)]),
    empty: 'No alerts. Add one, and see by a preview how often it would have been told.',
    signal,
    columns: [
      {
        label: 'Alert',
        cell: ({ name }) => h('span', { class: 'clip' }, name),
        by: ({ name }) => name,
      },
      { label: 'Kind', wide: true, cell: ({ kind }) => kind, by: ({ kind }) => kind },
      { label: 'State', cell: pauseOf },
      { label: 'Channel', number: true, wide: true, cell: ({ channel }) => channel },
      {
        label: 'Fired',
        number: true,
        cell: ({ events }) => whole(events),
        by: ({ events }) => events,
      },
      { label: 'Last', wide: true, cell: ({ last }) => when(last), by: ({ last }) => last },
      { label: 'Actions', cell: ({ id }) => editButton(id, signal, () => list.refresh()) },
    ],
  });
  return list;
}

function editButton(id: number, signal: AbortSignal, done: () => Promise<void>): HTMLElement {
  return button({
    label: 'Edit',
    about: `Edit: alert ${id}`,
    async act() {
      if (await editAlert(id, signal)) await done();
      return undefined;
    },
  });
}

export function pauseOf({ active, pausedUntil }: Alert): Child {
  if (!active) return badge('off');
  const paused = pausedUntil !== null && Date.parse(pausedUntil) > nowMs();
  return paused ? badge(`paused, ends ${ago(pausedUntil, nowMs())}`, 'warn') : badge('on', 'good');
}
