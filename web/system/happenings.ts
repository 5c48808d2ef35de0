import { h } from '../dom.ts';
import type { LiveEvent } from '../live.ts';
import { badge } from '../parts/figure.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/when.ts';

/** Events as they come. */
export function eventTable() {
  return table<LiveEvent>({
    caption: 'Events, the newest first',
    rows: [],
    empty: 'Nothing yet: events appear as they happen.',
    key: ({ id }) => id,
    columns: [
      { label: 'When', cell: ({ at }) => when(at) },
      { label: 'Kind', cell: ({ kind }) => badge(kind) },
      { label: 'What', cell: (event) => h('span', { class: 'clip' }, textOf(event)) },
    ],
  });
}

function textOf({ kind, data }: LiveEvent): string {
  const part = (name: string) => (data[name] === undefined ? '' : String(data[name]));
  if (kind === 'scan')
    return `${part('url')}: ${part('from')} to ${part('to')} (${part('reason')})`;
  if (kind === 'article') return `${part('event')}: ${part('title')}`;
  return Object.entries(data)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
