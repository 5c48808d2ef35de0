import type { Alert, MadeAlert } from '../../client/types.ts';
import { get, patch, post, remove } from '../api.ts';
import { type Child, fill, h, refill } from '../dom.ts';
import { ago, moment, whole } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { button } from '../parts/button.ts';
import { figure } from '../parts/figure.ts';
import { confirmAction, openDialog } from '../parts/form.ts';
import { guarded } from '../parts/guarded.ts';
import { facts } from '../parts/show.ts';
import { card } from '../parts/state.ts';
import { toast } from '../parts/toast.ts';
import { hashOf } from '../router.ts';
import { every, gently, nowMs } from '../time.ts';
import { deliveryCard } from './deliveries.ts';
import { editAlert } from './edit.ts';
import { eventList } from './events.ts';
import { pauseOf } from './list.ts';
import { warned } from './wish.ts';

const LOOK_MS = 10_000;
const EVENTS_MS = 1_000;

/** An alert as `GET` shows it: with what keeps it from being told. */
type Shown = Omit<MadeAlert, 'secret'>;

export async function showAlert(
  root: HTMLElement,
  id: string,
  { signal }: PageContext,
): Promise<void> {
  const path = `/api/v1/alerts/${encodeURIComponent(id)}`;
  const alert = await get<Shown>(path, {}, signal);
  const head = h('div', { class: 'head' });
  const figures = h('div', { class: 'card figures' });
  const what = h('div');
  const fired = eventList(signal, alert.id);
  const deliveries = deliveryCard(signal, alert.id);
  const refresh = async (): Promise<void> => {
    const now = await get<Shown>(path, {}, signal);
    show(now);
    await Promise.all([fired.refresh(), deliveries.list.refresh()]);
  };
  let drawn = '';
  function show(now: Shown): void {
    fill(figures, figuresOf(now));
    if (drawn === JSON.stringify(now)) return;
    drawn = JSON.stringify(now);
    const actions = actionsOf(now, { path, signal, done: refresh });
    refill(head, h('h1', { class: 'clip' }, now.name), pauseOf(now), actions);
    fill(what, warned(now.warnings), aboutOf(now));
  }
  root.append(
    ...[head, figures, card({ title: 'What it watches' }, what)],
    card({ title: 'Fired' }, fired.element),
    deliveries.element,
  );
  show(alert);
  onEvents(
    ['alert'],
    signal,
    gently(EVENTS_MS, signal, () => guarded(refresh)),
  );
  every(LOOK_MS, signal, () => guarded(refresh));
  await Promise.all([fired.restart(), deliveries.list.restart()]);
}

function figuresOf({ events, last, channel, state }: Shown): Child {
  return [
    figure(whole(events), 'fired'),
    figure(ago(last, nowMs()), 'last'),
    figure(channel, `channel, ${state}`, state === 'unconfirmed' ? 'warn' : undefined),
  ];
}

function aboutOf(alert: Shown): HTMLElement {
  const { kind, metric, factor, direction, above, below, scan, article, freshness } = alert;
  const list = (values: readonly unknown[] | null | undefined) => values?.join(', ');
  return facts([
    ['Kind', kind],
    ['Of', kind === 'ratio' || kind === 'threshold' ? list(metric) : null],
    ['Factor', factor && `${factor} times ${direction} the mean of ${alert.window}`],
    ['Above', above],
    ['Below', below],
    ['States', list(scan?.states)],
    ['Rules', list(article?.rules)],
    ['Feeds', list(article?.feeds)],
    ['Symbols', list(article?.symbols)],
    ['Prices', freshness && `${list(freshness.kinds)} for ${freshness.after}`],
    ['Pairs', list(alert.pairs)],
    ['Exchanges', list(alert.exchanges)],
    ['Monitors', list(alert.monitors)],
    ['Lasts', alert.for],
    ['Told', alert.notify === 'window' ? `once in ${alert.window}` : 'once until it is over'],
    ['End', alert.resolve ? 'is told as well' : null],
    ['Flux rules', list(alert.rules)],
    ['Made', moment(alert.created)],
  ]);
}

interface ActionOptions {
  readonly path: string;
  readonly signal: AbortSignal;
  done(): Promise<void>;
}

function actionsOf(alert: Shown, { path, signal, done }: ActionOptions): HTMLElement {
  const edit = button({
    label: 'Edit',
    async act() {
      if (await editAlert(alert.id, signal)) await done();
      return undefined;
    },
  });
  const test = button({
    label: 'Send a test',
    async act() {
      const { delivery } = await post<{ delivery: number }>(`${path}/test`);
      await done();
      return `A test is on its way: delivery ${delivery}.`;
    },
  });
  const paused = alert.pausedUntil !== null && Date.parse(alert.pausedUntil) > nowMs();
  const pause = button({
    label: paused ? 'Resume' : 'Pause',
    async act() {
      if (!paused) await pauseFor(path);
      else await patch<Alert>(path, { pause: null });
      await done();
      return undefined;
    },
  });
  const drop = button({
    label: 'Delete',
    class: 'danger',
    async act() {
      const about = 'Nothing is told any more, and what waits to be sent is not.';
      if (!(await confirmAction('Delete this alert?', about, 'Delete'))) return undefined;
      await remove(path);
      location.hash = hashOf(['alerts']);
      return 'The alert is switched off.';
    },
  });
  const on = button({
    label: 'Switch on',
    async act() {
      await patch<Alert>(path, { active: true });
      await done();
      return 'It is watched again.';
    },
  });
  return h('div', { class: 'row' }, alert.active ? [edit, test, pause, drop] : on);
}

async function pauseFor(path: string): Promise<void> {
  await openDialog({
    title: 'Pause the alert',
    fields: [
      { kind: 'text', name: 'pause', label: 'For', value: '1h', offers: ['30m', '1h', '8h', '1d'] },
    ],
    action: 'Pause',
    async submit({ pause }) {
      await patch<Alert>(path, { pause });
      toast(`Nothing is told for ${String(pause)}.`);
      return undefined;
    },
  });
}
