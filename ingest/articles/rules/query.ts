import type { Field } from './field.ts';
import { DEPTH_MAX, QUERY_LENGTH_MAX } from './limits.ts';
import { QueryMistake, type Token, tokensOf } from './query-tokens.ts';
import { readTerm, type Term } from './term.ts';

/** A query as a tree. Every term knows where it stands in the text. */
export type Query =
  | Term
  | { readonly kind: 'and' | 'or'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query }
  /** The innermost one counts. */
  | { readonly kind: 'in'; readonly fields: readonly Field[]; readonly of: Query };

export type ReadQuery =
  | { readonly ok: true; readonly query: Query }
  /** `position` in UTF-16 units. */
  | { readonly ok: false; readonly message: string; readonly position: number };

/**
 * Reads a query: words, `bit*`, "phrases", $SOL, /patterns/i, AND (or nothing), OR, NOT, -, ( ),
 * `title:etf`, `(a OR b) in:title,summary`. NOT binds more than AND, AND more than OR.
 */
export function parseQuery(text: string): ReadQuery {
  try {
    if (text.length > QUERY_LENGTH_MAX) {
      throw new QueryMistake(`longer than ${QUERY_LENGTH_MAX} characters`, QUERY_LENGTH_MAX);
    }
    return { ok: true, query: new Parser(tokensOf(text)).whole() };
  } catch (error) {
    if (!(error instanceof QueryMistake)) throw error;
    return { ok: false, message: error.message, position: error.position };
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Query {
    const query = this.#or();
    const { kind, at } = this.#token();
    if (kind === 'close') throw new QueryMistake('there is no ( for this )', at);
    return query;
  }

  #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #take(kind: Token['kind']): boolean {
    if (this.#token().kind !== kind) return false;
    this.#at += 1;
    return true;
  }

  #or(): Query {
    const parts = [this.#and()];
    while (this.#take('or')) parts.push(this.#and());
    return parts.length === 1 ? parts[0]! : { kind: 'or', of: parts };
  }

  #and(): Query {
    const parts = [this.#not()];
    for (;;) {
      const { kind } = this.#token();
      if (kind === 'end' || kind === 'close' || kind === 'or') break;
      this.#take('and');
      parts.push(this.#not());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'and', of: parts };
  }

  #not(): Query {
    const { at } = this.#token();
    if (!this.#take('not')) return this.#scoped();
    return { kind: 'not', of: this.#deeper(at, () => this.#not()) };
  }

  #scoped(): Query {
    const before = this.#token();
    const prefix = before.kind === 'field' && this.#take('field') ? before.field : undefined;
    const of = this.#primary();
    const behind = this.#token();
    if (behind.kind !== 'in') return prefix === undefined ? of : scoped([prefix], of);
    if (prefix !== undefined) throw new QueryMistake(`${prefix}: says already where`, behind.at);
    this.#at += 1;
    const { kind, at } = this.#token();
    if (kind === 'in') throw new QueryMistake('expected one in: alone', at);
    return scoped(behind.fields, of);
  }

  #primary(): Query {
    const token = this.#token();
    if (token.kind === 'word' || token.kind === 'phrase' || token.kind === 'pattern') {
      this.#at += 1;
      return readTerm(token);
    }
    if (token.kind !== 'open') throw new QueryMistake(this.#expected(token), token.at);
    this.#at += 1;
    const of = this.#deeper(token.at, () => this.#or());
    if (!this.#take('close')) throw new QueryMistake('there is no ) for this (', token.at);
    return of;
  }

  #expected({ kind }: Token): string {
    const before = this.#tokens[this.#at - 1];
    const behind: Partial<Record<Token['kind'], string>> = {
      ...{ and: ' behind AND', or: ' behind OR', not: ' behind NOT', open: ' behind (' },
      field: ' behind the field',
    };
    const found: Partial<Record<Token['kind'], string>> = {
      ...{ and: ', not AND', or: ', not OR', not: ', not NOT', close: ', not )' },
      ...{ in: ': in: stands behind what it is about', field: ', not a field' },
    };
    return `expected a term${(before && behind[before.kind]) ?? ''}${found[kind] ?? ''}`;
  }

  #deeper(at: number, read: () => Query): Query {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new QueryMistake(`more than ${DEPTH_MAX} deep`, at);
    const query = read();
    this.#depth -= 1;
    return query;
  }
}

function scoped(fields: readonly Field[], of: Query): Query {
  const symbol = fields.includes('symbol') ? undefined : firstSymbol(of);
  if (symbol !== undefined) {
    const words = `${symbol.text} is looked for among the symbols of an article, not in its parts`;
    throw new QueryMistake(`${words}: "${symbol.text.slice(1)}" is the word`, symbol.at);
  }
  return { kind: 'in', fields, of };
}

/** The first $SOL that no inner scope speaks for. */
function firstSymbol(query: Query): Extract<Term, { kind: 'symbol' }> | undefined {
  if (query.kind === 'symbol') return query;
  if (query.kind === 'not') return firstSymbol(query.of);
  if (query.kind !== 'and' && query.kind !== 'or') return undefined;
  for (const part of query.of) {
    const found = firstSymbol(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The text of a query: parsing it gives the same tree. */
export function printQuery(query: Query): string {
  switch (query.kind) {
    case 'or':
      return query.of.map((part) => inside(part, part.kind === 'or')).join(' OR ');
    case 'and':
      return query.of.map((part) => inside(part, /^(and|or)$/.test(part.kind))).join(' ');
    case 'not':
      return `-${inside(query.of, /^(and|or)$/.test(query.of.kind))}`;
    case 'in': {
      const of = inside(query.of, /^(and|or|not|in)$/.test(query.of.kind));
      return query.fields.length === 1
        ? `${query.fields[0]}:${of}`
        : `${of} in:${query.fields.join(',')}`;
    }
    default:
      return printTerm(query);
  }
}

function inside(query: Query, group: boolean): string {
  return group ? `(${printQuery(query)})` : printQuery(query);
}

/** A term as it stands in a query. */
export function printTerm(term: Term): string {
  if (term.kind === 'pattern') return `/${term.source}/${term.flags}`;
  return term.kind === 'words' && term.quoted ? `"${term.text}"` : term.text;
}
