import type { Clock } from '../../../core/clock.ts';
import type { HttpClient } from '../../../core/http.ts';
import type { Log } from '../../../core/log.ts';
import type { ChosenExchange } from '../exchanges/list.ts';
import type { PriceSource } from '../fetch.ts';
import type { Pauses } from '../lane.ts';
import type { StreamMetrics } from './metrics.ts';
import type { Connect } from './socket.ts';

export interface StreamSourceOptions {
  /** Its adapter has a `stream`. */
  readonly exchange: ChosenExchange;
  /** The same exchange, polled. */
  readonly fallback: PriceSource;
  readonly intervalMs: number;
  readonly http: HttpClient;
  /** Of one request, from the call to the last byte. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: StreamMetrics;
  readonly connect: Connect;
  /** Shared with whoever else asks its host. */
  readonly pauses: Pauses;
  /** Scheme, host and port in place of the stream's own. */
  readonly streamUrl?: string | undefined;
}
