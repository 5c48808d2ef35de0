/** The chart of a pair: a line an exchange, their median, and what happened as marks. */
import { h } from '../dom.ts';
import { price } from '../format.ts';
import { choice } from '../parts/button.ts';
import { type Chart, chart, type Line, type Mark } from '../parts/chart.ts';
import { showDialog } from '../parts/show.ts';
import { PRESETS, rangeOf, type Seen } from './range.ts';
import { medianLine, type Series } from './series.ts';

const HEIGHT_PX = 380;
/** What is filled in after the fact has a price a minute. */
const BRIDGE_S = 65;

export interface PriceChartOptions {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly seen: Seen;
  onPreset(preset: string): void;
  /** Seconds since the epoch; undefined: back to all. */
  onZoom(range: { readonly from: number; readonly to: number } | undefined): void;
}

export interface PriceChart {
  readonly element: HTMLElement;
  readonly controls: HTMLElement;
  show(series: Series, seen: Seen): void;
  marks(marks: readonly Mark[]): void;
}

export function priceChart(options: PriceChartOptions): PriceChart {
  const back = h(
    'button',
    { type: 'button', class: 'small', onclick: () => options.onZoom(undefined) },
    'Back to all',
  );
  const presets = choice({
    label: 'How much time',
    choices: PRESETS,
    value: options.seen.preset ?? '',
    onChoose: options.onPreset,
  });
  const tellSeen = ({ preset }: Seen): void => {
    back.hidden = preset !== undefined;
    for (const button of presets.querySelectorAll<HTMLElement>('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.value === preset));
    }
  };
  tellSeen(options.seen);
  const drawn: Chart = chart({
    label: `Price of ${options.name} on each exchange`,
    ...{ heightPx: HEIGHT_PX, times: [], lines: [], signal: options.signal, format: price },
    bridgeS: BRIDGE_S,
    onZoom: options.onZoom,
    onMarks: showMarks,
  });
  return {
    element: drawn.element,
    controls: h('div', { class: 'row' }, back, presets),
    show(series, seen) {
      tellSeen(seen);
      drawn.view(seen.preset === undefined ? rangeOf(seen) : undefined);
      drawn.update(series.times, linesOf(series));
    },
    marks: (marks) => drawn.marks(marks),
  };
}

/** By name, so that an exchange keeps its look; the median first, above the others. */
export function linesOf(series: Series): readonly Line[] {
  const names = [...series.lines.keys()].sort();
  const lines = names.map((label): Line => ({ label, values: series.lines.get(label)! }));
  if (lines.length < 2) return lines;
  const values = medianLine(lines.map((line) => line.values));
  return [...lines, { label: 'median', values, color: MEDIAN, width: 2.5 }];
}

/** Ink: no exchange has it. */
const MEDIAN = '--ink';

/** Behind a button that stands for several marks. */
function showMarks(marks: readonly Mark[]): void {
  const items = marks.map((mark) => {
    const open = (event: Event): void => {
      (event.currentTarget as HTMLElement).closest('dialog')?.close();
      mark.open();
    };
    return h('li', {}, h('button', { type: 'button', class: 'link', onclick: open }, mark.text));
  });
  showDialog(`${marks.length} at this time`, h('ul', { class: 'marked' }, items));
}
