/** Lines over time, by uPlot: drag to zoom, or + - and arrows; double click or Escape goes back. */
import uPlot from 'uplot';
import { h } from '../dom.ts';
import { compact } from '../format.ts';
import { type Legend, legend } from './chart-legend.ts';
import { type Line, summaryOf } from './chart-lines.ts';
import { type Mark, type Marks, marksOver } from './chart-marks.ts';
import { dataOf, type Range, settingsOf } from './chart-plot.ts';

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
  /** Of the values that are read off, where the axis has rounder ones; absent: as the axis. */
  formatValue?(value: number | null): string;
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
  return new LineChart(options);
}

class LineChart implements Chart {
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  readonly #place: HTMLElement;
  readonly #summary: HTMLElement;
  readonly #marks: Marks;
  readonly #legend: Legend;
  #times: readonly number[];
  #lines: readonly Line[];
  #seen: Range | undefined;
  #plot: uPlot | undefined;

  constructor(options: ChartOptions) {
    const { times, lines, signal } = options;
    this.#options = options;
    this.#times = times;
    this.#lines = lines;
    this.#marks = marksOver((marks) => options.onMarks?.(marks));
    this.#legend = legend({
      format: (line, value) => this.#formatOf(line)(value),
      onToggle: (at, shown) => this.#toggle(at, shown),
    });
    const { plot, box, summary, element } = partsOf(options, this.#height, [
      this.#marks.element,
      this.#legend.element,
    ]);
    this.#place = plot;
    this.#summary = summary;
    this.element = element;
    this.#tell(true);
    box.addEventListener('dblclick', () => this.#zoom(undefined));
    if (options.onZoom !== undefined) {
      zoomByKeys(
        plot,
        () => this.#plot?.scales.x,
        (range) => {
          if (range !== undefined || this.#seen !== undefined) this.#zoom(range);
        },
      );
    }
    follow(plot, signal, {
      onTheme: () => this.#redraw(),
      onWidth: (width) => this.#resize(width),
    });
    signal.addEventListener('abort', () => this.#plot?.destroy(), { once: true });
  }

  view(range: Range | undefined): void {
    if (range?.from === this.#seen?.from && range?.to === this.#seen?.to) return;
    this.#seen = range;
    this.#plot?.setData(this.#plot.data);
  }

  marks(marks: readonly Mark[]): void {
    this.#marks.set(marks);
    if (this.#plot !== undefined) this.#marks.place(this.#plot);
  }

  update(times: readonly number[], lines: readonly Line[]): void {
    const known = this.#lines;
    const same = sameNames(known, lines);
    this.#times = times;
    this.#lines = same
      ? lines.map((line, at) => ({ ...line, hidden: known[at]?.hidden ?? false }))
      : lines;
    if (same && this.#plot !== undefined) this.#plot.setData(this.#data());
    else this.#draw();
    this.#tell(!same);
  }

  get #height(): number {
    return this.#options.heightPx ?? 280;
  }

  #format(right = false): (value: number | null) => string {
    const { format = compact, formatRight = compact } = this.#options;
    return right ? formatRight : format;
  }

  #formatOf({ right }: Line): (value: number | null) => string {
    return (right ? undefined : this.#options.formatValue) ?? this.#format(right);
  }

  #data(): uPlot.AlignedData {
    return dataOf(this.#times, this.#lines, this.#options.stacked === true);
  }

  #zoom(range: Range | undefined): void {
    this.view(range);
    this.#options.onZoom?.(range);
  }

  #toggle(at: number, shown: boolean): void {
    this.#lines = this.#lines.map((line, index) => {
      return index === at ? { ...line, hidden: !shown } : line;
    });
    if (this.#options.stacked) this.#plot?.setData(this.#data());
    else this.#plot?.setSeries(at + 1, { show: shown });
  }

  #draw(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    const width = this.#place.clientWidth;
    if (width === 0) return;
    const { stacked = false, bridgeS = 0 } = this.#options;
    const settings = settingsOf(
      {
        ...{ lines: this.#lines, stacked, bridgeS, dark: isDark() },
        ...{ format: this.#format(), formatRight: this.#format(true) },
        view: () => this.#seen,
        onSelect: (range) => this.#zoom(range),
        onCursor: (at) => this.#legend.point(this.#times, at),
        onDraw: (plot) => this.#marks.place(plot),
      },
      { width, height: this.#height },
    );
    this.#plot = new uPlot(settings, this.#data(), this.#place);
  }

  #resize(width: number): void {
    if (this.#plot === undefined) this.#draw();
    else if (width !== this.#plot.width) this.#plot.setSize({ width, height: this.#height });
  }

  /** In words, and by name. `anew`: the lines are others, or look otherwise. */
  #tell(anew: boolean): void {
    if (anew) this.#legend.set(this.#lines, isDark());
    else this.#legend.update(this.#lines);
    this.#legend.point(this.#times, null);
    this.#summary.textContent = summaryOf(this.#lines, (line) => this.#formatOf(line));
  }

  #redraw(): void {
    this.#draw();
    this.#tell(true);
  }
}

/** What keys make of the range that is seen. */
const KEYS: Readonly<Record<string, (range: Range) => Range>> = {
  '+': ({ from, to }) => ({ from: from + (to - from) / 4, to: to - (to - from) / 4 }),
  '-': ({ from, to }) => ({ from: from - (to - from) / 2, to: to + (to - from) / 2 }),
  ArrowLeft: ({ from, to }) => ({ from: from - (to - from) / 4, to: to - (to - from) / 4 }),
  ArrowRight: ({ from, to }) => ({ from: from + (to - from) / 4, to: to + (to - from) / 4 }),
};

/** `zoom` is told of the next range, of undefined to go back. */
function zoomByKeys(
  element: HTMLElement,
  scale: () => uPlot.Scale | undefined,
  zoom: (range: Range | undefined) => void,
): void {
  element.addEventListener('keydown', (event) => {
    const { min, max } = scale() ?? {};
    const next = KEYS[event.key];
    if (event.key === 'Escape') zoom(undefined);
    else if (next === undefined || typeof min !== 'number' || typeof max !== 'number') return;
    else zoom(next({ from: min, to: max }));
    event.preventDefault();
  });
}

function partsOf(
  { label, onZoom }: ChartOptions,
  heightPx: number,
  rest: readonly [HTMLElement, HTMLElement],
) {
  const [marks, legend] = rest;
  const plot = h('div', {
    class: 'chart-plot',
    role: 'img',
    tabindex: onZoom && 0,
    title: onZoom && 'Drag to look closer; by keyboard + - and arrows; Escape goes back',
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
