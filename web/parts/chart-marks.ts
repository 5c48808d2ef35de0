/** Marks above a chart: what happened when, as buttons over the plot. */
import type uPlot from 'uplot';
import { fill, h } from '../dom.ts';
import { moment } from '../format.ts';

export interface Mark {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly kind: 'news' | 'alert';
  /** In words. */
  readonly text: string;
  open(): void;
}

export interface Marks {
  readonly element: HTMLElement;
  set(marks: readonly Mark[]): void;
  /** Puts them where the plot now has their times. */
  place(plot: uPlot): void;
}

/** Marks nearer than this are one button. */
const NEAR_PX = 18;
const SIGNS = { news: '■', alert: '▲' } as const;

interface Bunch {
  readonly left: number;
  readonly marks: Mark[];
}

/** `openMany` is told of a button that stands for several. */
export function marksOver(openMany: (marks: readonly Mark[]) => void): Marks {
  const element = h('div', { class: 'marks', role: 'group', 'aria-label': 'Marks on the chart' });
  let marks: readonly Mark[] = [];
  let drawn = '';
  return {
    element,
    set(next) {
      marks = next.toSorted((a, b) => a.time - b.time);
      drawn = '';
    },
    place(plot) {
      const bunches = bunched(plot, marks);
      const left = plot.bbox.left / devicePixelRatio;
      const key = `${left} ${bunches.map((bunch) => `${bunch.left}:${bunch.marks.length}`)}`;
      if (key === drawn) return;
      drawn = key;
      element.style.setProperty('left', `${left}px`);
      element.style.setProperty('width', `${plot.bbox.width / devicePixelRatio}px`);
      element.style.setProperty('height', `${plot.bbox.height / devicePixelRatio}px`);
      element.style.setProperty('top', `${plot.bbox.top / devicePixelRatio}px`);
      fill(
        element,
        bunches.map((bunch) => buttonOf(bunch, openMany)),
      );
    },
  };
}

function bunched(plot: uPlot, marks: readonly Mark[]): readonly Bunch[] {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined || min === null || max === null) return [];
  const bunches: Bunch[] = [];
  for (const mark of marks) {
    if (mark.time < min || mark.time > max) continue;
    const left = Math.round(plot.valToPos(mark.time, 'x'));
    const last = bunches.at(-1);
    const same = last !== undefined && left - last.left < NEAR_PX;
    if (same && last.marks[0]?.kind === mark.kind) last.marks.push(mark);
    else bunches.push({ left, marks: [mark] });
  }
  return bunches;
}

function buttonOf({ left, marks }: Bunch, openMany: (marks: readonly Mark[]) => void): HTMLElement {
  const [first] = marks;
  const { kind, text, time } = first!;
  const name = kind === 'news' ? 'News' : 'Alert';
  const label =
    marks.length === 1
      ? `${name}, ${moment(time * 1000)}: ${text}`
      : `${marks.length} ${kind === 'news' ? 'news' : 'alerts'}, the first: ${text}`;
  return h(
    'button',
    {
      type: 'button',
      class: `mark ${kind}`,
      style: { left: `${left}px` },
      'aria-label': label,
      title: label,
      onclick: () => (marks.length === 1 ? first!.open() : openMany(marks)),
    },
    h('span', { 'aria-hidden': 'true' }, marks.length > 1 ? marks.length : SIGNS[kind]),
  );
}
