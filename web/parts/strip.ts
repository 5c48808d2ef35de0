/** Slots side by side as coloured cells, with the same in words. */
import { h } from '../dom.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'none';

export interface Cell {
  readonly tone: Tone;
  /** Shown when one points at it. */
  readonly text: string;
}

/** Height tells them apart as well: red and green are the same to some. */
export function strip(cells: readonly Cell[], words: string): HTMLElement {
  return h(
    'div',
    { class: 'strip', role: 'img', 'aria-label': words },
    cells.map(({ tone, text }) => h('i', { class: tone, title: text })),
  );
}
