import type { Job, Jobs } from '../../client/types.ts';
import { post } from '../api.ts';
import { type Child, fill, h } from '../dom.ts';
import { whole } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { button, searchBox, select } from '../parts/button.ts';
import { badge, figure } from '../parts/figure.ts';
import { type Paged, paged } from '../parts/paged.ts';
import { card } from '../parts/state.ts';
import { when } from '../parts/when.ts';
import { hashOf } from '../router.ts';
import { every, gently } from '../time.ts';

const LOOK_MS = 5_000;
const EVENTS_MS = 1_000;
const STATES = ['queued', 'leased', 'failed', 'dead', 'cancelled', 'done'] as const;
const TONES: Readonly<Record<Job['state'], 'good' | 'bad' | 'warn' | 'none'>> = {
  ...{
    queued: 'none',
    leased: 'none',
    done: 'good',
    failed: 'warn',
    dead: 'bad',
    cancelled: 'none',
  },
};

/** Pages of articles that are to be read, or were. */
export async function showQueue(root: HTMLElement, context: PageContext): Promise<void> {
  const { signal, setQuery } = context;
  const filter = { state: '', host: '', ...context.query };
  const counts = h('div', { class: 'card figures' });
  const list: Paged<Job> = paged<Job>({
    caption: 'Pages to be read',
    path: '/api/v1/jobs',
    query: () => ({ state: filter.state, host: filter.host, order: 'newest' }),
    key: ({ id }) => id,
    empty: 'No such job.',
    signal,
    onAnswer: (answer) => fill(counts, countsOf((answer as Jobs).counts)),
    columns: [
      { label: 'Article', cell: nameOf },
      { label: 'State', cell: stateOf, by: ({ state }) => state },
      {
        label: 'Attempts',
        number: true,
        cell: ({ attempts }) => attempts,
        by: ({ attempts }) => attempts,
      },
      {
        label: 'Due',
        wide: true,
        cell: ({ due, waits }) => [when(due, '–'), waits && ` (${waits})`],
      },
      {
        label: 'Ended',
        wide: true,
        cell: ({ ended }) => when(ended, '–'),
        by: ({ ended }) => ended,
      },
      { label: 'Actions', cell: (job) => actionsOf(job, () => void list.refresh()) },
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
    select({ label: 'State', value: filter.state, onChange: (state) => change({ state }) }, [
      ['', 'all'],
      ...STATES.map((state) => [state, state] as const),
    ]),
    searchBox({ label: 'Host', value: filter.host, onChange: (host) => change({ host }) }),
  );
  root.append(counts, card({ title: 'Pages to be read', aside }, list.element));
  onEvents(['article'], signal, gently(EVENTS_MS, signal, list.refresh));
  every(LOOK_MS, signal, list.refresh);
  await list.restart();
}

function countsOf(counts: Jobs['counts']): Child {
  return STATES.map((state) => {
    const tone = counts[state] > 0 ? (TONES[state] === 'bad' ? 'bad' : undefined) : undefined;
    return figure(whole(counts[state]), state, tone);
  });
}

function nameOf({ article, title, host }: Job): Child {
  const link = h(
    'a',
    { href: hashOf(['news'], { article: String(article) }), class: 'clip' },
    title,
  );
  return [link, h('span', { class: 'soft small clip' }, host)];
}

function stateOf({ state, status, reason, message }: Job): Child {
  const words = [status, message ?? reason].filter((part) => part !== null).join(', ');
  return [
    badge(state, TONES[state]),
    ' ',
    h('span', { class: 'soft small' }, state === 'done' ? '' : words),
  ];
}

function actionsOf({ id, state }: Job, done: () => void): HTMLElement {
  const act = (label: string, verb: string, told: string): HTMLElement => {
    return button({
      label,
      about: `${label}: job ${id}`,
      async act() {
        await post(`/api/v1/jobs/${id}/${verb}`);
        done();
        return told;
      },
    });
  };
  const again = state === 'failed' || state === 'dead' || state === 'cancelled';
  const open = state === 'queued' || state === 'leased' || state === 'failed';
  return h(
    'span',
    { class: 'row tight' },
    again && act('Retry', 'retry', 'The page is read as soon as its host may be asked.'),
    open && act('Cancel', 'cancel', 'The page is not read.'),
  );
}
