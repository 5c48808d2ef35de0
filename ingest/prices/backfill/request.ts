import type { Clock } from '../../../core/clock.ts';
import type { HttpClient } from '../../../core/http.ts';
import type { Candle, MarketRef, TimeRange } from '../adapter.ts';
import type { ChosenExchange } from '../exchanges/list.ts';
import { refusalOf } from '../fetch.ts';
import type { Pauses } from '../lane.ts';
import { Refusal } from '../refusal.ts';
import { decodeJson, judgeStatus } from '../suspicion.ts';

/** Decoded bytes of one answer: 10,000 rows have about 1 MB. */
const BYTES_MAX = 16 * 1024 * 1024;
const DEADLINE_MS = 20_000;

export interface CandleRequests {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Those of polling: a host that wants to be left alone is left alone by both. */
  readonly pauses: Pauses;
  /** Most milliseconds of one request, from the call to the last byte. */
  readonly deadlineMs?: number;
}

/** What is asked, and of whom. */
export interface CandleAsk {
  readonly exchange: ChosenExchange;
  readonly market: MarketRef;
  /** When the candles begin, half open. */
  readonly range: TimeRange;
}

/**
 * One page of candles, in any order. Any failure is a `Refusal`; one that asks for a pause has set
 * it for the host.
 */
export async function requestCandles(
  requests: CandleRequests,
  { exchange, market, range }: CandleAsk,
  signal: AbortSignal,
): Promise<readonly Candle[]> {
  const { adapter, baseUrl } = exchange;
  const { candles } = adapter;
  if (!candles) throw new Refusal('internal', `${adapter.id} has no candles`);
  const { http, clock, pauses } = requests;
  try {
    const response = await http.fetch({
      url: `${baseUrl}${candles.request(market, range)}`,
      headers: { accept: 'application/json' },
      deadlineMs: requests.deadlineMs ?? DEADLINE_MS,
      bytesMax: BYTES_MAX,
      from: 'operator',
      signal,
    });
    const refusal = judgeStatus(response, { nowMs: clock.nowMs(), pauses: adapter.pauses });
    if (refusal) throw refusal;
    return candles.parse(decodeJson(response), market);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.pauseMs !== undefined) {
      const untilMs = clock.nowMs() + refusal.pauseMs;
      pauses.set(baseUrl, Math.max(untilMs, pauses.get(baseUrl) ?? 0));
    }
    throw refusal;
  }
}
