import type { Compiled } from './compiled.ts';
import { bitOf, FIELDS, type Field } from './field.ts';
import { FIELD_LENGTH_MAX, ITEMS_MAX, LOCATED_MAX } from './limits.ts';
import type { Span } from './pattern-set.ts';
import { wordsOf } from './words.ts';

/** What is known of an article. */
export interface RuledArticle {
  /** Of which feed it is. */
  readonly feed: number;
  readonly title: string;
  readonly summary: string;
  /** Undefined: the page was not read yet, but may be. */
  readonly body?: string | undefined;
  /** The body goes on, on the page: what is in it counts, what is not may yet be found. */
  readonly partial?: boolean | undefined;
  readonly authors: readonly string[];
  readonly categories: readonly string[];
  readonly symbols: readonly string[];
}

/** One term that speaks for a rule, and where it was found first in a field. */
export interface Clause {
  /** The term as it was written: `"spot fund"`, `title:etf`. */
  readonly clause: string;
  readonly field: Field;
  /** Of authors, categories and symbols: which one, from 0. */
  readonly item?: number;
  /** In UTF-16 units of that text. */
  readonly at: Span;
}

/** A term in a field. */
export interface Find {
  readonly field: Field;
  readonly item: number | undefined;
  /** Where; of a pattern it is looked for only now, and not where too many were. */
  at(): Span | undefined;
}

export interface Findings {
  /** By leaf: the first place in each field that has it. */
  readonly leaves: Map<number, Find[]>;
}

/** Looks for all terms of all rules in one go over each text of an article. */
export function findAll(compiled: Compiled, article: RuledArticle): Findings {
  const finder = new Finder(compiled);
  for (const field of FIELDS) {
    const texts = textsOf(article, field);
    const single = typeof texts === 'string';
    const list = single ? [texts] : (texts ?? []).slice(0, ITEMS_MAX);
    for (const [index, text] of list.entries()) {
      finder.look(text.slice(0, FIELD_LENGTH_MAX), field, single ? undefined : index);
    }
  }
  return finder;
}

function textsOf(article: RuledArticle, field: Field): string | readonly string[] | undefined {
  switch (field) {
    case 'author':
      return article.authors;
    case 'category':
      return article.categories;
    case 'symbol':
      return article.symbols;
    default:
      return article[field];
  }
}

class Finder implements Findings {
  readonly leaves = new Map<number, Find[]>();
  readonly #compiled: Compiled;
  /** Of words and of patterns: the field in which each was found last, as its bit. */
  readonly #words: Uint8Array;
  readonly #patterns: Uint8Array;
  #located = 0;

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
    this.#words = new Uint8Array(compiled.words.size);
    this.#patterns = new Uint8Array(compiled.patterns.size);
  }

  look(text: string, field: Field, item: number | undefined): void {
    const { words, patterns, wordLeaves, patternLeaves, wordMask, patternMask } = this.#compiled;
    const bit = bitOf(field);
    if ((wordMask & bit) !== 0) {
      words.scan(text, wordsOf(text), (id, from, to) => {
        if (this.#words[id] === bit) return;
        this.#words[id] = bit;
        this.#tell(wordLeaves[id], { field, item, at: () => [from, to] });
      });
    }
    if ((patternMask & bit) === 0) return;
    for (const id of patterns.match(text)) {
      if (this.#patterns[id] === bit) continue;
      this.#patterns[id] = bit;
      let at: Span | undefined;
      const find = () => {
        if (at === undefined && this.#located < LOCATED_MAX) {
          this.#located += 1;
          at = patterns.locate(id, text);
        }
        return at;
      };
      this.#tell(patternLeaves[id], { field, item, at: find });
    }
  }

  #tell(leaves: readonly number[] = [], find: Find): void {
    const bit = bitOf(find.field);
    for (const leaf of leaves) {
      if ((this.#compiled.leaves[leaf]!.mask & bit) === 0) continue;
      const finds = this.leaves.get(leaf);
      if (finds === undefined) this.leaves.set(leaf, [find]);
      else finds.push(find);
    }
  }
}
