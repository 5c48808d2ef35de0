import { messageOf } from '../../core/errors.ts';
import type { ParsedPrices, PriceAdapter, SymbolTable } from './adapter.ts';
import { NumberJsonReader } from './number-json.ts';
import { Refusal } from './refusal.ts';
import { decodeBody } from './suspicion.ts';

/** Turns bodies into rows, wherever that is done: it is pure work, and much of it. */
export interface PriceParser {
  /** The parser of one source, which keeps the source's symbol table. */
  open(adapter: PriceAdapter): SourceParser;
  close(): Promise<void>;
}

/** Bodies are handed over: their bytes may be gone afterwards. */
export interface SourceParser {
  /** False until market lists were read, and again when they got lost. */
  readonly hasSymbols: boolean;
  /**
   * The symbol table of these bodies from now on; how many symbols it has. @throws Refusal when it
   * is none, or `shrunken`: then the old table stays.
   */
  readLists(bodies: readonly Buffer[]): Promise<number>;
  /** The paths to ask for tickers. */
  tickerPaths(): Promise<readonly string[]>;
  /** A copy of the table, for streams. */
  symbols(): Promise<SymbolTable>;
  /** Rows and drops. @throws Refusal when nothing of it may be written. */
  readTickers(bodies: readonly Buffer[]): Promise<ParsedPrices>;
  /** Forgets the table. */
  close(): void;
}

/** The work itself. */
export class BodyReader {
  readonly #adapter: PriceAdapter;
  readonly #tickers: NumberJsonReader;
  readonly #lists: NumberJsonReader;
  #symbols: SymbolTable | undefined;

  constructor(adapter: PriceAdapter) {
    this.#adapter = adapter;
    this.#tickers = new NumberJsonReader(adapter.reads?.tickers ?? true);
    this.#lists = new NumberJsonReader(adapter.reads?.lists ?? true);
  }

  get hasSymbols(): boolean {
    return this.#symbols !== undefined || this.#adapter.symbols === undefined;
  }

  get symbols(): SymbolTable {
    return this.#symbols ?? NO_SYMBOLS;
  }

  readLists(bodies: readonly Uint8Array[]): number {
    const old = this.symbols;
    const symbols = this.#adapter.symbols?.(decodeBodies(bodies, this.#lists)) ?? NO_SYMBOLS;
    if (symbols.size * 2 < old.size) {
      const sizes = `${symbols.size} symbols after ${old.size}`;
      throw new Refusal('shrunken', `the market list has ${sizes}`);
    }
    this.#symbols = symbols;
    return symbols.size;
  }

  tickerPaths(): readonly string[] {
    const { tickers } = this.#adapter.requests;
    return typeof tickers === 'function' ? tickers(this.symbols) : tickers;
  }

  readTickers(bodies: readonly Uint8Array[]): ParsedPrices {
    return this.#adapter.parse(decodeBodies(bodies, this.#tickers), this.symbols);
  }
}

function decodeBodies(bodies: readonly Uint8Array[], reader: NumberJsonReader): unknown[] {
  return bodies.map((body) => decodeBody(body, reader));
}

const NO_SYMBOLS: SymbolTable = new Map();

/** Any failure of reading as a refusal with its reason. */
export function readRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal('internal', messageOf(error), { cause: error });
}

/** Reads where it is called: for few and small bodies, and for tests. */
export const inlineParser: PriceParser = {
  open(adapter) {
    const reader = new BodyReader(adapter);
    return {
      get hasSymbols() {
        return reader.hasSymbols;
      },
      readLists: async (bodies) => reader.readLists(bodies),
      tickerPaths: async () => reader.tickerPaths(),
      symbols: async () => reader.symbols,
      readTickers: async (bodies) => reader.readTickers(bodies),
      close: () => undefined,
    };
  },
  close: async () => undefined,
};
