import type { Monitor, MonitorSummary, Scan, ScanTrace } from '../../client/types.ts';
import { get, patch, post, remove } from '../api.ts';
import { fill, h } from '../dom.ts';
import { ago, bytes, lengthWords, moment, span, whole } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import { button, choice } from '../parts/button.ts';
import { figure } from '../parts/figure.ts';
import { confirmAction } from '../parts/form.ts';
import { guarded } from '../parts/guarded.ts';
import { facts } from '../parts/show.ts';
import { card } from '../parts/state.ts';
import { strip } from '../parts/strip.ts';
import { table } from '../parts/table.ts';
import { hashOf } from '../router.ts';
import { every, gently, nowMs } from '../time.ts';
import { scanCharts } from './charts.ts';
import { certificateDays } from './details.ts';
import { editMonitor } from './edit.ts';
import { stateOf } from './list.ts';
import { showTrace } from './trace.ts';
import { bucketCells, cellOf, intervalMs, stripWords, uptimeText } from './verdict.ts';

const LOOK_MS = 5_000;
const EVENTS_MS = 1_000;
const SCANS_MAX = 1_500;
const STRIP = 60;
const ROWS = 20;
const STEPS = { '1h': '1m', '24h': '15m', '7d': '2h', '30d': '8h' } as const;
type Window = keyof typeof STEPS;

export async function showMonitor(
  root: HTMLElement,
  id: string,
  context: PageContext,
): Promise<void> {
  const { signal } = context;
  const path = `/api/v1/monitors/${encodeURIComponent(id)}`;
  let monitor = await get<Monitor>(path, {}, signal);
  let scans: readonly Scan[] = [];
  let window: Window = context.query.window === undefined ? '1h' : windowOf(context.query.window);
  const parts = partsOf(signal, { window, onWindow: changeWindow });
  root.append(
    parts.head,
    parts.figures,
    parts.slots,
    parts.charts.element,
    parts.scans,
    parts.settings,
  );

  function changeWindow(value: string): void {
    window = windowOf(value);
    context.setQuery({ window });
    scans = [];
    void guarded(reload);
  }
  async function reload(): Promise<void> {
    const wanted = window;
    const sinceMs = nowMs() - Math.min(lengthOf(window), SCANS_MAX * intervalMs(monitor.interval));
    const last = scans.at(-1)?.slot;
    const start = last === undefined ? sinceMs : Math.max(sinceMs, Date.parse(last) + 1);
    const query = { start: new Date(start).toISOString() };
    const [found, summary] = await Promise.all([
      get<readonly Scan[]>(`${path}/scans`, query, signal),
      get<MonitorSummary>(`${path}/summary`, { window, every: STEPS[window] }, signal),
    ]);
    if (wanted !== window) return;
    const known = scans.at(-1)?.slot ?? '';
    scans = [...scans, ...found.filter(({ slot }) => slot > known)].slice(-SCANS_MAX);
    show(summary);
  }
  async function look(): Promise<void> {
    const before = monitor.lastScan;
    monitor = await get<Monitor>(path, {}, signal);
    if (monitor.lastScan === before) showHead();
    else await reload();
  }
  function show(summary: MonitorSummary): void {
    showHead();
    showFigures(parts.figures, { monitor, scans, summary });
    showSlots(parts.strips, { scans, summary });
    parts.charts.update(scans);
    parts.rows(scans.toReversed());
  }
  function showHead(): void {
    const actions = actionsOf(monitor, (next) => {
      monitor = { ...monitor, ...next };
      showHead();
      void guarded(reload);
    });
    const title = monitor.name ?? monitor.url;
    if (parts.head.dataset.state !== JSON.stringify([title, monitor.state, monitor.active])) {
      parts.head.dataset.state = JSON.stringify([title, monitor.state, monitor.active]);
      fill(parts.head, h('h1', { class: 'clip' }, title), stateOf(monitor), actions);
    }
    fill(parts.facts, settingsOf(monitor));
  }
  showHead();
  await reload();
  const lookGently = gently(EVENTS_MS, signal, () => guarded(look));
  onEvents(['scan'], signal, (events) => {
    if (events.some(({ data }) => data.monitor === monitor.id)) lookGently();
  });
  every(LOOK_MS, signal, () => guarded(look));
}

interface PartsOptions {
  readonly window: Window;
  onWindow(value: string): void;
}

function partsOf(signal: AbortSignal, { window, onWindow }: PartsOptions) {
  const strips = h('div', { class: 'strips' });
  const facts = h('div');
  const rows = scansTable();
  const windows = choice({
    label: 'How far back',
    choices: (Object.keys(STEPS) as Window[]).map((name) => [name, lengthWords(name)] as const),
    value: window,
    onChoose: onWindow,
  });
  return {
    head: h('div', { class: 'head' }),
    figures: h('div', { class: 'card figures' }),
    slots: card({ title: 'State', aside: windows }, strips),
    charts: scanCharts(signal),
    scans: card({ title: 'Newest scans' }, rows.element, rows.foot),
    settings: card({ title: 'Settings' }, facts),
    ...{ strips, facts, rows: rows.update },
  };
}

function actionsOf(monitor: Monitor, onChange: (next: Partial<Monitor>) => void): HTMLElement {
  const path = `/api/v1/monitors/${monitor.id}`;
  const check = button({
    label: 'Check now',
    async act() {
      showTrace(await post<ScanTrace>(`${path}/scan`));
      return undefined;
    },
  });
  const pause = button({
    label: monitor.active ? 'Pause' : 'Resume',
    async act() {
      onChange(await patch<Monitor>(path, { active: !monitor.active }));
      return monitor.active ? 'It is not scanned any more.' : 'It is scanned again.';
    },
  });
  const edit = button({
    label: 'Edit',
    async act() {
      const changed = await editMonitor(monitor);
      if (changed !== undefined) onChange(changed);
      return undefined;
    },
  });
  const drop = button({
    label: 'Delete',
    class: 'danger',
    async act() {
      const about = 'It is scanned no more and stands among those switched off. Its scans stay.';
      if (!(await confirmAction('Delete this monitor?', about, 'Delete'))) return undefined;
      await remove(path);
      location.hash = hashOf(['monitors']);
      return 'The monitor is switched off.';
    },
  });
  return h('div', { class: 'row' }, check, pause, edit, monitor.active && drop);
}

interface Shown {
  readonly monitor: Monitor;
  readonly scans: readonly Scan[];
  readonly summary: MonitorSummary;
}

function showFigures(place: HTMLElement, { monitor, scans, summary }: Shown): void {
  const now = nowMs();
  const { p50, p90, p99 } = summary.latencyMs;
  const days = scans.findLast(({ certDays }) => certDays !== undefined)?.certDays;
  fill(
    place,
    figure(uptimeText(summary.uptime), `uptime, ${lengthWords(summary.window)}`),
    figure(span(monitor.lastTotalMs), `last scan, ${ago(monitor.lastScan, now)}`),
    figure(span(p50), 'median'),
    figure(span(p90), 'p90'),
    figure(span(p99), 'p99'),
    figure(whole(summary.scans), 'scans'),
    figure(days === undefined ? '–' : certificateDays(days), 'certificate days'),
    figure(whole(monitor.missed), 'slots missed', monitor.missed > 0 ? 'warn' : undefined),
  );
}

function showSlots(place: HTMLElement, { scans, summary }: Omit<Shown, 'monitor'>): void {
  const last = scans.slice(-STRIP);
  const cells = bucketCells(summary, intervalMs(STEPS[summary.window]));
  const { up, down, unknown } = summary;
  fill(
    place,
    h('p', { class: 'soft small strips-text' }, `Last ${last.length} scans`),
    strip(last.map(cellOf), stripWords(last)),
    h(
      'p',
      { class: 'soft small strips-text' },
      `Last ${lengthWords(summary.window)}, by ${lengthWords(STEPS[summary.window])}`,
    ),
    strip(cells, `${up} up, ${down} down, ${unknown} unknown`),
  );
}

function scansTable() {
  const ms = (label: string, of: (scan: Scan) => number | undefined, wide = true) => {
    return { label, number: true, wide, cell: (scan: Scan) => span(of(scan)), by: of };
  };
  let all: readonly Scan[] = [];
  let shown = ROWS;
  const draw = (): void => {
    found.update(all.slice(0, shown));
    foot.hidden = all.length <= shown;
  };
  const more = (): void => {
    shown += 5 * ROWS;
    draw();
  };
  const foot = h(
    'div',
    { class: 'more', hidden: true },
    h('button', { type: 'button', onclick: more }, 'More'),
  );
  const found = table<Scan>({
    caption: 'Newest scans',
    rowsMax: SCANS_MAX,
    rows: [],
    empty: 'No scans in this time.',
    key: ({ slot }) => slot,
    columns: [
      { label: 'Slot', cell: ({ slot }) => moment(slot).slice('2026-'.length) },
      {
        label: 'Reason',
        cell: ({ ok, reason }) => h('span', { class: ok ? 'up' : 'down' }, reason),
        by: ({ reason }) => reason,
      },
      { label: 'Status', number: true, cell: ({ status }) => status ?? '–' },
      ms('Total', ({ totalMs }) => totalMs, false),
      ms('DNS', ({ dnsMs }) => dnsMs),
      ms('Connect', ({ connectMs }) => connectMs),
      ms('TLS', ({ tlsMs }) => tlsMs),
      ms('First byte', ({ ttfbMs }) => ttfbMs),
      ms('Transfer', ({ transferMs }) => transferMs),
      ms('Late', ({ lateMs }) => lateMs),
      { label: 'Body', number: true, wide: true, cell: (scan) => bytes(scan.bytes) },
      { label: 'Values', wide: true, cell: ({ values }) => valuesText(values) },
    ],
  });
  return {
    ...{ element: found.element, foot },
    update(rows: readonly Scan[]) {
      all = rows;
      draw();
    },
  };
}

function valuesText(values: Scan['values']): string {
  return Object.entries(values ?? {})
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

function settingsOf(monitor: Monitor): HTMLElement {
  const tags = Object.entries(monitor.tags).map(([name, value]) => `${name}:${String(value)}`);
  return facts([
    ['URL', monitor.url],
    ['Pattern', monitor.regexp && h('code', {}, monitor.regexp)],
    ['Every', lengthWords(monitor.interval)],
    ['Expected status', monitor.expectStatus.join(', ')],
    ['Time-out', span(monitor.timeoutMs)],
    ['Down after', `${monitor.failuresBeforeDown} failed scans`],
    ['Up after', `${monitor.successesBeforeUp} good scans`],
    ['Tags', tags.join(', ')],
    ['Made', moment(monitor.created)],
  ]);
}

function windowOf(text: string): Window {
  return text in STEPS ? (text as Window) : '24h';
}

function lengthOf(window: Window): number {
  return intervalMs(window);
}
