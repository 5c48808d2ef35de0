import type { RuleSpec, RuleTerm } from '../../../registry/rules.ts';
import { TERMS_MAX, TEXT_LENGTH_MAX } from './limits.ts';
import { parseQuery, type Query } from './query.ts';
import { QueryMistake } from './query-tokens.ts';
import { checkPattern, readPhrase, readWord, type Term } from './term.ts';

/** Why a rule is refused. */
export interface RuleMistake {
  readonly message: string;
  /** In the text that `path` names, in UTF-16 units. */
  readonly position: number;
  /** `query`, `any.0.text`, `all.2.pattern`; empty where it is about the whole. */
  readonly path: string;
}

export type ReadSpec =
  | { readonly ok: true; readonly query: Query }
  | ({ readonly ok: false } & RuleMistake);

export type CheckedRule = { readonly ok: true } | ({ readonly ok: false } & RuleMistake);

/** Whether a rule can be compiled; if not, where the mistake is. */
export function checkRule(spec: RuleSpec): CheckedRule {
  const read = readSpec(spec);
  return read.ok ? { ok: true } : read;
}

/**
 * All parts of a rule as one query: one of `any`, all of `all`, none of `none`, and the query text.
 */
export function readSpec(spec: RuleSpec): ReadSpec {
  const { any, all, none, query } = spec;
  const mistake = (message: string, path = '', position = 0): ReadSpec => {
    return { ok: false, message, position, path };
  };
  const count = any.length + all.length + none.length;
  if (count === 0 && query === null) return mistake('expected a term or a query');
  if (count > TERMS_MAX) return mistake(`more than ${TERMS_MAX} terms`);
  const lists = { any, all, none };
  const read: Record<keyof typeof lists, Query[]> = { any: [], all: [], none: [] };
  for (const name of ['any', 'all', 'none'] as const) {
    for (const [index, term] of lists[name].entries()) {
      const path = `${name}.${index}`;
      try {
        read[name].push(queryOf(term));
      } catch (error) {
        if (!(error instanceof TermMistake)) throw error;
        return mistake(error.message, `${path}${error.part}`, error.position);
      }
    }
  }
  const parts: Query[] = read.any.length > 1 ? [{ kind: 'or', of: read.any }] : [...read.any];
  parts.push(...read.all, ...read.none.map((of) => ({ kind: 'not', of }) as const));
  if (query !== null) {
    const parsed = parseQuery(query);
    if (!parsed.ok) return mistake(parsed.message, 'query', parsed.position);
    parts.push(parsed.query);
  }
  return { ok: true, query: parts.length === 1 ? parts[0]! : { kind: 'and', of: parts } };
}

class TermMistake extends Error {
  /** What comes behind the path of the term. */
  readonly part: '' | '.text' | '.pattern' | '.in';
  readonly position: number;

  constructor(message: string, part: TermMistake['part'], position = 0) {
    super(message);
    this.part = part;
    this.position = position;
  }
}

function queryOf({ text, pattern, in: fields, matchCase }: RuleTerm): Query {
  if ((text === undefined) === (pattern === undefined)) {
    throw new TermMistake('expected one of text and pattern', '');
  }
  const part = text === undefined ? '.pattern' : '.text';
  let term: Term;
  try {
    term = text === undefined ? patternOf(pattern ?? '', matchCase) : textOf(text, matchCase);
  } catch (error) {
    if (!(error instanceof QueryMistake)) throw error;
    throw new TermMistake(error.message, part, error.position);
  }
  if (fields === undefined) return term;
  if (fields.length === 0) throw new TermMistake('expected at least one field', '.in');
  if (term.kind === 'symbol' && !fields.includes('symbol')) {
    throw new TermMistake(`${term.text} is looked for among the symbols alone`, '.in');
  }
  return { kind: 'in', fields: [...new Set(fields)], of: term };
}

function textOf(text: string, matchCase = false): Term {
  if (text.length > TEXT_LENGTH_MAX) {
    throw new QueryMistake(`longer than ${TEXT_LENGTH_MAX} characters`, TEXT_LENGTH_MAX);
  }
  const term = /[\s"“”„]/.test(text) ? readPhrase(text, 0) : readWord(text, 0);
  return term.kind === 'words' && matchCase ? { ...term, matchCase } : term;
}

function patternOf(source: string, matchCase = false): Term {
  const flags = matchCase ? '' : 'i';
  return { kind: 'pattern', source, flags, size: checkPattern(source, flags, 0), at: 0 };
}
