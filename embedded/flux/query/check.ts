import type { FluxFile } from '../../../core/flux-ast.ts';
import type { FluxProblem } from '../../../core/flux-syntax.ts';
import { diagnose, formatProblems, parseLater, printTree } from '../../../core/flux-syntax.ts';
import { FluxError } from '../error.ts';

/**
 * The files to run in turn: what `extern` holds (options such as `v`), then the script. They are
 * checked as one text, so that the script may use what extern sets.
 */
export async function readScript(script: string, extern: unknown): Promise<readonly FluxFile[]> {
  if (extern === undefined || extern === null) {
    refuse(await diagnose(script));
    return [await parseLater(script)];
  }
  const file = await parseLater(script);
  const prelude = printTree(extern);
  const files = [await parseLater(prelude), file];
  const insertion = placeFor(prelude, file);
  refuse(
    (await diagnose(insert(script, insertion))).map((problem) => moveBack(problem, insertion)),
  );
  return files;
}

/** A text put into one line of the script: no line after it moves. */
interface Insertion {
  readonly text: string;
  readonly line: number;
  /** Bytes before it in its line. */
  readonly bytes: number;
}

/** Imports must stand first in Flux: behind the last of them, or at the very start. */
function placeFor(prelude: string, file: FluxFile): Insertion {
  const last = file.imports.at(-1)?.at.end;
  return {
    text: ` ${prelude.replaceAll('\n', ' ')} `,
    line: last?.line ?? 1,
    bytes: (last?.column ?? 1) - 1,
  };
}

function insert(script: string, { text, line, bytes }: Insertion): string {
  const lines = script.split('\n');
  const target = Buffer.from(lines[line - 1] ?? '');
  lines[line - 1] = `${target.subarray(0, bytes)}${text}${target.subarray(bytes)}`;
  return lines.join('\n');
}

function moveBack(problem: FluxProblem, { text, line, bytes }: Insertion): FluxProblem {
  const shift = Buffer.byteLength(text);
  const back = (place: FluxProblem['start']): FluxProblem['start'] =>
    place.line === line && place.column > bytes + 1
      ? { line, column: Math.max(bytes + 1, place.column - shift) }
      : place;
  return { ...problem, start: back(problem.start), end: back(problem.end) };
}

function refuse(problems: readonly FluxProblem[]): void {
  if (problems.length === 0) return;
  const [first] = problems;
  const prefix = first!.kind === 'syntax' ? 'compilation failed: ' : '';
  throw new FluxError(prefix + formatProblems(problems), 'invalid', first!.start);
}
