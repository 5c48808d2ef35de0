import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';
import { placeOf } from './pattern-place.ts';

/** A pattern that compiled. Matching takes time in proportion to the text, whatever the pattern. */
export interface Pattern {
  readonly source: string;
  /** Of `i` (any case), `m` (^ and $ at each line), `s` (. matches line ends). */
  readonly flags: string;
  /** Groups with a name: each becomes a field with the number in it. */
  readonly names: readonly string[];
  /** Instructions of the compiled program: time and memory are in proportion to it. */
  readonly size: number;
  /** The first match in `text`. */
  find(text: string): Match | undefined;
}

export interface Match {
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
  /** What matched, at most 200 characters of it. */
  readonly text: string;
  /** The texts of the named groups that took part, at most 100 characters of each. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Why a pattern is refused. */
export interface PatternRefusal {
  /** Offset in the pattern, in UTF-16 units; undefined where it is about the whole. */
  readonly at?: number;
  readonly message: string;
}

export type Compiled =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly refusal: PatternRefusal };

export const PATTERN_LENGTH_MAX = 4096;
export const PATTERN_SIZE_MAX = 2_000;
const NAMES_MAX = 16;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;
const MATCH_TEXT_MAX = 200;
const GROUP_TEXT_MAX = 100;
/** States of the lazy automaton that a pattern may keep between two texts. */
const STATES_KEPT = 500;

const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/** Compiles a pattern in RE2's syntax: no look-around, no back-references. */
export function compilePattern(source: string, flags = ''): Compiled {
  const refused = (message: string, at?: number): Compiled => ({
    ok: false,
    refusal: { message, ...(at === undefined ? {} : { at }) },
  });
  if (source.length > PATTERN_LENGTH_MAX) {
    return refused(`longer than ${PATTERN_LENGTH_MAX} characters`, PATTERN_LENGTH_MAX);
  }
  if (!/^[ims]*$/.test(flags) || new Set(flags).size < flags.length) {
    return refused('flags are i, m and s, each once at most');
  }
  let program: RE2JS;
  try {
    program = compile(source, flags);
  } catch (error) {
    return { ok: false, refusal: refusalOf(error, source) };
  }
  const size = program.programSize();
  if (size > PATTERN_SIZE_MAX) {
    return refused(`too large: ${size} instructions, at most ${PATTERN_SIZE_MAX}`);
  }
  const names = Object.keys(program.namedGroups());
  if (names.length > NAMES_MAX) return refused(`more than ${NAMES_MAX} named groups`);
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong !== undefined) {
    const at = source.indexOf(`<${wrong}>`);
    return refused('a group is named by a letter and then letters, digits and _', at + 1);
  }
  return { ok: true, pattern: new Re2Pattern(source, flags, program) };
}

function compile(source: string, flags: string): RE2JS {
  const bits = [...flags].reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
  return RE2JS.compile(source, bits);
}

function refusalOf(error: unknown, source: string): PatternRefusal {
  if (error instanceof RE2JSSyntaxException) {
    return placeOf(source, error.getDescription(), error.getPattern() ?? undefined);
  }
  if (error instanceof RE2JSException) return { message: error.message };
  // Deep nesting may exhaust the stack of a parser that calls itself.
  if (error instanceof RangeError) return { message: 'nested too deeply' };
  throw error;
}

class Re2Pattern implements Pattern {
  readonly source: string;
  readonly flags: string;
  readonly names: readonly string[];
  readonly size: number;
  #program: RE2JS | undefined;

  constructor(source: string, flags: string, program: RE2JS) {
    this.source = source;
    this.flags = flags;
    this.names = Object.keys(program.namedGroups());
    this.size = program.programSize();
    this.#program = program;
  }

  find(text: string): Match | undefined {
    const program = this.#program ?? compile(this.source, this.flags);
    const matcher = program.matcher(text);
    const found = matcher.find();
    const match = found ? this.#match(matcher) : undefined;
    // The automaton grows with what it has seen, up to megabytes: made anew it is small again.
    const automaton: { readonly stateCount: number } | null = program.re2().lazyDFA;
    this.#program = (automaton?.stateCount ?? 0) > STATES_KEPT ? undefined : program;
    return match;
  }

  #match(matcher: ReturnType<RE2JS['matcher']>): Match {
    const groups: Record<string, string> = {};
    for (const name of this.names) {
      const text = matcher.group(name);
      if (text !== null) groups[name] = text.slice(0, GROUP_TEXT_MAX);
    }
    const text = (matcher.group() ?? '').slice(0, MATCH_TEXT_MAX);
    return { at: matcher.start(), text, groups };
  }
}
