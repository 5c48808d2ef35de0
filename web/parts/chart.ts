/** Lines over time, by uPlot: drag to zoom, double click (or Escape) to see all again. */
import type uPlotType from 'uplot';
import { h } from '../dom.ts';
import { compact } from '../format.ts';

/** index.html loads it before this. */
declare const uPlot: typeof uPlotType;

export interface Line {
  readonly label: string;
  /** One for each of `times`; null where there is none. */
  readonly values: readonly (number | null)[];
  /** A CSS colour; absent: the next of the palette. */
  readonly color?: string;
  /** Filled down to the axis, as for stacked areas. */
  readonly filled?: boolean;
  readonly dash?: readonly number[];
  /** Has an axis of its own at the right. */
  readonly right?: boolean;
}

export interface ChartOptions {
  /** Said to screen readers: what is drawn. */
  readonly label: string;
  readonly heightPx?: number;
  /** Seconds since the epoch, rising. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  format?(value: number | null): string;
  formatRight?(value: number | null): string;
  /** Told of the range that is seen, in seconds; undefined: all of it. */
  onZoom?(range: { readonly from: number; readonly to: number } | undefined): void;
  /** Ends the chart. */
  readonly signal: AbortSignal;
}

export interface Chart {
  readonly element: HTMLElement;
  update(times: readonly number[], lines: readonly Line[]): void;
}

/** Colours that stay apart for the colour-blind, in light and dark (after Okabe and Ito). */
export const PALETTE = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#8a7bd8',
  '#7f8c4d',
];

export function chart(options: ChartOptions): Chart {
  const { label, signal, heightPx = 280 } = options;
  const element = h('div', { class: 'chart', role: 'img', 'aria-label': label });
  let { times, lines } = options;
  let plot: uPlotType | undefined;
  const draw = (): void => {
    plot?.destroy();
    const width = element.clientWidth;
    if (width === 0) return;
    plot = new uPlot(
      settingsOf(options, lines, { width, height: heightPx }),
      dataOf(times, lines),
      element,
    );
  };
  const sizes = new ResizeObserver(() => {
    const width = element.clientWidth;
    if (plot === undefined) draw();
    else if (width > 0 && width !== plot.width) plot.setSize({ width, height: heightPx });
  });
  sizes.observe(element);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', draw, { signal });
  document.addEventListener('theme', draw, { signal });
  signal.addEventListener('abort', () => {
    sizes.disconnect();
    plot?.destroy();
  });
  return {
    element,
    update(nextTimes, nextLines) {
      const same =
        nextLines.length === lines.length &&
        nextLines.every((line, at) => line.label === lines[at]?.label);
      times = nextTimes;
      lines = nextLines;
      if (same && plot !== undefined) plot.setData(dataOf(times, lines));
      else draw();
    },
  };
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlotType.AlignedData {
  return [times, ...lines.map(({ values }) => values)] as unknown as uPlotType.AlignedData;
}

function settingsOf(
  options: ChartOptions,
  lines: readonly Line[],
  size: { width: number; height: number },
): uPlotType.Options {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue('--ink-soft').trim();
  const grid = style.getPropertyValue('--line').trim();
  const font = '11px system-ui, sans-serif';
  const axis = {
    stroke: ink,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    font,
  };
  const { format = compact, formatRight = compact, onZoom } = options;
  const right = lines.some((line) => line.right === true);
  const values = (show: (value: number | null) => string) => (_: uPlotType, ticks: number[]) =>
    ticks.map(show);
  return {
    ...size,
    cursor: { focus: { prox: 24 }, drag: { x: true, y: false } },
    focus: { alpha: 0.35 },
    scales: { x: { time: true } },
    axes: [
      axis,
      { ...axis, size: 64, values: values(format) },
      ...(right
        ? [
            {
              ...axis,
              side: 1 as const,
              scale: 'right',
              size: 56,
              grid: { show: false },
              values: values(formatRight),
            },
          ]
        : []),
    ],
    series: [{}, ...lines.map((line, at) => seriesOf(line, at, line.right ? formatRight : format))],
    hooks: {
      setSelect: [
        ({ posToVal, select: { left, width } }) => {
          if (width > 0) onZoom?.({ from: posToVal(left, 'x'), to: posToVal(left + width, 'x') });
        },
      ],
    },
  };
}

function seriesOf(
  line: Line,
  at: number,
  format: (value: number | null) => string,
): uPlotType.Series {
  const stroke = line.color ?? PALETTE[at % PALETTE.length]!;
  return {
    label: line.label,
    stroke,
    width: 1.5,
    spanGaps: false,
    points: { show: false },
    value: (_, value) => format(value),
    ...(line.right && { scale: 'right' }),
    ...(line.filled && { fill: `${stroke}40` }),
    ...(line.dash && { dash: [...line.dash] }),
  };
}
