import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../core/paths.ts';
import { listExamples } from '../../flux/examples.ts';
import type { ParameterValue } from '../../flux/literal.ts';
import { bind, type FluxFile, loadFlux, loadPanel } from '../../flux/load.ts';
import type { AnswerTable } from './annotated.ts';

/**
 * What each script of flux/ must answer on a few points, worked out by hand: the files of
 * test/fixtures/flux/answers. One holds, after `data`, line protocol with the time of day (of
 * 2026-01-01), and then cases:
 *
 *   == queries/market-prices: what the case is about
 *   start = 2026-01-01T00:00:00Z      a parameter; `v` is what a dashboard sets, `now` the clock
 *   > exchange:string* _value:double  the columns, those of the group key with a star
 *   kraken 100                        a row; `-` is null
 *   --                                the next table has the same columns
 *
 * The order of columns is not compared; that of rows and tables is, unless the title ends with
 * `(in any order)`: union() has none. Floats are compared to twelve digits. In the name of a
 * result `_~` is a blank; a parameter `-` is the empty text.
 */
export interface AnswerCase {
  readonly script: string;
  readonly title: string;
  readonly now: string;
  readonly anyOrder: boolean;
  readonly wanted: readonly AnswerTable[];
  flux(bucket: string): string;
}

export interface AnswerFile {
  /** Of the file, and of a bucket to put the lines in. */
  readonly name: string;
  /** Line protocol, nanoseconds. */
  readonly lines: string;
  readonly cases: readonly AnswerCase[];
}

const folder = join(projectRoot, 'test', 'fixtures', 'flux', 'answers');
const DAY = '2026-01-01';
const NOW = `${DAY}T01:00:00Z`;
const ANY_ORDER = / \(in any order\)$/;
const TIME = /^\d\d:\d\d:\d\d(?:\.\d+)?$/;

export function readAnswers(): AnswerFile[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8').replace(/^#.*\n/gm, '');
      const [data = '', ...cases] = text.split(/^== /m);
      return {
        name: file.replace('.txt', ''),
        lines: linesOf(data.split('\n').filter((line) => line !== '' && line !== 'data')),
        cases: cases.map(caseOf),
      };
    });
}

function linesOf(data: readonly string[]): string {
  return data
    .map((line) => {
      const at = line.lastIndexOf(' ') + 1;
      return line.slice(0, at) + nanoseconds(whole(line.slice(at)));
    })
    .join('\n');
}

/** A time of day is one of the day of all cases. */
function whole(text: string): string {
  return TIME.test(text) ? `${DAY}T${text}Z` : text;
}

function nanoseconds(time: string): string {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? [];
  const ms = Date.parse(`${seconds}Z`);
  if (Number.isNaN(ms)) throw new Error(`${time} is no time`);
  return `${ms / 1000}${fraction.padEnd(9, '0')}`;
}

function caseOf(block: string): AnswerCase {
  const [head = '', ...lines] = block.split('\n').filter((line) => line.trim() !== '');
  const colon = head.indexOf(': ');
  const title = head.slice(colon + 2);
  const script = head.slice(0, colon);
  const first = lines.findIndex((line) => line.startsWith('> '));
  const set = new Map(
    lines.slice(0, first === -1 ? lines.length : first).map((line): [string, string] => {
      const at = line.indexOf(' = ');
      if (at === -1) throw new Error(`${head}: "${line}" is neither a value nor a row`);
      return [line.slice(0, at), line.slice(at + 3)];
    }),
  );
  const { now = NOW, v, ...values } = Object.fromEntries(set);
  return {
    ...{ script, title: title.replace(ANY_ORDER, ''), now },
    anyOrder: ANY_ORDER.test(title),
    wanted: first === -1 ? [] : tablesOf(lines.slice(first)),
    flux: (bucket) => (v === undefined ? '' : `option v = ${v}\n`) + bound(script, bucket, values),
  };
}

function bound(script: string, bucket: string, values: Readonly<Record<string, string>>): string {
  const [kind = '', name = ''] = script.split('/');
  if (kind === 'examples') return listExamples(bucket).find((one) => one.name === name)!.query;
  const file = kind === 'dashboards' ? loadPanel(name) : loadFlux(name);
  return bind(file, { ...typed(file, values), bucket });
}

function typed(file: FluxFile, values: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, text]): [string, ParameterValue] => {
      const type = file.parameters.find((parameter) => parameter.name === name)?.type;
      if (type === 'int') return [name, BigInt(text)];
      return [name, text === '-' ? '' : text];
    }),
  );
}

const DATATYPES: Readonly<Record<string, string>> = { time: 'dateTime:RFC3339', bool: 'boolean' };

function tablesOf(lines: readonly string[]): AnswerTable[] {
  const tables: { result: string; columns: string[]; rows: string[][] }[] = [];
  for (const line of lines) {
    const cells = line.trim().split(/\s+/);
    if (line.startsWith('> ')) {
      const result = cells[1]?.startsWith('result=')
        ? cells[1].slice(7).replaceAll('_~', ' ')
        : '_result';
      const columns = cells
        .slice(1)
        .filter((cell) => !cell.startsWith('result='))
        .map(columnOf);
      tables.push({ result, columns, rows: [] });
    } else if (line === '--') tables.push({ ...tables.at(-1)!, rows: [] });
    else {
      const { columns, rows } = tables.at(-1)!;
      if (cells.length !== columns.length) throw new Error(`"${line}" has not one cell a column`);
      rows.push(cells.map((cell) => (cell === '-' ? '' : whole(cell))));
    }
  }
  return tables;
}

/** `_time:time*` -> as the tables of an answer name it. */
function columnOf(text: string): string {
  const [, label, type = '', star] = /^(.+):(\w+)(\*?)$/.exec(text) ?? [];
  return `${label} ${DATATYPES[type] ?? type} ${star === '*'}`;
}
