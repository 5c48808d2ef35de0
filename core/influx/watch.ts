import type { Clock } from '../clock.ts';
import { isCode } from '../errors.ts';
import { noTrace, type Span, type Trace } from '../trace.ts';

/** What a request is for; all but queries and writes are about resources. */
export type RequestKind = 'query' | 'write' | 'other';

/** `refused`: 4xx; `failed`: 5xx; `away`: no answer. */
export type RequestOutcome = 'ok' | 'refused' | 'failed' | 'away' | 'cancelled';

/** Told of each request when its answer begins, or when there is none. */
export type RequestTold = (kind: RequestKind, outcome: RequestOutcome, seconds: number) => void;

export interface WatchOptions {
  readonly told?: RequestTold;
  readonly trace?: Trace;
}

export function kindOf(path: string): RequestKind {
  if (path.startsWith('/api/v2/query?')) return 'query';
  return path.startsWith('/api/v2/write?') ? 'write' : 'other';
}

/** Times and spans of the requests to InfluxDB. */
export class RequestWatch {
  readonly #told: RequestTold;
  readonly #trace: Trace;
  readonly #clock: Clock;
  readonly #host: string;

  constructor({ told = () => {}, trace = noTrace }: WatchOptions, clock: Clock, url: string) {
    this.#told = told;
    this.#trace = trace;
    this.#clock = clock;
    this.#host = new URL(url).host;
  }

  /** Whether a request of this path has a span. */
  traces(path: string): boolean {
    return this.#trace !== noTrace && kindOf(path) !== 'other';
  }

  /** The answer of `send`, which is timed until then. */
  async answer<T extends { readonly statusCode: number }>(
    path: string,
    send: () => Promise<T>,
  ): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    const tell = (outcome: RequestOutcome) =>
      this.#told(kindOf(path), outcome, (this.#clock.monotonicMs() - startMs) / 1_000);
    try {
      const answer = await send();
      const { statusCode } = answer;
      tell(statusCode < 400 ? 'ok' : statusCode < 500 ? 'refused' : 'failed');
      return answer;
    } catch (error) {
      tell(isCode(error, 'cancelled') ? 'cancelled' : 'away');
      throw error;
    }
  }

  /** The span of a query or a write. */
  begin(path: string, body: string | Uint8Array | undefined): Span {
    const kind = kindOf(path);
    const attributes = {
      'db.system.name': 'influxdb',
      'db.operation.name': kind,
      'server.address': this.#host,
      'tidemark.request.bytes': body?.length,
    };
    return this.#trace.begin(`influx ${kind}`, attributes, { kind: 'client' });
  }
}
