import {
  createFreshnessReader,
  type FreshnessField,
  type FreshnessReader,
} from '../../../flux/freshness-queries.ts';
import type { FreshnessKind } from '../../../registry/alerts.ts';
import { PriceBook } from './freshness-book.ts';
import type { Wanted } from './freshness-wanted.ts';

const MINUTE_MS = 60_000;
/** How far back a first look goes: the longest that anybody may ask for. */
const DAY_MS = 86_400_000;
/** Points of a minute that come after the minute was looked at, as polls and writers take time. */
const AGAIN_MS = MINUTE_MS;
/** After a longer break all is looked at anew. */
const BREAK_MS = 10 * MINUTE_MS;
/** Of a first look at values that stand still: each length costs two reads of a field. */
const LENGTHS_MAX = 8;

const FIELDS: Readonly<Record<FreshnessKind, readonly FreshnessField[]>> = {
  absent: ['price'],
  late: ['price', 'exchange_time'],
  frozen: ['price', 'volume'],
};

export interface Look {
  readonly toMs: number;
  readonly wanted: readonly Wanted[];
  /** The longest time from one price of a market to the next. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

/** Reads prices, each once as long as looks follow each other. */
export class PriceLooks {
  readonly #reader: FreshnessReader;
  #book: PriceBook | undefined;
  #fields: ReadonlySet<FreshnessField> = new Set();
  #toMs = 0;

  constructor(influx: Parameters<typeof createFreshnessReader>[0]) {
    this.#reader = createFreshnessReader(influx);
  }

  /** What is known now. Throws what the client throws; then the next look begins anew. */
  async look(look: Look): Promise<PriceBook> {
    const { toMs, wanted } = look;
    const fields = new Set(wanted.flatMap(({ kind }) => FIELDS[kind]));
    const lacking = [...fields].some((field) => !this.#fields.has(field));
    const sinceMs = toMs - this.#toMs;
    const known = lacking || sinceMs <= 0 || sinceMs > BREAK_MS ? undefined : this.#book;
    this.forget();
    const book = known ?? new PriceBook(toMs - DAY_MS);
    if (known === undefined) await this.#begin(book, fields, look);
    const fromMs = toMs - (known === undefined ? firstMs(look) : sinceMs + AGAIN_MS);
    for (const field of fields) {
      book.note(field, await this.#reader.newest(field, { fromMs, toMs }, look.signal));
    }
    if (known === undefined && fields.has('volume')) await this.#steady(book, look);
    [this.#book, this.#fields, this.#toMs] = [book, fields, toMs];
    return book;
  }

  forget(): void {
    this.#book = undefined;
  }

  async #begin(book: PriceBook, fields: ReadonlySet<FreshnessField>, look: Look): Promise<void> {
    const range = { fromMs: book.beginMs, toMs: look.toMs };
    if (fields.has('price'))
      book.note('price', await this.#reader.last('price', range, look.signal));
  }

  /** What stood still before anybody looked. */
  async #steady(book: PriceBook, { toMs, wanted, signal }: Look): Promise<void> {
    const levels = wanted.flatMap(({ kind, levels }) => (kind === 'frozen' ? levels : []));
    const lengths = [...new Set(levels.map(({ afterMs }) => afterMs))].sort((a, b) => a - b);
    for (const afterMs of some(lengths, LENGTHS_MAX)) {
      const range = { fromMs: toMs - afterMs, toMs };
      for (const field of ['price', 'volume'] as const) {
        book.noteSteady(field, await this.#reader.steady(field, range, signal), range.fromMs);
      }
    }
  }
}

function firstMs({ intervalMs }: Look): number {
  return 2 * intervalMs + AGAIN_MS;
}

/** As many of a list, evenly; the first and the last are among them. */
function some(list: readonly number[], most: number): readonly number[] {
  if (list.length <= most) return list;
  const step = (list.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => list[Math.round(i * step)]!);
}
