/** The embedded evaluator without storage or server: for scripts that make their own tables. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../core/log.ts';
import { projectRoot } from '../../core/paths.ts';
import type { Dialect, FluxHost, QueryRequest } from '../../embedded/flux/evaluate.ts';
import { createEvaluator } from '../../embedded/flux/evaluate.ts';

export const FULL_DIALECT: Dialect = {
  header: true,
  delimiter: ',',
  annotations: ['datatype', 'group', 'default'],
};

/** What `now()` gives wherever a test does not say otherwise. */
export const NOW = '2021-06-15T12:34:56.789Z';
export const NOW_NS = BigInt(Date.parse(NOW)) * 1_000_000n;

const refuse = (): never => {
  throw new Error('there is no storage in this test');
};

export const hostWithoutStorage: FluxHost = {
  reader: { series: () => [], pointsTable: () => undefined, select: refuse, query: refuse },
  writer: { write: refuse },
  bucket: () => undefined,
  buckets: () => [],
  limits: { scriptBytesMax: 1024 * 1024, memoryBytesMax: 256 * 1024 * 1024, callDepthMax: 200 },
  log: silentLog,
};

export async function evaluate(
  script: string,
  options: Partial<QueryRequest> = {},
): Promise<string> {
  const pieces: string[] = [];
  const request: QueryRequest = {
    script,
    org: { id: '0000000000000001', name: 'tidemark' },
    nowNs: NOW_NS,
    dialect: FULL_DIALECT,
    signal: new AbortController().signal,
    ...options,
  };
  for await (const piece of createEvaluator(hostWithoutStorage).run(request)) pieces.push(piece);
  return pieces.join('');
}

/** The single value of a script's one row and column, as annotated CSV writes it, and its type. */
export function cellOf(csv: string): { readonly type: string; readonly text: string } {
  const [types = '', , , , ...rows] = csv.split('\r\n');
  const text = rows.slice(0, -2).join('\r\n').split(',').slice(3).join(',');
  return { type: types.split(',').at(-1) ?? '', text };
}

export interface RecordedExpression {
  readonly expression: string;
  /** A column type, or `error`. */
  readonly type: string;
  readonly text: string;
}

const fixture = (name: string) =>
  readFileSync(join(projectRoot, 'test/fixtures/flux', name), 'utf8');

/** `expression => type "text"` */
const RECORD = /^(.*) => (\S+) (".*")$/;

/** Expressions with what InfluxDB answered. */
export function recordedExpressions(): RecordedExpression[] {
  return fixture('expressions.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'))
    .map((line) => {
      const [, expression = '', type = '', text = ''] = RECORD.exec(line) ?? [];
      return { expression, type, text: JSON.parse(text) as string };
    });
}

const PACKAGES = [
  'array',
  'date',
  'dict',
  'experimental',
  'json',
  'math',
  'regexp',
  'strings',
  'timezone',
  'types',
];

/** A script whose one cell is the expression. */
export function scriptOf(expression: string): string {
  const used = PACKAGES.filter((name) => name === 'array' || expression.includes(`${name}.`));
  const imports = used.map((name) => `import "${name}"`).join('\n');
  return `${imports}\narray.from(rows: [{v: ${expression}}])`;
}

export interface NamedScript {
  readonly title: string;
  readonly script: string;
}

/** Scripts that are run on both engines. */
export function namedScripts(): NamedScript[] {
  return fixture('scripts.txt')
    .split(/^### /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return { title: part.slice(0, end), script: part.slice(end + 1).replace(/\n$/, '') };
    });
}
