import type { SymbolTable } from './adapter.ts';
import type { PriceColumns } from './columns.ts';
import type { RefusalReason } from './refusal.ts';

/** What the parser's thread is asked. `source` tells the tables of two sources apart. */
export interface ParserRequest {
  readonly id: number;
  readonly source: number;
  /** Id of its adapter. */
  readonly exchange: string;
  readonly task: 'lists' | 'paths' | 'symbols' | 'tickers' | 'close';
  readonly bodies: readonly Uint8Array[];
}

export interface ParserAnswers {
  readonly lists: number;
  readonly paths: readonly string[];
  readonly symbols: SymbolTable;
  readonly tickers: PriceColumns;
  readonly close: undefined;
}

export type ParserReply =
  | { readonly id: number; readonly value: ParserAnswers[ParserRequest['task']] }
  | {
      readonly id: number;
      readonly refusal: {
        readonly reason: RefusalReason;
        readonly message: string;
        readonly pauseMs: number | undefined;
        /** Of a mistake of ours. */
        readonly stack: string | undefined;
      };
    };
