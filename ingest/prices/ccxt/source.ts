import { childAbort } from '../../../core/abort.ts';
import type { Clock } from '../../../core/clock.ts';
import type { HttpClient, HttpRequest } from '../../../core/http.ts';
import type { ParsedPrices } from '../adapter.ts';
import type { PriceSource } from '../fetch.ts';
import { Refusal } from '../refusal.ts';
import { createAcceptance, judgeStatus, judgeType } from '../suspicion.ts';
import type { CcxtExchange, CcxtRequest, CcxtResponse } from './library.ts';
import { refusalOfCcxt } from './refusal.ts';
import { rowsOfTickers } from './rows.ts';

const HOUR_MS = 3_600_000;
const BYTES_MAX = 48 * 1024 * 1024;

export interface CcxtSourceOptions {
  /** Also the `exchange` tag. */
  readonly id: string;
  readonly exchange: CcxtExchange;
  /** Instead of the scheme, host and port of whatever ccxt asks for. */
  readonly origin?: string | undefined;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** For each request, from the call to the last byte. */
  readonly deadlineMs: number;
  /** Told when the markets could not be renewed and the old ones stay in use. */
  readonly onStaleList?: (refusal: Refusal) => void;
}

/**
 * One exchange of ccxt, polled. ccxt knows its paths and shapes; the requests go out by our own
 * client, so that deadlines, sizes, statuses, pauses and cancelling are as everywhere.
 */
export function createCcxtSource(options: CcxtSourceOptions): PriceSource {
  const { id, exchange, clock } = options;
  const accept = createAcceptance(clock);
  let signal: AbortSignal | undefined;
  let marketsAtMs: number | undefined;

  exchange.fetchImplementation = (url, request) => send(options, { url, request, signal });
  exchange.parseJson = (text) => parseJson(exchange, text);

  const renewMarkets = async (): Promise<void> => {
    const nowMs = clock.nowMs();
    const old = marketsAtMs;
    if (old !== undefined && nowMs - old < HOUR_MS) return;
    try {
      await exchange.loadMarkets(true);
      marketsAtMs = nowMs;
    } catch (error) {
      const refusal = refusalOfCcxt(error);
      if (old === undefined || refusal.pauseMs !== undefined || signal?.aborted) throw refusal;
      options.onStaleList?.(refusal);
      // Tried again after a twelfth of the usual time, not at every poll.
      marketsAtMs = nowMs - HOUR_MS + HOUR_MS / 12;
    }
  };
  return {
    async poll(outer): Promise<ParsedPrices> {
      const child = childAbort(outer);
      signal = child.signal;
      try {
        await renewMarkets();
        const tickers = await exchange.fetchTickers();
        return accept(rowsOfTickers(id, tickers, exchange.markets ?? {}));
      } catch (error) {
        throw refusalOfCcxt(error);
      } finally {
        child.release();
      }
    },
  };
}

interface Sending {
  readonly url: string;
  readonly request: CcxtRequest;
  readonly signal: AbortSignal | undefined;
}

async function send(
  { http, clock, deadlineMs, origin }: CcxtSourceOptions,
  { url, request, signal }: Sending,
): Promise<CcxtResponse> {
  const response = await http.fetch({
    url: origin === undefined ? url : `${origin}${pathOf(url)}`,
    method: request.method === 'POST' ? 'POST' : 'GET',
    headers: headersOf(request),
    ...(typeof request.body === 'string' && { body: request.body }),
    deadlineMs,
    bytesMax: BYTES_MAX,
    from: 'operator',
    ...(signal && { signal }),
  });
  const refusal = judgeStatus(response, { nowMs: clock.nowMs() }) ?? judgeType(response);
  if (refusal) throw refusal;
  return {
    status: response.status,
    statusText: 'OK',
    headers: response.headers,
    text: async () => response.body.toString('utf8'),
    arrayBuffer: async () => response.body,
  };
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

/** ccxt's headers but for those with which it poses as a browser, or that our client sets itself. */
function headersOf({ headers = {} }: CcxtRequest): NonNullable<HttpRequest['headers']> {
  const kept: Record<string, string> = { accept: 'application/json' };
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (/^(user-agent|accept-encoding|connection|origin|host|content-length)$/.test(lower))
      continue;
    if (typeof value === 'string') kept[lower] = value;
  }
  return kept;
}

/** As ccxt reads JSON, but with numbers as texts always, and with an end for what is cut. */
function parseJson(exchange: CcxtExchange, text: string): unknown {
  if (!/^\s*[[{]/.test(text)) {
    if (/^\s*</.test(text)) throw new Refusal('html', 'markup where JSON was due');
    return undefined;
  }
  try {
    return JSON.parse(exchange.onJsonResponse(text));
  } catch (cause) {
    const what = `a body of ${text.length} characters that is not JSON, or is cut`;
    throw new Refusal('not-json', what, { cause });
  }
}
