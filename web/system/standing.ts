/** How Tidemark itself does: checks, spools, lateness, tasks, workers, what failed. */
import type { Exchanges, Readiness, Tasks } from '../../client/types.ts';
import { get, send } from '../api.ts';
import { fill, h } from '../dom.ts';
import type { LiveEvent } from '../live.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { card, failure, fillWith, isLeft } from '../parts/state.ts';
import { every } from '../time.ts';
import { eventTable } from './happenings.ts';
import { type Metrics, parseMetrics } from './metrics.ts';
import { checkTable, exchangeTable, taskTable } from './tables.ts';
import { errorTable, figuresOf, spoolTable, workerTable } from './work.ts';

const LOOK_MS = 5_000;
const EXCHANGES_MAX = 100;
const EVENTS_MAX = 50;

export async function showStanding(root: HTMLElement, { signal }: PageContext): Promise<void> {
  const figures = h('div', { class: 'card figures' });
  const [checks, exchanges, tasks] = [checkTable(), exchangeTable(), taskTable()];
  const [spools, workers, errors] = [spoolTable(), workerTable(), errorTable()];
  const happenings = eventTable();
  const trouble = h('div', { class: 'trouble-place' });
  const places = { readiness: h('div'), exchanges: h('div'), tasks: h('div') };
  root.append(
    trouble,
    figures,
    h(
      'div',
      { class: 'grid' },
      card({ title: 'Checks' }, places.readiness),
      card({ title: 'On the way to InfluxDB' }, spools.element),
      card({ title: 'Work' }, workers.element),
      card({ title: 'What failed since the start' }, errors.element),
    ),
    card({ title: 'Prices: how late' }, places.exchanges),
    card({ title: 'Tasks in InfluxDB' }, places.tasks),
    card({ title: 'What happens, since this page is open' }, happenings.element),
  );
  const lookAtMetrics = async (): Promise<void> => {
    const metrics = await readMetrics(signal);
    fill(figures, figuresOf(metrics));
    spools.show(metrics);
    workers.show(metrics);
    errors.show(metrics);
  };
  const parts = [
    reader({
      ...{ place: places.readiness, table: checks },
      read: async () => (await readReadiness(signal)).checks,
    }),
    reader({
      ...{ place: places.exchanges, table: exchanges },
      read: async () => {
        const query = { limit: EXCHANGES_MAX };
        const { items } = await get<Exchanges>('/api/v1/exchanges', query, signal);
        return items.filter(({ enabled }) => enabled);
      },
    }),
    reader({
      ...{ place: places.tasks, table: tasks },
      read: async () => (await get<Tasks>('/api/v1/tasks', {}, signal)).items,
    }),
  ];
  const look = async (): Promise<void> => {
    try {
      await Promise.all([lookAtMetrics(), ...parts.map((lookAt) => lookAt())]);
      fill(trouble);
    } catch (error) {
      if (!isLeft(error)) fill(trouble, failure(error));
    }
  };
  let seen: readonly LiveEvent[] = [];
  onEvents(['scan', 'article', 'alert'], signal, (events) => {
    seen = [...events.toReversed(), ...seen].slice(0, EVENTS_MAX);
    happenings.update(seen);
  });
  every(LOOK_MS, signal, look);
  await look();
}

interface Part<Row> {
  readonly place: HTMLElement;
  readonly table: { readonly element: HTMLElement; update(rows: readonly Row[]): void };
  read(): Promise<readonly Row[]>;
}

/** The first time with "Loading…", then in place. */
function reader<Row>({ place, table, read }: Part<Row>): () => Promise<void> {
  const fresh = async () => {
    table.update(await read());
    return table.element;
  };
  return async () => {
    if (place.contains(table.element)) await fresh();
    else await fillWith(place, fresh);
  };
}

async function readMetrics(signal: AbortSignal): Promise<Metrics> {
  const answer = await send('GET', '/metrics', { accept: 'text/plain', signal });
  return parseMetrics(await answer.text());
}

/** Not being ready is an answer as well. */
async function readReadiness(signal: AbortSignal): Promise<Readiness> {
  const answer = await send('GET', '/readyz', { signal, also: [503] });
  return (await answer.json()) as Readiness;
}
