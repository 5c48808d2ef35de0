import type { AuditEntry } from '../../client/types.ts';
import { type Child, h } from '../dom.ts';
import { span } from '../format.ts';
import type { PageContext } from '../pages/page.ts';
import { searchBox } from '../parts/button.ts';
import { badge } from '../parts/figure.ts';
import { paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import { when } from '../parts/when.ts';

/** Who changed what, or was refused to. */
export async function showAudit(root: HTMLElement, context: PageContext): Promise<void> {
  const { signal, setQuery } = context;
  const filter = { key: '', route: '', ...context.query };
  const list = paged<AuditEntry>({
    caption: 'Audit, the newest first',
    path: '/api/v1/audit',
    query: () => ({ key: filter.key, route: filter.route }),
    key: ({ id }) => id,
    empty: 'Nobody has changed anything.',
    signal,
    columns: [
      { label: 'When', cell: ({ at }) => when(at) },
      {
        label: 'Who',
        cell: ({ key, role }) => `${key ?? 'nobody known'}${role === null ? '' : ` (${role})`}`,
      },
      { label: 'What', cell: whatOf },
      {
        label: 'Answer',
        cell: ({ status }) => status !== null && badge(String(status), toneOf(status)),
      },
      { label: 'From', wide: true, cell: ({ address }) => address },
      { label: 'Took', number: true, wide: true, cell: ({ durationMs }) => span(durationMs) },
    ],
  });
  const change = (part: Partial<typeof filter>): void => {
    Object.assign(filter, part);
    setQuery(filter);
    void list.restart();
  };
  const aside = h(
    'div',
    { class: 'row' },
    searchBox({ label: 'Key', value: filter.key, onChange: (key) => change({ key }) }),
    searchBox({
      ...{ label: 'Operation', placeholder: 'Operation, as addMonitor', value: filter.route },
      onChange: (route) => change({ route }),
    }),
  );
  root.append(card({ title: 'Who changed what', aside }, list.element));
  await list.restart();
}

function whatOf({ route, method, path }: AuditEntry): Child {
  const address = h('span', { class: 'soft small clip' }, `${method} ${path}`);
  return [h('span', { class: 'clip' }, route), address];
}

function toneOf(status: number): 'good' | 'bad' | 'warn' {
  if (status < 400) return 'good';
  return status === 401 || status === 403 ? 'bad' : 'warn';
}
