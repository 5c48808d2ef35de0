/** Tables that sort by a click on a heading; in little room they have fewer columns. */
import { type Child, fill, h } from '../dom.ts';

export interface Column<Row> {
  readonly label: string;
  cell(row: Row): Child;
  /** What the column sorts by; absent: it does not. */
  by?(row: Row): number | string | null | undefined;
  /** Numbers stand to the right, with figures of one width. */
  readonly number?: boolean;
  /** Left out on windows below 900 px; `roomy`: where the table has less than 400 px. */
  readonly wide?: boolean | 'roomy';
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
  /** Tells rows apart: those that stayed the same stay in place, and so does the focus. */
  key?(row: Row): string | number;
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
  const drawn = new Map<string | number, Drawn<Row>>();
  const draw = (): void => {
    const shown = sorted(rows, options.columns, order).slice(0, options.rowsMax ?? 500);
    if (shown.length > 0 && options.key !== undefined) keep(body, shown, { options, drawn });
    else {
      drawn.clear();
      fill(body, shown.length === 0 ? emptyRow(options) : shown.map((row) => rowOf(row, options)));
    }
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

interface Drawn<Row> {
  readonly row: Row;
  readonly element: HTMLElement;
}

interface Kept<Row> {
  readonly options: TableOptions<Row>;
  readonly drawn: Map<string | number, Drawn<Row>>;
}

/** Makes anew what changed and moves only what has to move: a row in use keeps its focus. */
function keep<Row>(body: HTMLElement, rows: readonly Row[], { options, drawn }: Kept<Row>): void {
  const focus = focusIn(body);
  const before = new Map(drawn);
  drawn.clear();
  rows.forEach((row, index) => {
    const key = options.key?.(row) ?? index;
    const old = before.get(key);
    before.delete(key);
    const element = old?.row === row ? old.element : rowOf(row, options);
    if (old !== undefined && old.element !== element) old.element.replaceWith(element);
    drawn.set(key, { row, element });
    if (focus?.row === old?.element) focus?.to(element);
  });
  const wanted = new Set<Element>([...drawn.values()].map(({ element }) => element));
  for (const child of [...body.children]) if (!wanted.has(child)) child.remove();
  [...wanted].forEach((element, index) => {
    if (body.children[index] !== element) body.insertBefore(element, body.children[index] ?? null);
  });
}

/** Which link or button of which row has the focus, and how to give it to that of another row. */
function focusIn(body: HTMLElement) {
  const active = document.activeElement;
  const row = active?.closest('tr');
  if (!active || !row || !body.contains(row)) return undefined;
  const targets = (of: Element) => [...of.querySelectorAll<HTMLElement>('a, button')];
  const index = targets(row).indexOf(active as HTMLElement);
  return {
    row,
    to(next: Element): void {
      if (next !== row) targets(next)[index]?.focus();
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
  const names = [number && 'number', wide === true ? 'wide' : wide].filter(Boolean);
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
