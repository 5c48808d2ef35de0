/** What a chart draws, and how lines are told apart and stacked. Pure: no page needed. */

export interface Line {
  readonly label: string;
  /** One for each of the chart's times; null where there is none. */
  readonly values: readonly (number | null)[];
  /** A CSS colour, or a token of style.css (`--bad`); absent: the next of the palette. */
  readonly color?: string;
  /** Filled down to the axis. */
  readonly filled?: boolean;
  readonly dash?: readonly number[];
  readonly width?: number;
  /** Has an axis of its own at the right. */
  readonly right?: boolean;
  /** Bars instead of a line. */
  readonly bars?: boolean;
  /** Not drawn until somebody asks for it in the legend. */
  readonly hidden?: boolean;
}

/** Colours that stay apart for the colour-blind (after Okabe and Ito), on white and on black. */
const LIGHT = [
  ...['#0072b2', '#c46200', '#00805f', '#b04a8b', '#2b8ccf', '#8a6d00', '#6a5acd', '#a83232'],
];
const DARK = [
  ...['#56b4e9', '#f0a030', '#2fcf9f', '#e58fc4', '#9ad0ff', '#e6d152', '#a99bff', '#ff8f80'],
];
/** After the last colour they begin again, with the next of these. */
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

export interface Look {
  readonly color: string;
  readonly dash: readonly number[];
}

/** The look of line number `at`: 32 of them differ. */
export function lookOf(at: number, dark: boolean): Look {
  const colors = dark ? DARK : LIGHT;
  return {
    color: colors[at % colors.length]!,
    dash: DASHES[Math.floor(at / colors.length) % DASHES.length]!,
  };
}

/**
 * The tops of areas that stand one upon another, the first at the bottom: at each time the sum of
 * all up to this one. Where one lacks, it adds nothing; where all lack, there is nothing.
 */
export function stacked(lines: readonly Pick<Line, 'values'>[]): (number | null)[][] {
  const length = lines[0]?.values.length ?? 0;
  const some = Array.from({ length }, (_, at) => lines.some(({ values }) => isThere(values[at])));
  const sums = new Array<number>(length).fill(0);
  return lines.map(({ values }) =>
    sums.map((sum, at) => {
      sums[at] = sum + (values[at] ?? 0);
      return some[at] ? sums[at]! : null;
    }),
  );
}

function isThere(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}

/**
 * Points that a line would not show: nothing follows or goes before them, or nothing within
 * `bridge` of time.
 */
export function lonely(
  times: ArrayLike<number>,
  values: ArrayLike<number | null | undefined>,
  bridge = 0,
): number[] {
  const found: number[] = [];
  let last = -1;
  let joined = true;
  for (let at = 0; at < values.length; at += 1) {
    if (!isThere(values[at])) continue;
    const near = last >= 0 && (at - last === 1 || times[at]! - times[last]! <= bridge);
    if (!near && !joined) found.push(last);
    joined = near;
    last = at;
  }
  if (!joined) found.push(last);
  return found;
}

/** For those who do not see it: each line's last, least and greatest value. */
export function summaryOf(
  lines: readonly Line[],
  formatOf: (line: Line) => (value: number | null) => string,
  max = 12,
): string {
  const told = lines.slice(0, max).map((line) => {
    const { label, values } = line;
    const format = formatOf(line);
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    let last: number | null = null;
    for (const value of values) {
      if (!isThere(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
      last = value;
    }
    if (last === null) return `${label}: nothing`;
    return `${label}: ${format(last)} at last, from ${format(least)} to ${format(most)}`;
  });
  const more = lines.length > max ? [`and ${lines.length - max} more`] : [];
  return [...told, ...more].join('; ');
}
