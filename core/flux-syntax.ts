import { createRequire } from 'node:module';
import { messageOf, TidemarkError } from './errors.ts';
import type { FluxFile, Span } from './flux-ast.ts';
import type { FluxProblem, LanguageServer } from './flux-checker.ts';
import { Checker } from './flux-checker.ts';
import { checkSize } from './flux-size.ts';
import type { RawNode } from './flux-tree.ts';
import { readFile, spanOf } from './flux-tree.ts';

/**
 * The official Flux parser and type checker, and the only place that knows them. Both are the Rust
 * core of Flux as WebAssembly: the messages are InfluxDB's own.
 */
export type { FluxProblem } from './flux-checker.ts';

interface FluxModule {
  parse(script: string): unknown;
  format_from_js_file(file: unknown): string;
  readonly Lsp: new () => LanguageServer;
}

/**
 * The tree of a script. Throws TidemarkError `invalid` whose message names each problem and whose
 * `details` is the list of them (`FluxProblem[]`).
 */
export function parse(script: string): FluxFile {
  const raw = parseRaw(script);
  const problems = syntaxProblems(raw);
  if (problems.length > 0) throw problemError(problems);
  return readFile(raw);
}

/** Only what the parser itself refuses: no names, no types. */
export function syntaxErrors(script: string): readonly FluxProblem[] {
  return syntaxProblems(parseRaw(script));
}

/** Syntax errors, names that do not exist, arguments that are missing, types that do not fit. */
export async function diagnose(script: string): Promise<readonly FluxProblem[]> {
  const key = shapeOf(script);
  if (sound.has(key)) return [];
  const raw = parseRaw(script);
  const problems = syntaxProblems(raw);
  if (problems.length > 0) return problems;
  const unreadable = readingError(raw);
  // What is too deep to be read is too deep for the checker as well; the rest it knows better.
  if (unreadable?.code === 'too-large') throw unreadable;
  checker ??= new Checker(new (load().Lsp)());
  const found = await checker.check(script);
  if (found.length > 0) return found;
  if (unreadable) throw unreadable;
  remember(key);
  return found;
}

function readingError(raw: RawNode): TidemarkError | undefined {
  try {
    readFile(raw);
    return undefined;
  } catch (cause) {
    if (cause instanceof TidemarkError) return cause;
    throw cause;
  }
}

/** The text of a file that a client sent as JSON (`extern` of a query). */
export function printTree(json: unknown): string {
  try {
    return load().format_from_js_file(json);
  } catch (cause) {
    const message = `extern json parse error: ${messageOf(cause)}`;
    throw new TidemarkError('invalid', message, { cause });
  }
}

export function problemError(problems: readonly FluxProblem[]): TidemarkError {
  const text = formatProblems(problems);
  return new TidemarkError('invalid', text, { details: problems });
}

/** All of them, as InfluxDB lists them. */
export function formatProblems(problems: readonly FluxProblem[]): string {
  return problems.map(formatProblem).join('\n\n');
}

/** `error @1:20-1:24: undefined identifier rang`, as InfluxDB writes it. */
export function formatProblem({ start, end, message }: FluxProblem): string {
  return `error @${start.line}:${start.column}-${end.line}:${end.column}: ${message}`;
}

const MODULE = '@influxdata/flux-lsp-node';
const require = createRequire(import.meta.url);
let loaded: FluxModule | undefined;
let checker: Checker | undefined;

function load(): FluxModule {
  loaded ??= require(MODULE) as FluxModule;
  return loaded;
}

function parseRaw(script: string): RawNode {
  checkSize(script);
  const { error } = console;
  // A parser that gives up prints its stack; the error below says enough.
  console.error = () => {};
  try {
    return load().parse(script) as RawNode;
  } catch (cause) {
    unload();
    throw new TidemarkError('invalid', 'the script is too complex to be parsed', { cause });
  } finally {
    console.error = error;
  }
}

/** After a trap (its stack is exhausted) the WebAssembly's memory is not to be trusted. */
function unload(): void {
  delete require.cache[require.resolve(MODULE)];
  loaded = undefined;
  checker = undefined;
}

/** Scripts known to be sound, apart from the values in them: dashboards ask the same all day. */
const sound = new Set<string>();
const SOUND_MAX = 500;

function remember(key: string): void {
  if (sound.size >= SOUND_MAX) sound.delete(sound.values().next().value!);
  sound.add(key);
}

/** The script with its times, durations, numbers and compared texts left out: same key, same types. */
function shapeOf(script: string): string {
  return script
    .replace(/([=!]=|bucket:)\s*"[^"\\$\n]*"/g, '$1""')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, '@t')
    .replace(/\b(?:\d+(?:ns|us|µs|ms|mo|s|m|h|d|w|y))+\b/g, '@d')
    .replace(/\b\d+\.\d+\b/g, '@f')
    .replace(/\b\d+\b/g, '@i');
}

/** Every error in the tree, in the order of the text. */
function syntaxProblems(raw: RawNode): FluxProblem[] {
  const problems: FluxProblem[] = [];
  const pending: { node: unknown; at: Span }[] = [{ node: raw, at: spanOf(raw) }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node } = next;
    if (typeof node !== 'object' || node === null) continue;
    if (Array.isArray(node)) {
      for (let i = node.length - 1; i >= 0; i -= 1) pending.push({ node: node[i], at: next.at });
      continue;
    }
    const at = 'location' in node ? spanOf(node as RawNode) : next.at;
    problems.push(...ownProblems(node as RawNode, at));
    const members = Object.entries(node).reverse();
    for (const [key, child] of members) {
      if (key !== 'location' && key !== 'errors') pending.push({ node: child, at });
    }
  }
  return problems;
}

function ownProblems(node: RawNode, { start, end }: Span): FluxProblem[] {
  const problem = (message: string): FluxProblem => ({ kind: 'syntax', start, end, message });
  const errors = (node.errors ?? []).map(({ msg }) => problem(msg));
  const text = typeof node.text === 'string' ? node.text : '';
  if (node.type === 'BadStatement') return [...errors, problem(`invalid statement: ${text}`)];
  return node.type === 'BadExpression' ? [...errors, problem(text)] : errors;
}
