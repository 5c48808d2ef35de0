/** What the list shows of each monitor beyond the list's own answer: asked for where it is seen. */
import type { Monitor, MonitorSummary, Scan } from '../../client/types.ts';
import { get } from '../api.ts';
import { fill, h } from '../dom.ts';
import { span, whole } from '../format.ts';
import { messageOf } from '../parts/state.ts';
import { strip } from '../parts/strip.ts';
import { nowMs } from '../time.ts';
import { cellOf, intervalMs, quantile, stripWords, uptimeText } from './verdict.ts';

const SLOTS = 40;
const AT_ONCE = 3;
const UPTIME_MS = 60_000;

export interface Detail {
  readonly uptime: HTMLElement;
  readonly slow: HTMLElement;
  readonly certificate: HTMLElement;
  readonly strip: HTMLElement;
}

interface Kept extends Detail {
  monitor: Monitor;
  scans: readonly Scan[];
  /** The `lastScan` that is shown. */
  shown: string | null | undefined;
  uptimeMs: number;
  seen: boolean;
}

export interface Details {
  /** The same elements for the same monitor, so that they fill themselves and never flicker. */
  of(monitor: Monitor): Detail;
}

export function details(signal: AbortSignal): Details {
  const kept = new Map<number, Kept>();
  const waiting = new Set<Kept>();
  let busy = 0;
  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const detail = kept.get(Number((target as HTMLElement).dataset.monitor));
      if (detail === undefined) continue;
      detail.seen = isIntersecting;
      want(detail);
    }
  });
  signal.addEventListener('abort', () => sight.disconnect());

  function want(detail: Kept): void {
    if (!detail.seen || detail.shown === detail.monitor.lastScan) return;
    waiting.add(detail);
    work();
  }
  function work(): void {
    for (const detail of waiting) {
      if (busy >= AT_ONCE || signal.aborted) return;
      waiting.delete(detail);
      busy += 1;
      void load(detail, signal).finally(() => {
        busy -= 1;
        work();
      });
    }
  }
  return {
    of(monitor) {
      const detail = kept.get(monitor.id) ?? newDetail(monitor);
      if (!kept.has(monitor.id)) {
        kept.set(monitor.id, detail);
        sight.observe(detail.strip);
      }
      detail.monitor = monitor;
      want(detail);
      return detail;
    },
  };
}

function newDetail(monitor: Monitor): Kept {
  const place = () => h('span', {}, '–');
  return {
    ...{ uptime: place(), slow: place(), certificate: place() },
    strip: h('div', { class: 'strip-place', 'data-monitor': monitor.id }),
    ...{ monitor, scans: [], shown: undefined, uptimeMs: 0, seen: false },
  };
}

async function load(detail: Kept, signal: AbortSignal): Promise<void> {
  const { monitor, scans } = detail;
  const path = `/api/v1/monitors/${monitor.id}`;
  detail.shown = monitor.lastScan;
  const last = scans.at(-1)?.slot;
  const sinceMs = nowMs() - (SLOTS + 1) * intervalMs(monitor.interval);
  const start = new Date(last === undefined ? sinceMs : Date.parse(last) + 1).toISOString();
  try {
    const found = await get<readonly Scan[]>(`${path}/scans`, { start }, signal);
    detail.scans = [...scans, ...found].slice(-SLOTS);
    show(detail);
    if (nowMs() - detail.uptimeMs < UPTIME_MS) return;
    detail.uptimeMs = nowMs();
    const { uptime } = await get<MonitorSummary>(`${path}/summary`, { window: '24h' }, signal);
    fill(detail.uptime, uptimeText(uptime));
  } catch (error) {
    if (signal.aborted) return;
    detail.shown = undefined;
    fill(detail.strip, h('span', { class: 'soft' }, messageOf(error)));
  }
}

function show({ scans, strip: place, slow, certificate }: Kept): void {
  fill(place, strip(scans.map(cellOf), stripWords(scans)));
  const good = scans.filter(({ ok }) => ok).map(({ totalMs }) => totalMs);
  fill(slow, span(quantile(good, 0.95)));
  const days = scans.findLast(({ certDays }) => certDays !== undefined)?.certDays;
  fill(certificate, days === undefined ? '–' : certificateDays(days));
}

/** Marked when it ends soon. */
export function certificateDays(days: number): HTMLElement {
  const tone = days < 7 ? 'down' : days < 21 ? 'warned' : '';
  return h('span', { class: tone }, whole(Math.floor(days)));
}
