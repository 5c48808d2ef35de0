import type { Row, SqlValue } from './database.ts';

/** What the thread of the embedded PostgreSQL is asked, one after the other. */
export type LiteRequest =
  | { readonly kind: 'query'; readonly text: string; readonly parameters: readonly SqlValue[] }
  | { readonly kind: 'script'; readonly text: string }
  /** `listening` tells two listeners of one channel apart. */
  | { readonly kind: 'listen'; readonly channel: string; readonly listening: number }
  | { readonly kind: 'unlisten'; readonly listening: number }
  | { readonly kind: 'close' };

export type NumberedRequest = LiteRequest & { readonly id: number };

/** An error on its way between threads, which would lose its code as an object. */
export interface ToldError {
  readonly message: string;
  readonly code: string | undefined;
}

export type LiteReply =
  | { readonly id: number; readonly rows: readonly Row[] }
  | { readonly id: number; readonly error: ToldError }
  | { readonly listening: number; readonly payload: string };

/** The id of the answer to the opening, which the thread does by itself. */
export const OPENED = 0;

export interface LiteStart {
  readonly dir: string;
  readonly startParameters: readonly string[];
}
