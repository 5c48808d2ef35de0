/** What happened around a pair: news of its base, and alerts; marks on the chart, and a list. */
import type { AlertEvents, Articles } from '../../client/types.ts';
import { get } from '../api.ts';
import { fill, h } from '../dom.ts';
import { moment, price } from '../format.ts';
import type { Mark } from '../parts/chart.ts';
import { badge } from '../parts/figure.ts';
import { nothing } from '../parts/state.ts';
import type { Subject } from './pair.ts';
import type { Seen } from './range.ts';

const NEWS_MAX = 100;
const ALERTS_MAX = 200;

export interface Happening {
  readonly id: string;
  readonly kind: 'news' | 'alert';
  readonly timeMs: number;
  readonly text: string;
  /** An address to go to; undefined: there is none. */
  readonly href: string | undefined;
}

/** The newest first. */
export async function readHappenings(
  subject: Subject,
  seen: Seen,
  signal: AbortSignal,
): Promise<readonly Happening[]> {
  const [news, alerts] = await Promise.all([
    readNews(subject, seen, signal),
    readAlerts(subject, signal),
  ]);
  return [...news, ...alerts]
    .filter(({ timeMs }) => timeMs >= seen.fromMs && timeMs <= seen.toMs)
    .sort((a, b) => b.timeMs - a.timeMs);
}

async function readNews({ base }: Subject, seen: Seen, signal: AbortSignal) {
  const { items } = await get<Articles>(
    '/api/v1/articles',
    {
      symbol: base.toUpperCase(),
      limit: NEWS_MAX,
      start: new Date(Math.floor(seen.fromMs)).toISOString(),
      ...(seen.preset === undefined && { stop: new Date(Math.ceil(seen.toMs)).toISOString() }),
    },
    signal,
  );
  return items.map(({ id, title, url, published, seen: when }): Happening => {
    const timeMs = Date.parse(published ?? when);
    return { id: `news-${id}`, kind: 'news', text: title, href: outside(url), timeMs };
  });
}

/** Only what leads to a page: a feed may say anything. */
function outside(url: string | null): string | undefined {
  return url !== null && /^https?:\/\//i.test(url) ? url : undefined;
}

async function readAlerts({ pair }: Subject, signal: AbortSignal) {
  const query = { pair, limit: ALERTS_MAX };
  const { items } = await get<AlertEvents>('/api/v1/alerts/events', query, signal);
  return items.map(({ id, alert, exchange, time, value, average, outcome }): Happening => {
    const than = average === null ? '' : `, mean ${price(average)}`;
    const where = exchange === null ? '' : ` on ${exchange}`;
    return {
      ...{ id: `alert-${id}`, kind: 'alert', timeMs: Date.parse(time) },
      text: `Alert ${alert}${where}: ${price(value)}${than} (${outcome})`,
      href: `#/alerts/${alert}`,
    };
  });
}

/** The list; a mark leads to its row. */
export function happeningsList() {
  const element = h('div', { class: 'happenings' });
  const rows = new Map<string, HTMLElement>();
  const open = (id: string): void => {
    const row = rows.get(id);
    row?.scrollIntoView({ block: 'nearest' });
    row?.focus({ preventScroll: true });
  };
  return {
    element,
    marks(happenings: readonly Happening[]): readonly Mark[] {
      return happenings.map(({ id, kind, text, timeMs }) => {
        return { time: timeMs / 1000, kind, text, open: () => open(id) };
      });
    },
    show(happenings: readonly Happening[]): void {
      rows.clear();
      if (happenings.length === 0) {
        fill(element, nothing('No news and no alert in this time.'));
        return;
      }
      const items = happenings.map((one) => {
        const row = rowOf(one);
        rows.set(one.id, row);
        return row;
      });
      fill(element, h('ul', {}, items));
    },
  };
}

function rowOf({ kind, timeMs, text, href }: Happening): HTMLElement {
  const away = href?.startsWith('http') && { target: '_blank', rel: 'noreferrer' };
  return h(
    'li',
    { tabindex: -1 },
    h('time', { datetime: new Date(timeMs).toISOString() }, moment(timeMs)),
    badge(kind, kind === 'alert' ? 'bad' : 'none'),
    href === undefined ? h('span', {}, text) : h('a', { href, ...away }, text),
  );
}
