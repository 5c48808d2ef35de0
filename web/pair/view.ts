/** What is seen of a pair's prices: zoom, presets, and the newest as they come. */
import { fill, h } from '../dom.ts';
import { ago, lengthMs } from '../format.ts';
import { onEvents } from '../live.ts';
import type { PageContext } from '../pages/page.ts';
import type { Mark } from '../parts/chart.ts';
import { failure, isLeft } from '../parts/state.ts';
import { every, later, nowMs } from '../time.ts';
import { priceChart } from './chart.ts';
import type { Wanted } from './export.ts';
import { nameOf, type Subject } from './pair.ts';
import { addTail, type Loaded, loadPrices, pathOf, queryOf, readTail } from './prices.ts';
import { presetSeen, type Seen, seenOf, zoomed } from './range.ts';
import { medianLine, newestOf, type Price } from './series.ts';

/** However often prices come, they are fetched no more often than this. */
const TAIL_MS = 2_000;

export interface ViewTold {
  /** Another stretch of time is seen; what is on the chart can be had by this. */
  onSeen(seen: Seen, wanted: Wanted): void;
  /** The newest prices, and by what part of one the median changed over the time seen. */
  onNewest(prices: ReadonlyMap<string, Price>, change: number | undefined): void;
}

export interface PriceView {
  readonly element: HTMLElement;
  seen(): Seen;
  marks(marks: readonly Mark[]): void;
  start(): void;
}

export function priceView(subject: Subject, context: PageContext, told: ViewTold): PriceView {
  const { signal, setQuery } = context;
  let seen = seenOf(context.query, nowMs());
  let preset = seen.preset ?? '24h';
  let loaded: Loaded | undefined;
  let newest: ReadonlyMap<string, Price> = new Map();
  let ending: AbortController | undefined;
  const trouble = h('div', { class: 'chart-trouble' });
  const drawn = priceChart({
    ...{ name: nameOf(subject), signal, seen },
    onPreset: (value) => void look(presetSeen(value, nowMs())),
    onZoom: (range) => {
      if (range === undefined) void look(presetSeen(preset, nowMs()));
      else void look(zoomed(range.from * 1000, range.to * 1000, nowMs()));
    },
  });

  async function look(next: Seen): Promise<void> {
    seen = next;
    preset = next.preset ?? preset;
    ending?.abort(new DOMException('another', 'AbortError'));
    const mine = new AbortController();
    ending = mine;
    setQuery(next.preset === undefined ? secondsOf(next) : { range: next.preset });
    element.setAttribute('aria-busy', 'true');
    try {
      loaded = await loadPrices(subject, next, AbortSignal.any([signal, mine.signal]));
      fill(trouble);
      show();
      told.onSeen(next, wantedOf(subject, next, loaded.everyMs));
    } catch (error) {
      if (isLeft(error)) return;
      fill(
        trouble,
        failure(error, () => void look(next)),
      );
    }
    if (ending === mine) element.setAttribute('aria-busy', 'false');
  }
  function show(): void {
    if (loaded === undefined) return;
    drawn.show(loaded.series, seen);
    told.onNewest(newest, changeOf(loaded));
  }
  /** Only what is new is fetched; a stretch that stands still keeps its chart. */
  async function follow(): Promise<void> {
    const tail = await readTail(subject, signal);
    newest = newestOf(tail);
    if (loaded === undefined) return;
    if (seen.preset !== undefined) {
      addTail(loaded.series, tail);
      const series = loaded.series.trim(nowMs() - (lengthMs(seen.preset) ?? 0));
      loaded = { ...loaded, series };
      seen = presetSeen(seen.preset, nowMs());
    }
    show();
  }
  const element = h(
    'div',
    { class: 'price-view', 'aria-busy': 'true' },
    h('div', { class: 'card-head' }, h('h2', {}, 'Price'), drawn.controls),
    trouble,
    drawn.element,
  );
  return {
    element,
    seen: () => seen,
    marks: (marks) => drawn.marks(marks),
    start() {
      void look(seen);
      void quietly(follow);
      followEvents(signal, () => quietly(follow));
      every(1_000, signal, tellAges);
    },
  };
}

/** The next event tries again: a page that follows says nothing of one that failed. */
async function quietly(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch {
    // The dot in the frame tells whether the API is away.
  }
}

/** Calls `act` after prices were stored, one at a time and not too often. */
function followEvents(signal: AbortSignal, act: () => Promise<void>): void {
  let waiting = false;
  onEvents(['price'], signal, () => {
    if (waiting) return;
    waiting = true;
    later(TAIL_MS, async () => {
      if (!signal.aborted) await act();
      waiting = false;
    });
  });
}

function tellAges(): void {
  const now = nowMs();
  for (const element of document.querySelectorAll<HTMLElement>('.page-pair [data-at]')) {
    const text = ago(element.dataset.at, now);
    if (element.textContent !== text) element.textContent = text;
  }
}

function secondsOf({ fromMs, toMs }: Seen): Record<string, string> {
  return { from: (fromMs / 1000).toFixed(3), to: (toMs / 1000).toFixed(3) };
}

function wantedOf(subject: Subject, seen: Seen, everyMs: number): Wanted {
  return { path: pathOf(subject), query: queryOf(seen, everyMs), name: `${subject.pair}-prices` };
}

/** From the first to the last window in which half of the exchanges have a price. */
function changeOf({ series }: Loaded): number | undefined {
  const middle = medianLine([...series.lines.values()]);
  const first = middle.find((value) => value !== null);
  const last = middle.findLast((value) => value !== null);
  return first && last ? last / first - 1 : undefined;
}
