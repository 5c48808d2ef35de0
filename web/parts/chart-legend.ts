/** The lines of a chart by name: a button each, which hides and shows it, with its value. */
import { append, h, svg } from '../dom.ts';
import { moment } from '../format.ts';
import { type Line, lookOf } from './chart-lines.ts';

export interface Legend {
  readonly element: HTMLElement;
  /** Anew for these lines. */
  set(lines: readonly Line[], dark: boolean): void;
  /** The same lines with other values. */
  update(lines: readonly Line[]): void;
  /** The values at a time of the chart; null: those at the end. */
  point(times: readonly number[], at: number | null): void;
}

export interface LegendOptions {
  /** Line number `at` is to be seen or not. */
  onToggle(at: number, shown: boolean): void;
  format(line: Line, value: number | null): string;
}

export function legend({ onToggle, format }: LegendOptions): Legend {
  const when = h('span', { class: 'legend-time' });
  const list = h('div', { class: 'legend-lines', role: 'group', 'aria-label': 'Lines' });
  let lines: readonly Line[] = [];
  let places: HTMLElement[] = [];
  return {
    element: h('div', { class: 'legend' }, when, list),
    set(next, dark) {
      lines = next;
      places = next.map(() => h('b', {}));
      list.replaceChildren();
      append(
        list,
        next.map((line, at) => {
          const shown = line.hidden !== true;
          const props = { type: 'button', 'aria-pressed': String(shown) };
          const button = h('button', props, swatch(line, at, dark), `${line.label} `, places[at]);
          button.addEventListener('click', () => {
            const now = button.getAttribute('aria-pressed') !== 'true';
            button.setAttribute('aria-pressed', String(now));
            onToggle(at, now);
          });
          return button;
        }),
      );
    },
    update(next) {
      lines = next;
    },
    point(times, at) {
      const time = at === null ? undefined : times[at];
      when.textContent = time === undefined ? 'newest' : moment(time * 1000);
      lines.forEach((line, index) => {
        const value = at === null ? newest(line.values) : (line.values[at] ?? null);
        places[index]!.textContent = format(line, value);
      });
    },
  };
}

function newest(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function swatch(line: Line, at: number, dark: boolean): SVGElement {
  const look = lookOf(at, dark);
  const color = line.color ?? look.color;
  const stroke = color.startsWith('--') ? `var(${color})` : color;
  const dash = line.dash ?? (line.color || line.filled || line.bars ? [] : look.dash);
  const props = { width: 18, height: 8, viewBox: '0 0 18 8', 'aria-hidden': 'true' };
  return svg(
    'svg',
    props,
    svg('line', {
      ...{ x1: 0, x2: 18, y1: 4, y2: 4, stroke },
      'stroke-width': line.filled || line.bars ? 7 : 2.5,
      'stroke-dasharray': dash.length > 0 ? dash.join(' ') : undefined,
    }),
  );
}
