/** Tidemark's API for programs, typed: in Node.js, Deno, Bun and browsers. */
export { createClient, type PricesWanted, type TidemarkClient } from './client.ts';
export { TidemarkApiError } from './errors.ts';
export type { EventsWanted, Gap } from './live.ts';
export type { Operations } from './operations.ts';
export type { ItemOf, ListName } from './pages.ts';
export type {
  AnswerOf,
  CallOptions,
  ClientOptions,
  InputOf,
  OperationName,
  Retry,
} from './request.ts';
export type { Time } from './time.ts';
export type * from './types.ts';
