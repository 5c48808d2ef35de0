import { compilePattern } from '../../scans/pattern.ts';
import { PATTERN_LENGTH_MAX, PHRASE_WORDS_MAX } from './limits.ts';
import { QueryMistake, type Token } from './query-tokens.ts';
import { wordsOf } from './words.ts';

/** What is looked for. `at`: where it stands in its text. */
export type Term =
  /** Words that follow each other; of a prefix the last may go on. */
  | {
      readonly kind: 'words';
      readonly text: string;
      readonly quoted: boolean;
      readonly prefix: boolean;
      /** Compared as it is written; never so in a query. */
      readonly matchCase?: true;
      readonly at: number;
    }
  /** `$SOL`, as it was written. */
  | { readonly kind: 'symbol'; readonly text: string; readonly at: number }
  | {
      readonly kind: 'pattern';
      readonly source: string;
      readonly flags: string;
      /** Instructions of the compiled program. */
      readonly size: number;
      readonly at: number;
    };

type TermToken =
  | Extract<Token, { readonly kind: 'word' | 'phrase' }>
  | Extract<Token, { readonly kind: 'pattern' }>;

const SYMBOL = /^\$(?=[0-9]{0,14}[A-Za-z])[A-Za-z0-9]{1,15}$/;
const PREFIX_MIN = 2;

/** A term of a query. Throws QueryMistake. */
export function readTerm(token: TermToken): Term {
  if (token.kind === 'pattern') {
    const { source, flags, at } = token;
    return { kind: 'pattern', source, flags, size: checkPattern(source, flags, at + 1), at };
  }
  const { text, at } = token;
  return token.kind === 'word' ? readWord(text, at) : readPhrase(text, at + 1);
}

/** `etf`, `bit*`, `$SOL`. Throws QueryMistake. */
export function readWord(text: string, at: number): Term {
  if (SYMBOL.test(text)) return { kind: 'symbol', text, at };
  const prefix = text.endsWith('*');
  const stem = prefix ? text.slice(0, -1) : text;
  if (prefix && SYMBOL.test(stem)) {
    throw new QueryMistake('a symbol has no *', at + stem.length);
  }
  const star = stem.indexOf('*');
  if (star >= 0) throw new QueryMistake('* stands at the end of a word alone', at + star);
  const { keys, to } = checkWords(stem, at);
  const last = keys.at(-1) ?? '';
  if (prefix && (to.at(-1) !== stem.length || last.length < PREFIX_MIN)) {
    const message = `expected at least ${PREFIX_MIN} letters or digits before *`;
    throw new QueryMistake(message, at + stem.length);
  }
  return { kind: 'words', text, quoted: false, prefix, at };
}

/** Words in this order, what stands between them does not matter. Throws QueryMistake. */
export function readPhrase(text: string, at: number): Term {
  checkWords(text, at);
  return { kind: 'words', text, quoted: true, prefix: false, at: at - 1 };
}

function checkWords(text: string, at: number): ReturnType<typeof wordsOf> {
  const words = wordsOf(text);
  if (words.keys.length === 0) {
    const shown = text.trim() === '' ? '' : `: ${text.slice(0, 40)} has no letter or digit`;
    throw new QueryMistake(`expected a word${shown}`, at);
  }
  if (words.keys.length > PHRASE_WORDS_MAX) {
    throw new QueryMistake(`more than ${PHRASE_WORDS_MAX} words`, at);
  }
  return words;
}

/**
 * How many instructions a pattern compiles to. Throws QueryMistake where the pattern's own mistake is;
 * `at`: where its text begins.
 */
export function checkPattern(source: string, flags: string, at: number): number {
  if (source === '') throw new QueryMistake('expected a pattern', at);
  if (source.length > PATTERN_LENGTH_MAX) {
    const message = `a pattern longer than ${PATTERN_LENGTH_MAX} characters`;
    throw new QueryMistake(message, at + PATTERN_LENGTH_MAX);
  }
  const compiled = compilePattern(source, flags);
  if (!compiled.ok) {
    throw new QueryMistake(compiled.refusal.message, at + (compiled.refusal.at ?? 0));
  }
  return compiled.pattern.size;
}
