/** The words of a text, in its order. Offsets are in UTF-16 units of the text as it was given. */
export interface Words {
  /** Folded: the same for `Bitcoin`, `BITCOIN` and `bitcoin`. */
  readonly keys: readonly string[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Scripts that put no space between words, or hang endings on them: a word is each character. */
const RUNNING =
  'Han Hiragana Katakana Bopomofo Hangul Yi Thai Lao Khmer Myanmar Tibetan Javanese Balinese Tai_Le New_Tai_Lue Tai_Tham'
    .split(' ')
    .map((script) => `\\p{scx=${script}}`)
    .join('');
const LETTER = String.raw`[\p{L}\p{N}]`;
const SINGLE = `[${LETTER}&&[${RUNNING}]]`;
/** Marks, and signs without a width that stand within words. */
const JOINED = String.raw`[\p{M}\u00AD\u200C\u200D\u2060]`;
/** A Korean syllable in its parts. */
const SYLLABLE = String.raw`[\u1100-\u115F\uA960-\uA97C][\u1160-\u11A7\uD7B0-\uD7C6]+[\u11A8-\u11FF\uD7CB-\uD7FB]*`;
const WORD = new RegExp(
  `${SYLLABLE}${JOINED}*|${SINGLE}${JOINED}*|[${LETTER}--${SINGLE}][[${LETTER}--${SINGLE}]${JOINED}]*`,
  'vy',
);
const WITHOUT_WIDTH = /\u00AD|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]/g;

/** Of ASCII, what words are made of. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/**
 * Finds the words of a text, in time linear in its length. A word is a run of letters, digits and
 * their marks; of scripts without spaces it is one character, a name of several being a phrase.
 */
export function wordsOf(text: string): Words {
  const keys: string[] = [];
  const from: number[] = [];
  const to: number[] = [];
  // Of ASCII all words are folded at once.
  const folded = ASCII.test(text) ? text.toLowerCase() : undefined;
  let at = 0;
  while (at < text.length) {
    const end = wordEnd(text, at);
    if (end === at) {
      at += 1;
      continue;
    }
    keys.push(folded === undefined ? fold(text.slice(at, end)) : folded.slice(at, end));
    from.push(at);
    to.push(end);
    at = end;
  }
  return { keys, from, to };
}

/** Where the word that begins at `at` ends; `at` itself: none begins there. */
function wordEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && PLAIN[text.charCodeAt(end)] === 1) end += 1;
  // What follows may be a mark or a letter of another alphabet.
  if (end === text.length || text.charCodeAt(end) < 128) return end;
  WORD.lastIndex = at;
  return WORD.test(text) ? WORD.lastIndex : at;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it is about
const ASCII = /^[\x00-\x7F]*$/;

/**
 * A word as it is compared: composed (NFC), in one case for all, with ß as ss and both lower sigmas
 * as one, without signs that have no width.
 */
export function fold(word: string): string {
  if (ASCII.test(word)) return word.toLowerCase();
  const composed = exact(word).toUpperCase().toLowerCase();
  return composed
    .replace(/ς/g, 'σ')
    .replace(/i\u0307/g, 'i')
    .normalize('NFC');
}

/** A word as it is compared where its case matters. */
export function exact(word: string): string {
  return ASCII.test(word) ? word : word.replace(WITHOUT_WIDTH, '').normalize('NFC');
}
