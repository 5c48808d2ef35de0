import { FIELDS, type Field, isField } from './field.ts';

/** A query that cannot be read: where, in UTF-16 units, and what was expected there. */
export class QueryMistake extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'open' | 'close' | 'and' | 'or' | 'not' | 'end' }
  | { readonly kind: 'word' | 'phrase'; readonly text: string }
  | { readonly kind: 'pattern'; readonly source: string; readonly flags: string }
  /** `title:` before a term: it belongs to what follows at once. */
  | { readonly kind: 'field'; readonly field: Field }
  /** `in:title,summary` behind a term or group. */
  | { readonly kind: 'in'; readonly fields: readonly Field[] }
);

const OPERATORS = { AND: 'and', OR: 'or', NOT: 'not' } as const;
/** Quotes that people paste open and close phrases, too. */
const OPENING = /["“”„]/;
const SPACE = /\s/;
const WORD = /[^\s()"“”„]+/y;

/** The parts of a query; the last one is `end`. Throws QueryMistake. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (at < query.length && SPACE.test(query.charAt(at))) at += 1;
    const token = tokenAt(query, at);
    tokens.push(token);
    if (token.kind === 'end') return tokens;
    at = token.end;
  }
}

function tokenAt(query: string, at: number): Token {
  const first = query.charAt(at);
  if (first === '') return { kind: 'end', at, end: at };
  if (first === '(') return { kind: 'open', at, end: at + 1 };
  if (first === ')') return { kind: 'close', at, end: at + 1 };
  if (first === '-') return minusAt(query, at);
  if (OPENING.test(first)) return phraseAt(query, at);
  if (first === '/') return patternAt(query, at);
  return wordAt(query, at);
}

function minusAt(query: string, at: number): Token {
  if (/^[\s)]?$/.test(query.charAt(at + 1))) {
    throw new QueryMistake('expected a term right behind -', at + 1);
  }
  return { kind: 'not', at, end: at + 1 };
}

function phraseAt(query: string, at: number): Token {
  const closing = query.charAt(at) === '"' ? /"/g : /["“”]/g;
  closing.lastIndex = at + 1;
  const close = closing.exec(query)?.index;
  if (close === undefined) throw new QueryMistake('the phrase that begins here has no end: "', at);
  return { kind: 'phrase', at, end: close + 1, text: query.slice(at + 1, close) };
}

function patternAt(query: string, at: number): Token {
  let close = at + 1;
  while (close < query.length && query[close] !== '/') close += query[close] === '\\' ? 2 : 1;
  if (close >= query.length) {
    throw new QueryMistake('the pattern that begins here has no end: /', at);
  }
  let end = close + 1;
  while (end < query.length && /[^\s()]/.test(query.charAt(end))) end += 1;
  const flags = query.slice(close + 1, end);
  const wrong = [...flags].findIndex((flag, n) => !'ims'.includes(flag) || flags.indexOf(flag) < n);
  if (wrong >= 0) {
    throw new QueryMistake('expected flags i, m, s, each once, or a space', close + 1 + wrong);
  }
  return { kind: 'pattern', at, end, source: query.slice(at + 1, close), flags };
}

function wordAt(query: string, at: number): Token {
  WORD.lastIndex = at;
  WORD.test(query);
  const end = WORD.lastIndex;
  const text = query.slice(at, end);
  if (Object.hasOwn(OPERATORS, text)) {
    return { kind: OPERATORS[text as keyof typeof OPERATORS], at, end };
  }
  const name = /^([A-Za-z]+):(?!\/\/)/.exec(text)?.[1];
  if (name === undefined) return { kind: 'word', at, end, text };
  const behind = at + name.length + 1;
  if (name === 'in') return { kind: 'in', at, end, fields: fieldsAt(text.slice(3), behind) };
  const field = fieldAt(name, at);
  if (/^[\s)]?$/.test(query.charAt(behind))) {
    throw new QueryMistake(`expected a term right behind ${name}:`, behind);
  }
  return { kind: 'field', at, end: behind, field };
}

function fieldsAt(list: string, at: number): Field[] {
  const fields: Field[] = [];
  let start = at;
  for (const name of list.split(',')) {
    const field = fieldAt(name, start);
    if (fields.includes(field)) throw new QueryMistake(`${name} is named twice`, start);
    fields.push(field);
    start += name.length + 1;
  }
  return fields;
}

function fieldAt(name: string, at: number): Field {
  if (isField(name)) return name;
  const known = FIELDS.join(', ');
  const hint = name === '' ? '' : `, not ${name.slice(0, 40)} (quotes make it a phrase)`;
  throw new QueryMistake(`expected a field of ${known}${hint}`, at);
}
