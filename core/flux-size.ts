import { TidemarkError } from './errors.ts';

/**
 * What a script may cost the parser, judged before it sees the script. The parser is recursive and
 * copies the text of each node, so that depth and long chains are what hurts, not length alone.
 */
export const SCRIPT_BYTES_MAX = 256 * 1024;
const TEXT_COPIES_MAX = 64 * 1024 * 1024;
const DEPTH_MAX = 600;
const BRACKETS_DEEP_MAX = 250;

const OPENING = new Set('([{');
const CLOSING = new Set(')]}');
const SEPARATOR = new Set(',:');
const OPERATOR = new Set('+-*/%^<>!|~');
/** What makes the parser call itself for the rest of the chain. */
const NESTING_WORDS = ['not', 'exists', 'if'];
const CHAIN_WORDS = ['and', 'or'];

/** One bracket level. */
interface Level {
  start: number;
  nesting: number;
  /** The last token was an operator: a sign that follows is a prefix. */
  afterOperator: boolean;
}

/** Throws TidemarkError `too-large` with what is too much. */
export function checkSize(script: string): void {
  const bytes = Buffer.byteLength(script);
  if (bytes > SCRIPT_BYTES_MAX) {
    throw new TidemarkError('too-large', `script is ${bytes} bytes: at most ${SCRIPT_BYTES_MAX}`);
  }
  const meter = new Meter();
  for (let i = 0; i < script.length; i += 1) meter.take(script, i);
}

/** Strings are read as if they were code: an upper bound, never too little. */
class Meter {
  readonly #levels: Level[] = [{ start: 0, nesting: 0, afterOperator: false }];
  #nesting = 0;
  #copies = 0;

  take(script: string, at: number): void {
    const char = script[at]!;
    const level = this.#levels.at(-1)!;
    if (OPENING.has(char)) this.#open(at);
    else if (CLOSING.has(char)) this.#close(at, level);
    else if (char === '=' && script[at + 1] === '>') this.#nest(level);
    else if (SEPARATOR.has(char) || char === '=') this.#reset(level, at);
    else if (OPERATOR.has(char)) this.#operator(level, at);
    else if (char > ' ') this.#word(script, at, level);
  }

  #open(at: number): void {
    this.#levels.push({ start: at, nesting: 0, afterOperator: false });
    if (this.#levels.length - 1 > BRACKETS_DEEP_MAX) {
      const message = `brackets are nested more than ${BRACKETS_DEEP_MAX} deep`;
      throw new TidemarkError('too-large', message);
    }
  }

  #close(at: number, level: Level): void {
    this.#copy(at - level.start);
    this.#reset(level, at);
    if (this.#levels.length > 1) this.#levels.pop();
    this.#levels.at(-1)!.afterOperator = false;
  }

  #reset(level: Level, at: number): void {
    this.#nesting -= level.nesting;
    level.nesting = 0;
    level.start = at;
    level.afterOperator = false;
  }

  #operator(level: Level, at: number): void {
    if (level.afterOperator) this.#nest(level);
    level.afterOperator = true;
    this.#copy(at - level.start);
  }

  #word(script: string, at: number, level: Level): void {
    level.afterOperator = false;
    const starts = (word: string) => script.startsWith(word, at);
    if (NESTING_WORDS.some(starts)) this.#nest(level);
    else if (CHAIN_WORDS.some(starts)) this.#copy(at - level.start);
  }

  #nest(level: Level): void {
    level.nesting += 1;
    this.#nesting += 1;
    if (this.#nesting > DEPTH_MAX) {
      throw new TidemarkError('too-large', `expression is nested more than ${DEPTH_MAX} deep`);
    }
  }

  #copy(length: number): void {
    this.#copies += length;
    if (this.#copies > TEXT_COPIES_MAX) {
      throw new TidemarkError('too-large', 'an expression has too many terms: split the script up');
    }
  }
}
