import type { Monitor } from '../../client/types.ts';
import type { Query } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { ago, lengthWords, span } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { choice, searchBox } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import type { Column } from '../parts/table.ts';
import { hashOf } from '../router.ts';
import { every, gently, nowMs } from '../time.ts';
import { type Details, details } from './details.ts';
import { addMonitor } from './edit.ts';
import { toneOf } from './verdict.ts';

const LOOK_MS = 5_000;
/** However many events come. */
const EVENTS_MS = 1_000;
const SHOWN: Readonly<Record<string, Query>> = {
  on: { active: true },
  up: { active: true, state: 'up' },
  down: { active: true, state: 'down' },
  unknown: { active: true, state: 'unknown' },
  off: { active: false },
};

export async function listMonitors(root: HTMLElement, context: PageContext): Promise<void> {
  const { signal, setQuery } = context;
  const filter = { show: 'on', text: '', ...context.query };
  const list = paged<Monitor>({
    caption: 'Monitors',
    path: '/api/v1/monitors',
    query: () => ({ ...(SHOWN[filter.show] ?? SHOWN.on), text: filter.text }),
    key: ({ id }) => id,
    href: ({ id }) => hashOf(['monitors', String(id)]),
    empty: 'No such monitor. Add one: it is scanned at once.',
    columns: columnsOf(details(signal)),
    signal,
  });
  const change = (part: Partial<typeof filter>): void => {
    Object.assign(filter, part);
    setQuery({ show: filter.show === 'on' ? '' : filter.show, text: filter.text });
    void list.restart();
  };
  const add = async (): Promise<void> => {
    const made = await addMonitor();
    if (made !== undefined) await list.refresh();
  };
  root.append(
    h(
      'div',
      { class: 'head' },
      h('h1', {}, 'Monitors'),
      h('button', { class: 'main', type: 'button', onclick: add }, 'Add a monitor'),
    ),
    card({ title: 'Pages that are scanned', aside: filters(filter, change) }, list.element),
  );
  onEvents(['scan'], signal, gently(EVENTS_MS, signal, list.refresh));
  every(LOOK_MS, signal, list.refresh);
  await list.restart();
}

function filters(
  { show, text }: { readonly show: string; readonly text: string },
  change: (part: { show?: string; text?: string }) => void,
): HTMLElement {
  return h(
    'div',
    { class: 'row' },
    choice({
      label: 'State',
      choices: [
        ...(['on', 'up', 'down', 'unknown'] as const).map((name) => [name, name] as const),
        ['off', 'switched off'],
      ],
      value: show,
      onChoose: (value) => change({ show: value }),
    }),
    searchBox({
      label: 'Part of URL or name',
      value: text,
      onChange: (value) => change({ text: value }),
    }),
  );
}

function columnsOf(extra: Details): readonly Column<Monitor>[] {
  return [
    { label: 'Monitor', cell: nameOf, by: ({ name, url }) => name ?? url },
    { label: 'State', cell: stateOf, by: ({ state }) => state },
    { label: 'Last scans', cell: (row) => extra.of(row).strip },
    { label: 'Up 24 h', number: true, wide: 'roomy', cell: (row) => extra.of(row).uptime },
    {
      label: 'Last',
      number: true,
      wide: true,
      cell: ({ lastTotalMs }) => span(lastTotalMs),
      by: ({ lastTotalMs }) => lastTotalMs,
    },
    { label: 'p95', number: true, wide: true, cell: (row) => extra.of(row).slow },
    { label: 'Cert. days', number: true, wide: true, cell: (row) => extra.of(row).certificate },
    { label: 'Every', number: true, wide: true, cell: ({ interval }) => lengthWords(interval) },
  ];
}

function nameOf({ name, url }: Monitor): Child {
  const place = url.replace(/^https?:\/\//, '');
  const title = h('span', { class: 'clip monitor-name', title: url }, name ?? place);
  return name === null ? title : [title, h('span', { class: 'clip soft small' }, place)];
}

export function stateOf({ active, state, reason, status, since }: Monitor): Child {
  if (!active) return badge('off');
  const tone = toneOf(state);
  const why = reason === null || reason === 'ok' ? (status ?? '') : reason;
  const title = since === null ? undefined : `since ${ago(since, nowMs())}`;
  return h(
    'span',
    { class: 'row tight', title },
    badge(state, tone),
    h('span', { class: 'soft' }, why),
  );
}
