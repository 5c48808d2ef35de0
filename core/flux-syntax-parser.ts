import { format_from_js_file, Lsp, parse as parseScript } from '@influxdata/flux-lsp-node';
import { messageOf, TidemarkError } from './errors.ts';
import type { FluxFile, Span } from './flux-ast.ts';
import type { FluxProblem } from './flux-checker.ts';
import { Checker, problemError } from './flux-checker.ts';
import { type FluxMember, readMembers, readPaths } from './flux-library.ts';
import { checkSize } from './flux-size.ts';
import type { RawNode } from './flux-tree.ts';
import { readFile, spanOf } from './flux-tree.ts';

/**
 * The official Flux parser and type checker: the Rust core of Flux as WebAssembly, with
 * InfluxDB's own messages. Runs in a thread of its own (flux-syntax-thread.ts), since some broken
 * scripts make it run or grow without end.
 */

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
  const raw = parseRaw(script);
  const problems = syntaxProblems(raw);
  if (problems.length > 0) return problems;
  const unreadable = readingError(raw);
  // What is too deep to be read is too deep for the checker as well; the rest it knows better.
  if (unreadable?.code === 'too-large') throw unreadable;
  checker ??= new Checker(new Lsp());
  const found = await checker.check(script);
  if (found.length > 0) return found;
  if (unreadable) throw unreadable;
  return [];
}

let checker: Checker | undefined;

/** What a package of the library of Flux has. */
export async function membersOf(path: string): Promise<readonly FluxMember[]> {
  checker ??= new Checker(new Lsp());
  return readMembers(checker, path);
}

/** The import paths of the library of Flux, sorted. */
export async function packagePaths(): Promise<readonly string[]> {
  checker ??= new Checker(new Lsp());
  return readPaths(checker);
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
    return format_from_js_file(json);
  } catch (cause) {
    const message = `extern json parse error: ${messageOf(cause)}`;
    throw new TidemarkError('invalid', message, { cause });
  }
}

function parseRaw(script: string): RawNode {
  checkSize(script);
  return parseScript(script) as RawNode;
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
