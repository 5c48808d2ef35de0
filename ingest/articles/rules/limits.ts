/** What rules may cost. All lengths in UTF-16 units. */
export const QUERY_LENGTH_MAX = 4_000;
export const PATTERN_LENGTH_MAX = 1_000;
export const TEXT_LENGTH_MAX = 1_000;
/** Parentheses and NOT within each other. */
export const DEPTH_MAX = 32;
/** Words of one phrase; of scripts without spaces each character is one. */
export const PHRASE_WORDS_MAX = 64;
/** Terms in any, all and none together. */
export const TERMS_MAX = 200;
/** Clauses that a verdict names. */
export const CLAUSES_MAX = 20;
/** Places of patterns that are looked for in an article; of further matches none is named. */
export const LOCATED_MAX = 100;
/** Of a field, what is looked at. */
export const FIELD_LENGTH_MAX = 200_000;
/** Authors, categories, symbols that are looked at. */
export const ITEMS_MAX = 100;

/** What a compiled set may hold. */
export interface SetLimits {
  readonly rules: number;
  /** Terms of all rules together. */
  readonly terms: number;
  /** Instructions of all patterns together: memory is in proportion to it. */
  readonly instructions: number;
  /** Of the patterns that no text can be told from without running them: time is, too. */
  readonly openInstructions: number;
}

export const SET_LIMITS: SetLimits = {
  rules: 10_000,
  terms: 200_000,
  instructions: 500_000,
  openInstructions: 20_000,
};
