import type { FluxMember, FluxParameter } from '../../core/flux-library.ts';
import { membersOf, packagePaths } from '../../core/flux-syntax.ts';
import { type MeasurementSpec, measurements } from '../../core/measurements.ts';
import { rankWindows } from '../../core/rollups.ts';
import { bucketNames } from '../../flux/examples.ts';
import type { Dependencies } from '../app.ts';
import { pickRows } from '../rows/store.ts';
import { type Cursor, type CursorPlace, cursorIn } from './cursor.ts';

export interface Proposal {
  readonly label: string;
  readonly kind: string;
  readonly detail: string;
  readonly insert: string;
}

export interface Proposals {
  readonly from: { readonly line: number; readonly column: number };
  readonly items: readonly Proposal[];
}

interface Asked {
  readonly query: string;
  readonly line: number;
  readonly column: number;
}

type Sources = Pick<Dependencies, 'influx' | 'catalog' | 'bucket'>;

const ITEMS_MAX = 60;
const KEYWORDS = ['import', 'option', 'and', 'or', 'not', 'exists', 'if', 'then', 'else', 'return'];

/** What a script could go on with where the cursor is. */
export function createProposals(sources: Sources) {
  return async ({ query, line, column }: Asked, signal: AbortSignal): Promise<Proposals> => {
    const lines = query.split('\n').slice(0, line);
    const own = (lines[line - 1] ?? '').slice(0, column - 1);
    const cursor = cursorIn([...lines.slice(0, line - 1), own].join('\n'));
    const found = await offersAt(sources, cursor, signal);
    const items = fitting(found, cursor.prefix).slice(0, ITEMS_MAX);
    // A prefix in quotes may have begun lines ago: then there is nothing to take back.
    const { length } = cursor.prefix.includes('\n') ? '' : cursor.prefix;
    return { from: { line, column: own.length - length + 1 }, items };
  };
}

/** Those that begin so first, then those that have it inside; capitals count for nothing. */
function fitting(items: readonly Proposal[], prefix: string): readonly Proposal[] {
  const wanted = prefix.toLowerCase();
  const begins = items.filter(({ label }) => label.toLowerCase().startsWith(wanted));
  if (wanted === '') return begins;
  const inside = items.filter(({ label }) => label.toLowerCase().indexOf(wanted) > 0);
  return [...begins, ...inside];
}

function offersAt(sources: Sources, cursor: Cursor, signal: AbortSignal): Promise<Proposal[]> {
  const { place } = cursor;
  switch (place.kind) {
    case 'import':
      return packageOffers();
    case 'argument':
      return argumentOffers(sources, { cursor, place, signal });
    case 'value':
      return valueOffers(sources, cursor, place.column);
    case 'member':
      return memberOffers(cursor, place.of);
    case 'parameter':
      return parameterOffers(cursor, place);
    case 'name':
      return nameOffers(cursor, place.piped);
    case 'none':
      return Promise.resolve([]);
  }
}

const plain =
  (kind: string, detail = '') =>
  (label: string) => ({
    ...{ label, kind, detail },
    insert: label,
  });

async function packageOffers(): Promise<Proposal[]> {
  return (await packagePaths()).map(plain('package'));
}

const TIMES = ['-15m', '-1h', '-6h', '-24h', '-7d', '-30d'];
const STEPS = ['10s', '1m', '5m', '15m', '1h', '1d'];
const VALUES: Readonly<Record<string, readonly string[]>> = {
  start: TIMES,
  stop: ['now()', ...TIMES],
  every: STEPS,
  period: STEPS,
  unit: STEPS,
  createEmpty: ['false', 'true'],
  desc: ['true', 'false'],
};
const COLUMN_ARGUMENTS = new Set(['columns', 'column', 'rowKey', 'columnKey', 'valueColumn', 'on']);

interface ArgumentAsked {
  readonly cursor: Cursor;
  readonly place: Extract<CursorPlace, { kind: 'argument' }>;
  readonly signal: AbortSignal;
}

async function argumentOffers(
  sources: Sources,
  { cursor, place: { name, quoted }, signal }: ArgumentAsked,
): Promise<Proposal[]> {
  const found = await namesFor(sources, name, signal);
  if (quoted) return found;
  const written = found.map((item) => ({ ...item, insert: JSON.stringify(item.label) }));
  const usual = (VALUES[name] ?? []).map(plain('value'));
  return [...usual, ...written, ...(await nameOffers(cursor, false))];
}

/** What the texts of an argument can be. */
async function namesFor(
  { influx, bucket }: Sources,
  name: string,
  signal: AbortSignal,
): Promise<Proposal[]> {
  if (COLUMN_ARGUMENTS.has(name)) return columnOffers();
  if (name === 'measurement') return Object.keys(measurements).map(plain('measurement'));
  if (name === 'tag') return tagNames().map(plain('tag'));
  if (name !== 'bucket') return [];
  const names: string[] = [];
  for await (const { rows, indexes } of pickRows(influx, bucketNames(), ['name'], signal)) {
    for (const row of rows) names.push(row[indexes[0]!]!);
  }
  // One's own first, those of InfluxDB itself last.
  const rank = (one: string) => (one === bucket ? 0 : one.startsWith('_') ? 2 : 1);
  return names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).map(plain('bucket'));
}

const specs = Object.entries(measurements) as readonly (readonly [string, MeasurementSpec])[];

async function valueOffers(
  { catalog }: Sources,
  { compared, prefix }: Cursor,
  column: string,
): Promise<Proposal[]> {
  const measurement = compared.get('_measurement') ?? '';
  switch (column) {
    case '_measurement':
      return specs.map(([name, { about }]) => plain('measurement', about)(name));
    case '_field':
      return fieldOffers(measurement);
    case 'pair': {
      const pairs = await catalog.pairs({ q: prefix, limit: ITEMS_MAX });
      return pairs.map(({ pair, base, quote }) => plain('pair', `${base}/${quote}`)(pair));
    }
    case 'exchange':
      return (await catalog.listedExchanges()).map(plain('exchange'));
    case 'window':
      return rankWindows.map(plain('value'));
    case 'event':
      return ['new', 'updated', 'matched', 'mentioned'].map(plain('value'));
    default:
      return [];
  }
}

/** Of one measurement where the script names one that we know, else of all. */
function fieldOffers(measurement: string): Proposal[] {
  const some = specs.filter(([name]) => name === measurement);
  const found = new Map<string, Proposal>();
  for (const [name, { fields }] of some.length > 0 ? some : specs) {
    for (const [field, { type, unit, about }] of Object.entries(fields)) {
      if (found.has(field)) continue;
      found.set(field, plain('field', `${name}: ${type}, ${unit}; ${about}`)(field));
    }
  }
  return [...found.values()];
}

function tagNames(): string[] {
  return [...new Set(specs.flatMap(([, { tags }]) => tags))];
}

function columnOffers(): Proposal[] {
  const own = ['_time', '_value', '_field', '_measurement', '_start', '_stop'];
  return [...own.map(plain('column')), ...tagNames().map(plain('tag'))];
}

async function memberOffers({ imports }: Cursor, of: string): Promise<Proposal[]> {
  const path = imports.get(of);
  if (path === undefined) return columnOffers();
  return (await membersOf(path)).map(offerOf);
}

async function parameterOffers(
  cursor: Cursor,
  { callee, given }: Extract<CursorPlace, { kind: 'parameter' }>,
): Promise<Proposal[]> {
  const parameters = (await find(callee, cursor.imports))?.parameters;
  if (parameters === undefined) return nameOffers(cursor, false);
  return parameters
    .filter(({ name, pipe }) => !pipe && !given.includes(name))
    .map(({ name, type }) => ({
      ...{ label: name, kind: 'parameter', detail: typeText(type) },
      insert: `${name}: `,
    }));
}

async function find(callee: string, imports: Cursor['imports']): Promise<FluxMember | undefined> {
  const [first = '', second] = callee.split('.');
  const path = second === undefined ? undefined : (imports.get(first) ?? '');
  const members = path === undefined ? await withoutImport() : await membersOf(path);
  return members.find(({ name }) => name === (second ?? first));
}

/** What a script has without import. */
async function withoutImport(): Promise<readonly FluxMember[]> {
  return [...(await membersOf('universe')), ...(await membersOf('influxdata/influxdb'))];
}

async function nameOffers({ names, imports }: Cursor, piped: boolean): Promise<Proposal[]> {
  const members = (await withoutImport()).filter(
    ({ parameters = [] }) => !piped || parameters.some(({ pipe }) => pipe),
  );
  const functions = members.map(offerOf).sort((a, b) => (a.label < b.label ? -1 : 1));
  return [
    ...names.map(plain('variable', 'of this script')),
    ...[...imports].map(([name, path]) => ({
      ...plain('package', path)(name),
      insert: `${name}.`,
    })),
    ...functions,
    ...(piped ? [] : KEYWORDS.map(plain('keyword'))),
  ];
}

function offerOf({ name, parameters, gives }: FluxMember): Proposal {
  if (parameters === undefined) return plain('constant', gives)(name);
  const detail = `(${parameters.map(parameterText).join(', ')}) => ${typeText(gives)}`;
  return { label: name, kind: 'function', detail, insert: `${name}(` };
}

function parameterText({ name, type, pipe }: FluxParameter): string {
  return `${pipe ? '<-' : ''}${name}: ${typeText(type)}`;
}

/** What the checker knows of a stream's rows says little to people. */
function typeText(type: string): string {
  return type
    .replace(/^stream\[.*\]$/, 'stream')
    .replace(/\bt\d+\b/g, 'any')
    .replace(/\b[A-Z]\b/g, 'any');
}
