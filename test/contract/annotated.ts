/** Annotated CSV (all three annotations asked for) read back, to compare two engines' answers. */
export interface AnswerTable {
  readonly result: string;
  /** `label type group`, in the order of the columns. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Answer {
  readonly status: number;
  readonly tables: readonly AnswerTable[];
  readonly error: string | undefined;
}

interface Schema {
  readonly types: readonly string[];
  readonly groups: readonly string[];
  readonly defaults: readonly string[];
  labels: readonly string[] | undefined;
}

export function parseAnswer(status: number, text: string): Answer {
  if (status !== 200) {
    return { status, tables: [], error: (JSON.parse(text) as { message: string }).message };
  }
  const tables: { result: string; columns: string[]; rows: string[][]; id: string }[] = [];
  let schema: Schema = { types: [], groups: [], defaults: [], labels: undefined };
  let error: string | undefined;
  // Each result counts its tables from 0, below a header of its own.
  let headers = 0;
  for (const cells of records(text)) {
    if (cells.length <= 1 && (cells[0] ?? '') === '') continue;
    const [head] = cells;
    if (head === '#datatype') {
      schema = { types: cells, groups: [], defaults: [], labels: undefined };
    } else if (head === '#group') schema = { ...schema, groups: cells };
    else if (head === '#default') schema = { ...schema, defaults: cells };
    else if (schema.labels === undefined) {
      schema = { ...schema, labels: cells };
      headers += 1;
      // A table without rows is told by its number in the defaults.
      if (schema.defaults[2] !== undefined && schema.defaults[2] !== '') {
        tables.push({ ...describe(schema), rows: [], id: schema.defaults[2] });
      }
    } else if (schema.labels[1] === 'error') error = cells[1];
    else {
      const id = `${headers}/${cells[2]}`;
      let last = tables[tables.length - 1];
      if (last === undefined || last.id !== id) {
        last = { ...describe(schema), rows: [], id };
        tables.push(last);
      }
      last.rows.push(cells.slice(3));
    }
  }
  // InfluxDB gives several results in any order.
  tables.sort((a, b) => (a.result === b.result ? 0 : a.result < b.result ? -1 : 1));
  return { status, tables: tables.map(({ id: _id, ...table }) => table), error };
}

function describe({ labels, types, groups, defaults }: Schema) {
  const columns = labels!.slice(3).map((label, i) => `${label} ${types[i + 3]} ${groups[i + 3]}`);
  return { result: defaults[1] ?? '', columns };
}

/** Records of CSV: quotes, doubled quotes, CRLF. */
function* records(text: string): Generator<string[]> {
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ',') {
      cells.push(cell);
      cell = '';
    } else if (char === '\n') {
      cells.push(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
      yield cells;
      cells = [];
      cell = '';
    } else cell += char;
  }
  if (cell !== '' || cells.length > 0) yield [...cells, cell];
}

/** What differs first, in words; undefined when the answers are equal (floats to 1e-12). */
export function firstDifference(got: Answer, want: Answer): string | undefined {
  if ((got.error === undefined) !== (want.error === undefined)) {
    return `error: got ${got.error}, want ${want.error}`;
  }
  // One may find in a later table what the other finds before the first: both name it.
  if (got.error !== undefined && want.error !== undefined) return undefined;
  if (got.status !== want.status) {
    return `status: got ${got.status} (${got.error}), want ${want.status} (${want.error})`;
  }
  for (let i = 0; i < Math.max(got.tables.length, want.tables.length); i++) {
    const a = got.tables[i];
    const b = want.tables[i];
    if (a === undefined || b === undefined) {
      return `tables: got ${got.tables.length}, want ${want.tables.length}`;
    }
    const difference = tableDifference(a, b);
    if (difference !== undefined) return `table ${i}: ${difference}`;
  }
  return undefined;
}

function tableDifference(got: AnswerTable, want: AnswerTable): string | undefined {
  // InfluxDB names what only writes after the step in its plan.
  const named = want.result.replace(/^(wide-)?to\d+$/, '_result');
  if (got.result !== named) return `result: got ${got.result}, want ${want.result}`;
  const columns = want.columns.join(', ');
  if (got.columns.join(', ') !== columns)
    return `columns: got ${got.columns.join(', ')}, want ${columns}`;
  if (got.rows.length !== want.rows.length) {
    return `rows: got ${got.rows.length}, want ${want.rows.length}`;
  }
  for (let row = 0; row < want.rows.length; row++) {
    const a = got.rows[row]!;
    const b = want.rows[row]!;
    const cell = b.findIndex((value, i) => !sameCell(a[i]!, value, want.columns[i]!));
    if (cell >= 0) return `row ${row}, ${want.columns[cell]}: got ${a[cell]}, want ${b[cell]}`;
  }
  return undefined;
}

function sameCell(got: string, want: string, column: string): boolean {
  if (got === want) return true;
  if (!column.includes(' double ') || got === '' || want === '') return false;
  const [a, b] = [Number(got), Number(want)];
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));
}

/** The answer with each table's columns sorted: for where their order is not fixed. */
export function sortColumns(answer: Answer): Answer {
  const tables = answer.tables.map((table) => {
    const order = table.columns.map((_, i) => i);
    order.sort((a, b) => (table.columns[a]! < table.columns[b]! ? -1 : 1));
    return {
      result: table.result,
      columns: order.map((i) => table.columns[i]!),
      rows: table.rows.map((row) => order.map((i) => row[i]!)),
    };
  });
  return { ...answer, tables };
}
