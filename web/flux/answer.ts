/** The rows of a script as they come. */
import { Problem, send } from '../api.ts';
import type { Complaint } from './tokens.ts';

export type Cell = string | number | boolean | null;
export type Row = readonly Cell[];

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly group: boolean;
}

/** Rows with the same columns. */
export interface Block {
  readonly columns: readonly Column[];
  readonly rows: Row[];
}

export interface Answer {
  readonly blocks: Block[];
  rows: number;
  /** There are more than were sent. */
  cut: boolean;
  /** It failed after these rows. */
  failure: Failure | undefined;
}

export interface Failure {
  readonly message: string;
  readonly errors: readonly Complaint[];
}

interface Line {
  readonly columns?: readonly Column[];
  readonly rows?: Row[];
  readonly end?: { readonly cut: boolean };
  readonly error?: Failure;
}

interface RunOptions {
  readonly signal: AbortSignal;
  onRows(answer: Answer): void;
}

/** Runs a script. @throws Problem what was refused, with `details.errors`; AbortError */
export async function run(query: string, { signal, onRows }: RunOptions): Promise<Answer> {
  const answer: Answer = { blocks: [], rows: 0, cut: false, failure: undefined };
  const accept = 'application/x-ndjson';
  const response = await send('POST', '/api/v1/flux', { body: { query }, signal, accept });
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  let rest = '';
  let ended = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) ended = take(answer, JSON.parse(part) as Line) || ended;
    onRows(answer);
  }
  if (!ended) throw new Problem(0, 'cut', 'The answer broke off: its rows are not all of them.');
  return answer;
}

/** Whether it was the last line. */
function take(answer: Answer, { columns, rows = [], end, error }: Line): boolean {
  if (columns !== undefined) {
    const last = answer.blocks.at(-1);
    const same = last !== undefined && JSON.stringify(last.columns) === JSON.stringify(columns);
    const block = same ? last : { columns, rows: [] };
    if (!same) answer.blocks.push(block);
    for (const row of rows) block.rows.push(row);
    answer.rows += rows.length;
  }
  if (end !== undefined) answer.cut = end.cut;
  answer.failure = error;
  return end !== undefined || error !== undefined;
}

/** What a failure says, with the places in the script that it names. */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const errors = error instanceof Problem ? error.details.errors : undefined;
  return { message, errors: Array.isArray(errors) ? (errors as Complaint[]) : [] };
}

/** Comma-separated, as spreadsheets read it (RFC 4180). */
export function csvOf({ columns, rows }: Block, order: readonly number[]): string {
  const line = (cells: readonly Cell[]): string => `${cells.map(quoted).join(',')}\r\n`;
  const parts = [line(columns.map(({ name }) => name))];
  for (const at of order) parts.push(line(rows[at]!));
  return parts.join('');
}

function quoted(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
