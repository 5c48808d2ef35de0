/** Lines over time, by uPlot: drag to zoom, double click or Escape to see all again. */
import type uPlotType from 'uplot';
import { h } from '../dom.ts';
import { compact } from '../format.ts';
import { legend } from './chart-legend.ts';
import { type Line, summaryOf } from './chart-lines.ts';
import { type Mark, marksOver } from './chart-marks.ts';
import { dataOf, type Range, settingsOf } from './chart-plot.ts';

/** index.html loads it before this. */
declare const uPlot: typeof uPlotType;

export type { Line } from './chart-lines.ts';
export type { Mark } from './chart-marks.ts';
export type { Range } from './chart-plot.ts';

export interface ChartOptions {
  /** Said to screen readers: what is drawn. */
  readonly label: string;
  readonly heightPx?: number;
  /** Seconds since the epoch, rising. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** The lines stand one upon another, the first at the bottom, as filled areas. */
  readonly stacked?: boolean;
  /** Points no further apart than this are joined, whatever lies between them; seconds. */
  readonly bridgeS?: number;
  format?(value: number | null): string;
  formatRight?(value: number | null): string;
  /** Told of the range that is seen, in seconds; undefined: all of it. */
  onZoom?(range: Range | undefined): void;
  /** Told of the marks behind a button that stands for several. */
  onMarks?(marks: readonly Mark[]): void;
  /** Ends the chart. */
  readonly signal: AbortSignal;
}

export interface Chart {
  readonly element: HTMLElement;
  /** Other data; what is hidden stays so while the lines have the same names. */
  update(times: readonly number[], lines: readonly Line[]): void;
  /** The range to be seen, in seconds; undefined: all that there is. */
  view(range: Range | undefined): void;
  marks(marks: readonly Mark[]): void;
}

export function chart(options: ChartOptions): Chart {
  const { signal, heightPx = 280, format = compact, formatRight = compact, onZoom } = options;
  const stack = options.stacked ?? false;
  let { times, lines } = options;
  let plot: uPlotType | undefined;
  let seen: Range | undefined;
  const over = marksOver((marks) => options.onMarks?.(marks));
  const names = legend({
    format: (line, value) => (line.right ? formatRight : format)(value),
    onToggle,
  });
  const parts = partsOf(options.label, heightPx, [over.element, names.element]);

  function onToggle(at: number, shown: boolean): void {
    lines = lines.map((line, index) => (index === at ? { ...line, hidden: !shown } : line));
    if (stack) plot?.setData(drawn());
    else plot?.setSeries(at + 1, { show: shown });
  }
  /** Stacked areas that are hidden are flat, so that the others come down. */
  function drawn(): uPlotType.AlignedData {
    const flat = (line: Line): Line => ({ ...line, values: line.values.map(() => 0) });
    return dataOf(times, stack ? lines.map((one) => (one.hidden ? flat(one) : one)) : lines, stack);
  }
  function view(range: Range | undefined): void {
    seen = range;
    plot?.setData(plot.data);
  }
  function zoom(range: Range | undefined): void {
    view(range);
    onZoom?.(range);
  }
  function draw(): void {
    plot?.destroy();
    plot = undefined;
    const width = parts.plot.clientWidth;
    if (width === 0) return;
    const settings = settingsOf(
      {
        ...{ lines, stacked: stack, dark: isDark(), format, formatRight },
        bridgeS: options.bridgeS ?? 0,
        view: () => seen,
        onSelect: zoom,
        onCursor: (at) => names.point(times, at),
        onDraw: over.place,
      },
      { width, height: heightPx },
    );
    plot = new uPlot(settings, drawn(), parts.plot);
  }
  function tell(anew: boolean): void {
    if (anew) names.set(lines, isDark());
    else names.update(lines);
    names.point(times, null);
    parts.summary.textContent = summaryOf(lines, format);
  }
  function redraw(): void {
    draw();
    tell(true);
  }
  tell(true);
  parts.box.addEventListener('dblclick', () => zoom(undefined));
  parts.box.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape' && seen !== undefined) zoom(undefined);
  });
  follow(parts.plot, signal, {
    onTheme: redraw,
    onWidth(width) {
      if (plot === undefined) draw();
      else if (width !== plot.width) plot.setSize({ width, height: heightPx });
    },
  });
  signal.addEventListener('abort', () => plot?.destroy(), { once: true });
  return {
    element: parts.element,
    view,
    marks(marks) {
      over.set(marks);
      if (plot !== undefined) over.place(plot);
    },
    update(nextTimes, nextLines) {
      const same = sameNames(lines, nextLines);
      const hidden = (at: number): boolean => lines[at]?.hidden ?? false;
      times = nextTimes;
      lines = same ? nextLines.map((line, at) => ({ ...line, hidden: hidden(at) })) : nextLines;
      if (same && plot !== undefined) plot.setData(drawn());
      else draw();
      tell(!same);
    },
  };
}

function partsOf(label: string, heightPx: number, rest: readonly [HTMLElement, HTMLElement]) {
  const [marks, legend] = rest;
  const plot = h('div', {
    class: 'chart-plot',
    role: 'img',
    'aria-label': label,
    style: { height: `${heightPx}px` },
  });
  const summary = h('p', { class: 'unseen' });
  const box = h('div', { class: 'chart-box' }, plot, marks);
  return { plot, summary, box, element: h('div', { class: 'chart' }, box, legend, summary) };
}

function sameNames(a: readonly Line[], b: readonly Line[]): boolean {
  return a.length === b.length && a.every(({ label }, at) => label === b[at]?.label);
}

function isDark(): boolean {
  return getComputedStyle(document.documentElement).colorScheme === 'dark';
}

interface Changes {
  onTheme(): void;
  onWidth(width: number): void;
}

/** Tells of another width and of another theme, until the signal. */
function follow(element: HTMLElement, signal: AbortSignal, { onTheme, onWidth }: Changes): void {
  const sizes = new ResizeObserver(() => {
    if (element.clientWidth > 0) onWidth(element.clientWidth);
  });
  sizes.observe(element);
  signal.addEventListener('abort', () => sizes.disconnect(), { once: true });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', onTheme, { signal });
  document.addEventListener('theme', onTheme, { signal });
}
