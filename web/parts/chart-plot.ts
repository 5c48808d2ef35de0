/** The settings of uPlot for a chart of ours. */
import uPlot from 'uplot';
import { type Line, lonely, lookOf, stacked } from './chart-lines.ts';

export interface Range {
  /** Seconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

export interface PlotOptions {
  readonly lines: readonly Line[];
  readonly stacked: boolean;
  /** Points no further apart than this are joined, seconds; others where they are neighbours. */
  readonly bridgeS: number;
  readonly dark: boolean;
  readonly format: (value: number | null) => string;
  readonly formatRight: (value: number | null) => string;
  /** The range that is seen; undefined: all that there is. */
  readonly view: () => Range | undefined;
  readonly onSelect: (range: Range) => void;
  readonly onCursor: (index: number | null) => void;
  readonly onDraw: (plot: uPlot) => void;
}

const FONT = '11px system-ui, sans-serif';
/** More than these are thin: they stay apart, and painting takes a third (bench/dashboard.ts). */
const FEW_LINES = 8;
/** A drag shorter than this is a click. */
const DRAG_PX_MIN = 6;

/** Stacked ones come as their tops; one that is hidden is flat, so that the others come down. */
export function dataOf(
  times: readonly number[],
  lines: readonly Line[],
  stack: boolean,
): uPlot.AlignedData {
  const flat = (line: Line): Line => ({ ...line, values: line.values.map(() => 0) });
  const values = stack
    ? stacked(lines.map((line) => (line.hidden ? flat(line) : line)))
    : lines.map((line) => line.values);
  return [times, ...values] as unknown as uPlot.AlignedData;
}

export function settingsOf(
  options: PlotOptions,
  size: { readonly width: number; readonly height: number },
): uPlot.Options {
  const { lines, view, onCursor, onDraw } = options;
  const upper = options.stacked ? lines.map((_, at) => at + 1).slice(1) : [];
  return {
    ...size,
    padding: [8, lines.some(({ right }) => right) ? 0 : 12, 0, 0],
    legend: { show: false },
    cursor: {
      focus: { prox: 24 },
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => null },
    },
    focus: { alpha: 0.3 },
    scales: {
      x: {
        time: true,
        range: (_, least, most) => {
          const seen = view();
          return seen === undefined ? [least, most] : [seen.from, seen.to];
        },
      },
      ...(options.stacked && { y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] } }),
      right: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] },
    },
    axes: axesOf(options),
    bands: upper.map((at) => ({ series: [at, at - 1] as [number, number] })),
    series: [{}, ...lines.map((line, at) => seriesOf(line, at, options))],
    hooks: {
      setSelect: [(plot) => select(plot, options)],
      setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)],
      draw: [onDraw],
    },
  };
}

function select(plot: uPlot, { onSelect }: PlotOptions): void {
  const { left, width } = plot.select;
  if (width < DRAG_PX_MIN) return;
  const range = { from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') };
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onSelect(range);
}

function axesOf({ lines, format, formatRight }: PlotOptions): uPlot.Axis[] {
  const style = getComputedStyle(document.documentElement);
  const stroke = style.getPropertyValue('--ink-soft').trim();
  const grid = { stroke: style.getPropertyValue('--line').trim(), width: 1 };
  const axis = { stroke, grid, ticks: { ...grid, size: 4 }, font: FONT };
  const told = (show: (value: number | null) => string) => (_: uPlot, ticks: number[]) =>
    ticks.map(show);
  const times: uPlot.Axis = { ...axis, size: 34, values: TIMES };
  const left: uPlot.Axis = { ...axis, size: widthOf, values: told(format) };
  if (!lines.some(({ right }) => right)) return [times, left];
  const rest = { side: 1 as const, scale: 'right', grid: { show: false } };
  return [times, left, { ...axis, ...rest, size: widthOf, values: told(formatRight) }];
}

/** Hours of the day as 24, days by number first: the same everywhere. */
const TIMES: uPlot.Axis.Values = [
  [31_536_000, '{YYYY}', null, null, null, null, null, null, 1],
  [2_419_200, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [86_400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [3600, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [60, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
];

/** As wide as the longest text, in steps, so that it moves seldom. */
function widthOf(_: uPlot, values: string[] | null): number {
  const longest = Math.max(0, ...(values ?? []).map((text) => text.length));
  return 16 + Math.ceil(Math.max(longest, 4) / 2) * 14;
}

function seriesOf(line: Line, at: number, options: PlotOptions): uPlot.Series {
  const look = lookOf(at, options.dark);
  const stroke = plainColor(line.color ?? look.color);
  const filled = line.filled === true || options.stacked;
  const dash = line.dash ?? (filled || line.bars || line.color ? [] : look.dash);
  const fill = `${stroke}${options.stacked ? '8c' : '38'}`;
  const bars = line.bars === true && uPlot.paths.bars?.({ size: [0.8, 24], align: 1 });
  return {
    label: line.label,
    stroke,
    show: options.stacked || line.hidden !== true,
    width: line.bars ? 0 : (line.width ?? (options.lines.length > FEW_LINES ? 1 : 1.5)),
    spanGaps: false,
    gaps: (plot, ...rest) => rest[3].filter((gap) => isWide(plot, gap, options.bridgeS)),
    points: {
      show: (plot, seriesAt) => lonelyOf(plot, seriesAt, options.bridgeS).length > 0,
      filter: (plot, seriesAt) => lonelyOf(plot, seriesAt, options.bridgeS),
      size: 4,
      fill: stroke,
    },
    ...(bars && { paths: bars }),
    ...(line.right && { scale: 'right' }),
    ...((filled || line.bars) && { fill }),
    ...(dash.length > 0 && { dash: [...dash] }),
  };
}

/** What a canvas can paint with: tokens are of the page. */
function plainColor(color: string): string {
  if (!color.startsWith('--')) return color;
  return getComputedStyle(document.documentElement).getPropertyValue(color).trim();
}

function lonelyOf(plot: uPlot, at: number, bridgeS: number): number[] {
  return plot.series[at]?.show ? lonely(plot.data[0], plot.data[at] ?? [], bridgeS) : [];
}

/** Whether a gap, in pixels of the canvas, is too long to be bridged. */
function isWide({ bbox, scales }: uPlot, [from, to]: [number, number], bridgeS: number): boolean {
  const { min, max } = scales.x ?? {};
  if (typeof min !== 'number' || typeof max !== 'number' || max <= min) return true;
  return ((to - from) * (max - min)) / bbox.width > bridgeS;
}
