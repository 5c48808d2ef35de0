import type { ErrorCode } from '../core/errors.ts';
import type { EngineOptions } from './compose.ts';

/** What the two threads say to each other. */
export interface ThreadData {
  readonly options: EngineOptions;
}

export type LogLevelName = 'debug' | 'info' | 'warn' | 'error';

export type FromThread =
  | { readonly type: 'ready'; readonly url: string; readonly token: string }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  | {
      readonly type: 'log';
      readonly level: LogLevelName;
      readonly ids: object;
      readonly message: string;
    }
  | { readonly type: 'closed' };

export interface ToThread {
  readonly type: 'close';
}
