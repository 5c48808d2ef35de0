/** A table of any length: only the rows that are seen are in the page. */
import { fill, h } from '../dom.ts';
import type { Block, Cell, Column, Row } from './answer.ts';

const ROW_PX = 26;
/** Rows beyond the edges, so that scrolling finds them there. */
const SPARE = 12;
const WIDTH_CH = { least: 6, most: 44 } as const;
const SAMPLED = 200;

export interface Grid {
  readonly element: HTMLElement;
  /** Indexes of the rows, as they are sorted. */
  order(): readonly number[];
}

export function grid(whole: Block, label: string): Grid {
  const { columns, rows } = shownOf(whole);
  const block = { columns, rows };
  let order = rows.map((_, at) => at);
  let sorted: { readonly column: number; readonly down: boolean } | undefined;
  const [above, below] = [spacer(columns.length), spacer(columns.length)];
  const body = h('tbody');
  const heads = columns.map((column, at) => headOf(column, () => sortBy(at)));
  const table = h(
    'table',
    { 'aria-rowcount': rows.length + 1, 'aria-colcount': columns.length },
    h('caption', { class: 'unseen' }, label),
    h('colgroup', {}, widthsOf(block)),
    h('thead', {}, h('tr', { 'aria-rowindex': 1 }, heads)),
    body,
  );
  const frame = { class: 'flux-grid', tabindex: 0, role: 'region', 'aria-label': label };
  const element = h('div', frame, table);
  let shown = '';

  function draw(): void {
    const first = Math.max(0, Math.floor(element.scrollTop / ROW_PX) - SPARE);
    const count = Math.ceil((element.clientHeight || 600) / ROW_PX) + 2 * SPARE;
    const last = Math.min(rows.length, first + count);
    const now = `${first}-${last}`;
    if (now === shown) return;
    shown = now;
    above.style.setProperty('height', `${first * ROW_PX}px`);
    below.style.setProperty('height', `${(rows.length - last) * ROW_PX}px`);
    const seen = order.slice(first, last).map((at, index) => rowOf(block, at, first + index));
    fill(body, above, seen, below);
  }
  function sortBy(column: number): void {
    const down = sorted?.column === column ? !sorted.down : false;
    sorted = { column, down };
    order = sortedBy(rows, column, down);
    heads.forEach((head, at) => {
      if (at === column) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    shown = '';
    draw();
  }
  element.addEventListener('scroll', draw, { passive: true });
  draw();
  return { element, order: () => order };
}

/** Without `result` where it says nothing: most scripts have one result, without a name. */
function shownOf({ columns, rows }: Block): Block {
  const at = columns.findIndex(({ name }) => name === 'result');
  if (at < 0 || rows.some((row) => row[at] !== '_result')) return { columns, rows };
  const without = <T>(list: readonly T[]): T[] => list.filter((_, index) => index !== at);
  return { columns: without(columns), rows: rows.map(without) };
}

function spacer(span: number): HTMLElement {
  return h('tr', { class: 'spacer', 'aria-hidden': 'true' }, h('td', { colspan: span }));
}

function headOf({ name, type, group }: Column, sort: () => void): HTMLElement {
  const about = `${type}${group ? ', part of the group key' : ''}`;
  const button = h('button', { type: 'button', class: 'sort', title: about, onclick: sort }, name);
  return h('th', { scope: 'col', class: isNumber(type) ? 'number' : undefined }, button);
}

/** Of one width for all rows, whichever are seen: told from the first of them. */
function widthsOf({ columns, rows }: Block): HTMLElement[] {
  return columns.map(({ name }, at) => {
    const longest = rows
      .slice(0, SAMPLED)
      .reduce((most, row) => Math.max(most, textOf(row[at]!).length), name.length + 2);
    const width = Math.min(WIDTH_CH.most, Math.max(WIDTH_CH.least, longest)) + 3;
    return h('col', { style: { width: `${width}ch` } });
  });
}

function rowOf({ columns, rows }: Block, at: number, position: number): HTMLElement {
  const cells = rows[at]!.map((cell, column) => {
    const text = textOf(cell);
    const long = text.length > WIDTH_CH.most;
    const kind = cell === null ? 'soft' : isNumber(columns[column]!.type) ? 'number' : undefined;
    return h('td', { class: kind, title: long ? text : undefined }, text);
  });
  return h('tr', { 'aria-rowindex': position + 2 }, cells);
}

function textOf(cell: Cell): string {
  return cell === null ? '–' : String(cell);
}

export function isNumber(type: string): boolean {
  return type === 'double' || type === 'long' || type === 'unsignedLong';
}

/** What is absent stands last, whichever way; equal ones stay as they were. */
function sortedBy(rows: readonly Row[], column: number, down: boolean): number[] {
  const sign = down ? -1 : 1;
  return rows
    .map((_, at) => at)
    .sort((one, other) => {
      const [a, b] = [rows[one]![column]!, rows[other]![column]!];
      if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
      return a === b ? 0 : a < b ? -sign : sign;
    });
}
