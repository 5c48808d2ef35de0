/** A table of a list of the API: a page of it, and more when it is asked for. */
import { get, type Query } from '../api.ts';
import { h } from '../dom.ts';
import { failure, isLeft, loading } from './state.ts';
import { type TableOptions, table } from './table.ts';

export interface PagedOptions<Row> extends Omit<TableOptions<Row>, 'rows'> {
  readonly path: string;
  query?(): Query;
  readonly pageRows?: number;
  /** What the list calls its `next`. */
  readonly next?: 'after' | 'cursor';
  readonly signal: AbortSignal;
  /** Told of every answer, with what else it says. */
  onAnswer?(answer: Page<Row>): void;
}

export interface Page<Row> {
  readonly items: readonly Row[];
  readonly next?: string | null;
}

export interface Paged<Row> {
  readonly element: HTMLElement;
  readonly rows: () => readonly Row[];
  /** From the beginning, as after another filter. */
  restart(): Promise<void>;
  /** Asks again for what is shown, in place. */
  refresh(): Promise<void>;
}

const PAGE_ROWS = 25;
const ROWS_MAX = 1000;

export function paged<Row>(options: PagedOptions<Row>): Paged<Row> {
  const { path, signal, next: cursor = 'after', pageRows = PAGE_ROWS } = options;
  let rows: readonly Row[] = [];
  let next: string | undefined;
  let asked = 0;
  const list = table({ ...options, rows: [], rowsMax: ROWS_MAX });
  const more = h('button', { type: 'button', onclick: () => void show(add) }, 'More');
  const foot = h('div', { class: 'more', hidden: true }, more);
  const element = h('div', {}, loading());

  async function ask(limit: number, from?: string) {
    const query = { ...options.query?.(), limit, [cursor]: from };
    const answer = await get<Page<Row>>(path, query, signal);
    options.onAnswer?.(answer);
    return answer;
  }
  async function add(): Promise<void> {
    const mine = asked;
    const page = await ask(pageRows, next);
    if (mine === asked) draw([...rows, ...page.items], page.next);
  }
  async function again(limit: number): Promise<void> {
    asked += 1;
    const mine = asked;
    const page = await ask(limit);
    if (mine === asked) draw(page.items, page.next);
  }
  function draw(found: readonly Row[], following: string | null | undefined): void {
    rows = options.key === undefined ? found : same(rows, found, options.key);
    next = following ?? undefined;
    list.update(rows);
    foot.hidden = next === undefined || rows.length >= ROWS_MAX;
    if (list.element.parentElement !== element) element.replaceChildren(list.element, foot);
  }
  async function show(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isLeft(error)) element.replaceChildren(failure(error, () => void show(act)));
    }
  }
  return {
    element,
    rows: () => rows,
    restart: () => show(() => again(pageRows)),
    refresh: () => show(() => again(Math.min(ROWS_MAX, Math.max(pageRows, rows.length)))),
  };
}

/** Rows that say the same as before are the same: they need not be drawn again. */
function same<Row>(
  before: readonly Row[],
  now: readonly Row[],
  key: (row: Row) => string | number,
): readonly Row[] {
  const known = new Map(before.map((row) => [key(row), row]));
  return now.map((row) => {
    const old = known.get(key(row));
    return old !== undefined && JSON.stringify(old) === JSON.stringify(row) ? old : row;
  });
}
