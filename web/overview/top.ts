/** A list of the first of something, asked for again when the page's choices change. */
import { h } from '../dom.ts';
import { failure, isLeft, loading } from '../parts/state.ts';
import { type TableOptions, table } from '../parts/table.ts';

/** What both lists of the page are about. */
export interface Top {
  readonly window: string;
  /** '': any. */
  readonly quote: string;
}

export interface Card {
  readonly element: HTMLElement;
  load(): Promise<void>;
}

export interface TopTable<Row> {
  readonly element: HTMLElement;
  /** Shows what is found, or what went wrong; an answer to an older question is left out. */
  load(find: () => Promise<readonly Row[]>): Promise<void>;
}

export function topTable<Row>(options: Omit<TableOptions<Row>, 'rows'>): TopTable<Row> {
  const list = table({ ...options, rows: [] });
  const element = h('div', { class: 'top-rows' }, loading());
  let asked = 0;
  async function load(find: () => Promise<readonly Row[]>): Promise<void> {
    asked += 1;
    const mine = asked;
    try {
      const rows = await find();
      if (mine !== asked) return;
      list.update(rows);
      if (list.element.parentElement !== element) element.replaceChildren(list.element);
    } catch (error) {
      if (isLeft(error) || mine !== asked) return;
      element.replaceChildren(failure(error, () => void load(find)));
    }
  }
  return { element, load };
}
