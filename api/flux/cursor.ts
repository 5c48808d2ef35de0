/** Where in a Flux script a cursor stands, told from the text before it: most are broken there. */
export interface Cursor {
  readonly place: CursorPlace;
  /** What of a word is there already. */
  readonly prefix: string;
  /** Names that the script gave before, without import paths. */
  readonly names: readonly string[];
  /** Names of imports -> paths. */
  readonly imports: ReadonlyMap<string, string>;
  /** What columns were compared with last: `_measurement` -> `price`. */
  readonly compared: ReadonlyMap<string, string>;
}

export type CursorPlace =
  | { readonly kind: 'none' }
  | { readonly kind: 'import' }
  /** Inside the quotes of an argument: `bucket: "`, `columns: ["`. */
  | { readonly kind: 'argument'; readonly name: string; readonly quoted: boolean }
  /** Inside quotes that a column is compared with. */
  | { readonly kind: 'value'; readonly column: string }
  | { readonly kind: 'member'; readonly of: string }
  /** Where the name of an argument stands; `given` are there already. */
  | { readonly kind: 'parameter'; readonly callee: string; readonly given: readonly string[] }
  /** Anything that is a value; behind `|>` what takes a stream. */
  | { readonly kind: 'name'; readonly piped: boolean };

interface Token {
  readonly kind: 'word' | 'text' | 'mark' | 'other';
  /** Of a text: what is inside its quotes. */
  readonly text: string;
  readonly open?: boolean;
}

const TOKEN =
  /\/\/[^\n]*|"(?:\\[\s\S]|[^"\\])*("|$)|[\p{L}_][\p{L}\p{N}_]*|\d[\p{L}\p{N}_.:-]*|\|>|<-|=>|[=!<>]=|[=!]~|\S/gu;

/** Reads the text up to the cursor once, in time that is linear in it. */
export function cursorIn(before: string): Cursor {
  const tokens: Token[] = [];
  let comment = false;
  let end = 0;
  for (const match of before.matchAll(TOKEN)) {
    const [text, quote] = match;
    end = match.index + text.length;
    comment = text.startsWith('//');
    if (!comment) tokens.push(tokenOf(text, quote));
  }
  const touching = end === before.length;
  const known = {
    names: namesIn(tokens),
    imports: importsIn(tokens),
    compared: comparedIn(tokens),
  };
  if (touching && comment) return { place: { kind: 'none' }, prefix: '', ...known };
  const last = tokens.at(-1);
  if (last?.open) {
    const place = quotedPlace(tokens.slice(0, -1));
    return { place, prefix: last.text, ...known };
  }
  const writing = touching && last?.kind === 'word';
  const prefix = writing ? last.text : '';
  if (touching && last?.kind === 'other') return { place: { kind: 'none' }, prefix: '', ...known };
  return { place: barePlace(writing ? tokens.slice(0, -1) : tokens), prefix, ...known };
}

function tokenOf(text: string, quote: string | undefined): Token {
  if (text.startsWith('"')) {
    const open = quote === '';
    return { kind: 'text', text: text.slice(1, open ? undefined : -1), open };
  }
  if (/^[\p{L}_]/u.test(text)) return { kind: 'word', text };
  return { kind: /^\d/.test(text) ? 'other' : 'mark', text };
}

/** Where a text stands that has been begun. */
function quotedPlace(tokens: readonly Token[]): CursorPlace {
  const at = (back: number) => tokens.at(-back)?.text ?? '';
  if (at(1) === 'import' || at(2) === 'import') return { kind: 'import' };
  if (at(1) === '==' || at(1) === '!=') {
    if (tokens.at(-2)?.kind === 'word') return { kind: 'value', column: at(2) };
    if (at(2) === ']' && tokens.at(-3)?.kind === 'text') return { kind: 'value', column: at(3) };
  }
  if (at(1) === '[' && tokens.at(-2)?.kind === 'word') return { kind: 'member', of: at(2) };
  const name = argumentBefore(tokens);
  return name === undefined ? { kind: 'none' } : { kind: 'argument', name, quoted: true };
}

/** The argument whose value is being written: of `columns: ["a", ` it is `columns`. */
function argumentBefore(tokens: readonly Token[]): string | undefined {
  let at = tokens.length - 1;
  while (at >= 0 && (tokens[at]!.kind === 'text' || tokens[at]!.text === ',')) at -= 1;
  if (tokens[at]?.text === '[') at -= 1;
  const colon = tokens[at]?.text === ':' && tokens[at]?.kind === 'mark';
  const name = tokens[at - 1];
  return colon && name?.kind === 'word' ? name.text : undefined;
}

function barePlace(tokens: readonly Token[]): CursorPlace {
  const last = tokens.at(-1);
  const mark = last?.kind === 'mark' ? last.text : '';
  if (mark === '.') {
    const of = tokens.at(-2);
    return of?.kind === 'word' ? { kind: 'member', of: of.text } : { kind: 'none' };
  }
  if (mark === ':') {
    const name = tokens.at(-2);
    if (name?.kind === 'word') return { kind: 'argument', name: name.text, quoted: false };
  }
  if (mark === '(' || mark === ',') {
    const call = callAround(tokens);
    if (call !== undefined) return { kind: 'parameter', ...call };
  }
  if (last?.text === 'import') return { kind: 'none' };
  return { kind: 'name', piped: mark === '|>' };
}

/** The call in whose argument list the end stands, directly. */
function callAround(tokens: readonly Token[]) {
  const given: string[] = [];
  let depth = 0;
  for (let at = tokens.length - 1; at >= 0; at -= 1) {
    const { kind, text } = tokens[at]!;
    if (kind !== 'mark') continue;
    if (')]}'.includes(text)) depth += 1;
    else if ('([{'.includes(text)) {
      if (depth > 0) depth -= 1;
      else return text === '(' ? calledAt(tokens, at, given) : undefined;
    } else if (text === ':' && depth === 0) given.push(tokens[at - 1]?.text ?? '');
  }
  return undefined;
}

function calledAt(tokens: readonly Token[], bracket: number, given: readonly string[]) {
  const name = tokens[bracket - 1];
  if (name?.kind !== 'word') return undefined;
  const dotted = tokens[bracket - 2]?.text === '.' && tokens[bracket - 3]?.kind === 'word';
  const callee = dotted ? `${tokens[bracket - 3]!.text}.${name.text}` : name.text;
  return { callee, given };
}

function namesIn(tokens: readonly Token[]): string[] {
  const found = new Set<string>();
  for (const [at, { kind, text }] of tokens.entries()) {
    const next = tokens[at + 1];
    if (kind === 'word' && next?.kind === 'mark' && next.text === '=') found.add(text);
  }
  return [...found];
}

function importsIn(tokens: readonly Token[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'word' || text !== 'import') continue;
    const [alias, path] =
      tokens[at + 1]?.kind === 'word'
        ? [tokens[at + 1], tokens[at + 2]]
        : [undefined, tokens[at + 1]];
    if (path?.kind !== 'text' || path.open) continue;
    found.set(alias?.text ?? path.text.slice(path.text.lastIndexOf('/') + 1), path.text);
  }
  return found;
}

function comparedIn(tokens: readonly Token[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [at, { text, kind, open }] of tokens.entries()) {
    if (kind !== 'text' || open || tokens[at - 1]?.text !== '==') continue;
    const column = tokens[at - (tokens[at - 2]?.text === ']' ? 3 : 2)]?.text ?? '';
    found.set(column, text);
  }
  return found;
}
