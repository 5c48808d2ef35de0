import type { Attributes } from './markup.ts';

/** What a page says of itself, in its head or wherever it says it. */
export interface PageFacts {
  readonly title: string;
  readonly description: string;
  readonly language: string | undefined;
  /** `<base href>`, as it is written. */
  readonly base: string | undefined;
}

const FACT_CHARS_MAX = 8_192;
const FACTS_MAX = 500;

/** Notes facts while a page goes by; what is said first counts. */
export class FactsNoted {
  /** Of the `title` element. */
  title = '';
  #lang: string | undefined;
  #base: string | undefined;
  readonly #meta = new Map<string, string>();

  addTitle(text: string): void {
    this.title = (this.title + text).slice(0, FACT_CHARS_MAX);
  }

  note(name: string, attributes: Attributes): void {
    if (name === 'html') this.#lang ??= attributes.lang ?? attributes['xml:lang'];
    else if (name === 'base') this.#base ??= attributes.href;
    else if (name === 'meta') this.#noteMeta(attributes);
  }

  facts(): PageFacts {
    return {
      title: this.#first('og:title', 'twitter:title') || this.title,
      description: this.#first('og:description', 'description', 'twitter:description'),
      language: this.#lang || this.#first('content-language', 'og:locale') || undefined,
      base: this.#base,
    };
  }

  #noteMeta(attributes: Attributes): void {
    const name = attributes.property ?? attributes.name ?? attributes['http-equiv'];
    const value = attributes.content;
    if (name === undefined || value === undefined || this.#meta.size >= FACTS_MAX) return;
    const key = name.trim().toLowerCase();
    if (!this.#meta.has(key)) this.#meta.set(key, value.slice(0, FACT_CHARS_MAX));
  }

  #first(...names: string[]): string {
    return names.map((name) => this.#meta.get(name)?.trim()).find((value) => value) ?? '';
  }
}
