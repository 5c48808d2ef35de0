/** How the rank and the volume of a pair went, over the time that is seen. */
import type { Metric, RankRuns } from '../../client/types.ts';
import { get, post } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { compact, lengthWords, whole } from '../format.ts';
import { button } from '../parts/button.ts';
import { chart } from '../parts/chart.ts';
import { card, failure, isLeft, loading, nothing } from '../parts/state.ts';
import { nameOf, type Subject } from './pair.ts';
import { lengthText, rangeOf, type Seen, windowMs } from './range.ts';

const HEIGHT_PX = 150;
const WINDOWS_MAX = 300;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface HistoryCard {
  readonly element: HTMLElement;
  load(seen: Seen): Promise<void>;
}

/** A card that is filled anew for what is seen; what was there stays until then. */
function filled(
  title: string,
  signal: AbortSignal,
  make: (seen: Seen, signal: AbortSignal, again: () => void) => Promise<Child>,
): HistoryCard {
  const place = h('div', { class: 'history-place' }, loading());
  let ending: AbortController | undefined;
  async function load(seen: Seen): Promise<void> {
    ending?.abort(new DOMException('another', 'AbortError'));
    const mine = new AbortController();
    ending = mine;
    const both = AbortSignal.any([signal, mine.signal]);
    const again = (): void => void load(seen);
    try {
      const child = await make(seen, both, again);
      if (!mine.signal.aborted) place.replaceChildren(h('div', {}, child));
    } catch (error) {
      if (!isLeft(error)) place.replaceChildren(failure(error, again));
    }
  }
  return { load, element: card({ title, class: 'history' }, place) };
}

function ask({ fromMs, toMs, preset }: Seen) {
  return {
    start: new Date(Math.floor(fromMs)).toISOString(),
    ...(preset === undefined && { stop: new Date(Math.ceil(toMs)).toISOString() }),
  };
}

export function rankCard({ pair }: Subject, signal: AbortSignal): HistoryCard {
  return filled('Rank over time', signal, async (seen, mine) => {
    const window = seen.toMs - seen.fromMs < DAY_MS ? '1h' : '24h';
    const path = `/api/v1/pairs/${encodeURIComponent(pair)}/ranks`;
    const { items } = await get<RankRuns>(path, { ...ask(seen), window }, mine);
    if (items.length === 0) return nothing('It was not ranked in this time.');
    const drawn = chart({
      label: `The rank of ${pair} by volatility over time; 1 moves most`,
      ...{ heightPx: HEIGHT_PX, signal: mine, format: whole },
      times: items.map(({ time }) => Date.parse(time) / 1000),
      lines: [{ label: 'rank', values: items.map(({ rank }) => rank) }],
    });
    drawn.view(rangeOf(seen));
    const about = `Among ${items.at(-1)?.of} pairs, by the last ${lengthWords(window)}; 1 moves most.`;
    return [drawn.element, h('p', { class: 'hint' }, about)];
  });
}

interface Recorded {
  readonly timestamp: string;
  readonly value: number;
}

export function volumeCard(subject: Subject, signal: AbortSignal): HistoryCard {
  return filled('Volume', signal, async (seen, mine, again) => {
    const wanted = { pair: nameOf(subject), metric: 'volume' };
    const [metric] = await get<readonly Metric[]>('/api/v1/metrics', wanted, mine);
    if (metric === undefined) return offerOf(subject, again);
    const every = lengthText(windowMs(seen, WINDOWS_MAX, MINUTE_MS));
    const path = `/api/v1/metrics/${metric.id}/records`;
    const records = await get<readonly Recorded[]>(path, { ...ask(seen), every }, mine);
    if (records.length === 0) return nothing('No volume is recorded of this time.');
    const drawn = chart({
      label: `Volume of ${nameOf(subject)} in the 24 hours before each time`,
      ...{ heightPx: HEIGHT_PX, signal: mine, format: compact },
      times: records.map(({ timestamp }) => Date.parse(timestamp) / 1000),
      lines: [{ label: 'volume', filled: true, values: records.map(({ value }) => value) }],
    });
    drawn.view(rangeOf(seen));
    const about = `In ${subject.base.toUpperCase()}, of the 24 hours before, over all exchanges.`;
    return [drawn.element, h('p', { class: 'hint' }, about)];
  });
}

/** Where the volume is not recorded: that, and how it would be. */
function offerOf(subject: Subject, again: () => void): Child {
  const record = button({
    label: 'Record the volume',
    async act() {
      await post('/api/v1/metrics', { pair: nameOf(subject), metric: 'volume' });
      again();
      return `The volume of ${nameOf(subject)} is recorded from now on.`;
    },
  });
  return [nothing('The volume of this pair is not recorded.'), record];
}
