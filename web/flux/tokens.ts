/** Flux as it is coloured: words, texts, numbers. Pure: no page needed. */

export interface Token {
  readonly kind: 'comment' | 'text' | 'number' | 'word' | 'name' | 'mark' | 'plain';
  readonly text: string;
}

const WORDS = new Set(
  'import package option builtin return and or not exists if then else true false with'.split(' '),
);
const TOKEN =
  /(\/\/[^\n]*)|("(?:\\[\s\S]|[^"\\])*(?:"|$))|(\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?|\d+(?:\.\d+)?(?:[a-zµ]+\d*)*)|([\p{L}_][\p{L}\p{N}_]*)|(\|>|<-|=>|[=!<>]=|[=!]~|[-+*/%^=<>])/gu;

/** All of the text, in order. */
export function tokensOf(script: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (const match of script.matchAll(TOKEN)) {
    if (match.index > at) tokens.push({ kind: 'plain', text: script.slice(at, match.index) });
    tokens.push(tokenOf(match, script));
    at = match.index + match[0].length;
  }
  if (at < script.length) tokens.push({ kind: 'plain', text: script.slice(at) });
  return tokens;
}

function tokenOf(match: RegExpExecArray, script: string): Token {
  const [text, comment, quoted, number, word] = match;
  if (comment !== undefined) return { kind: 'comment', text };
  if (quoted !== undefined) return { kind: 'text', text };
  if (number !== undefined) return { kind: 'number', text };
  if (word === undefined) return { kind: 'mark', text };
  if (WORDS.has(word)) return { kind: 'word', text };
  const called = script[match.index + text.length] === '(';
  return { kind: called ? 'name' : 'plain', text };
}

interface Insertion {
  readonly insert: string;
  /** What stands from here to the cursor gives way. */
  readonly from: number;
  readonly cursor: number;
}

/** The rest of a name behind the cursor, and the end of its text. */
const REST = /^[\p{L}\p{N}_./:-]*"/u;

/** What is written, and up to where: a name within a text is all of it, with its end. */
export function closed(script: string, { insert, from, cursor }: Insertion) {
  const last = tokensOf(script.slice(0, from)).at(-1);
  const within = last?.kind === 'text' && !/^"(?:\\[\s\S]|[^"\\])*"$/.test(last.text);
  if (!within) return { text: insert, to: cursor };
  const rest = REST.exec(script.slice(cursor))?.[0] ?? '';
  return { text: `${insert}"`, to: cursor + rest.length };
}

/** Something wrong with the script, as the API tells it: all from 1, in UTF-16 units. */
export interface Complaint {
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** From where to before where in the text; at least one character, where there is one. */
export function rangeOf(script: string, complaint: Complaint): readonly [number, number] {
  const lines = script.split('\n');
  const offset = (line: number, column: number): number => {
    const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    return Math.min(before + Math.min(column - 1, lines[line - 1]?.length ?? 0), script.length);
  };
  const { line = 1, column = 1, endLine = line, endColumn = column + 1 } = complaint;
  const from = offset(line, column);
  const to = Math.max(offset(endLine, endColumn), Math.min(from + 1, script.length));
  return [from === to ? Math.max(0, from - 1) : from, to];
}

/** Line and column, both from 1, of a place in the text. */
export function placeAt(
  script: string,
  at: number,
): { readonly line: number; readonly column: number } {
  const before = script.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
