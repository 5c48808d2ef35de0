/** Tables that sort by a click on a heading; on narrow screens a row becomes a block of lines. */
import { type Child, fill, h } from '../dom.ts';

export interface Column<Row> {
  readonly label: string;
  cell(row: Row): Child;
  /** What the column sorts by; absent: it does not. */
  by?(row: Row): number | string | null | undefined;
  /** Numbers stand to the right, with figures of one width. */
  readonly number?: boolean;
  /** Left out below 700 px. */
  readonly wide?: boolean;
}

export interface TableOptions<Row> {
  /** Said to screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Where a row leads to. */
  href?(row: Row): string | undefined;
  readonly empty?: string;
  readonly rowsMax?: number;
}

export interface Table<Row> {
  readonly element: HTMLElement;
  update(rows: readonly Row[]): void;
}

interface Order {
  readonly column: number;
  readonly down: boolean;
}

export function table<Row>(options: TableOptions<Row>): Table<Row> {
  const body = h('tbody');
  let { rows } = options;
  let order: Order | undefined;
  const heads = options.columns.map((column, index) => headOf(column, () => sortBy(index)));
  const draw = (): void => {
    const shown = sorted(rows, options.columns, order).slice(0, options.rowsMax ?? 500);
    fill(body, shown.length === 0 ? emptyRow(options) : shown.map((row) => rowOf(row, options)));
  };
  function sortBy(index: number): void {
    const again = order?.column === index;
    order = { column: index, down: again ? !order?.down : options.columns[index]?.number === true };
    heads.forEach((head, at) => {
      const way = order?.down ? 'descending' : 'ascending';
      if (at === index) head.setAttribute('aria-sort', way);
      else head.removeAttribute('aria-sort');
    });
    draw();
  }
  draw();
  const caption = h('caption', { class: 'unseen' }, options.caption);
  const element = h(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': options.caption },
    h('table', {}, caption, h('thead', {}, h('tr', {}, heads)), body),
  );
  return {
    element,
    update(next) {
      rows = next;
      draw();
    },
  };
}

function headOf<Row>(column: Column<Row>, sort: () => void): HTMLElement {
  const content = column.by
    ? h('button', { type: 'button', class: 'sort', onclick: sort }, column.label)
    : column.label;
  return h('th', { scope: 'col', class: classOf(column) }, content);
}

function classOf<Row>({ number, wide }: Column<Row>): string | undefined {
  const names = [number && 'number', wide && 'wide'].filter(Boolean);
  return names.length === 0 ? undefined : names.join(' ');
}

function rowOf<Row>(row: Row, { columns, href }: TableOptions<Row>): HTMLElement {
  const target = href?.(row);
  const cells = columns.map((column, index) => {
    const content = column.cell(row);
    const linked = index === 0 && target !== undefined;
    return h(
      'td',
      { class: classOf(column) },
      linked ? h('a', { href: target }, content) : content,
    );
  });
  return h('tr', {}, cells);
}

function emptyRow<Row>({ columns, empty = 'Nothing yet.' }: TableOptions<Row>): HTMLElement {
  return h('tr', {}, h('td', { colspan: columns.length, class: 'state' }, empty));
}

function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: Order | undefined,
): readonly Row[] {
  const by = order && columns[order.column]?.by;
  if (order === undefined || by === undefined) return rows;
  const sign = order.down ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  return keyed.sort((a, b) => compare(a.key, b.key, sign)).map(({ row }) => row);
}

/** What is absent stands last, whichever way. */
function compare(a: unknown, b: unknown, sign: number): number {
  const lacksA = a === null || a === undefined;
  const lacksB = b === null || b === undefined;
  if (lacksA || lacksB) return lacksA && lacksB ? 0 : lacksA ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b));
}
