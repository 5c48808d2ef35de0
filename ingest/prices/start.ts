import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import type { Log } from '../../core/log.ts';
import type { PointSink } from '../../core/point.ts';
import type { ExchangeState } from '../../registry/exchanges.ts';
import type { IngestMetrics } from '../metrics.ts';
import { createRunner } from '../runner.ts';
import type { SlotTimer } from '../slots.ts';
import type { ChosenExchange } from './exchanges/list.ts';
import { createPriceSource } from './fetch.ts';
import { createLane, type LaneOptions } from './lane.ts';
import { createMarketDirectory, type EnsureMarkets } from './markets.ts';

export interface PricesOptions {
  /** See `chooseExchanges`. */
  readonly exchanges: readonly ChosenExchange[];
  readonly intervalMs: number;
  /** Exchange id -> its own interval. */
  readonly intervalsMs?: Readonly<Record<string, number>>;
  readonly http: HttpClient;
  readonly sink: PointSink;
  readonly ensureMarkets: EnsureMarkets;
  /** Makes an exchange's state known to other processes. */
  readonly saveState: (state: ExchangeState) => Promise<void>;
  readonly clock: Clock;
  readonly timer: SlotTimer;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  /** Most polls at a time. */
  readonly concurrency?: number;
  /** Of one request, from the call to the last byte. */
  readonly deadlineMs?: number;
}

export interface Prices {
  /** Live: the same objects for as long as it runs. */
  states(): readonly Readonly<ExchangeState>[];
  /** Cancels polls on their way and waits for them; what the sink took is kept. */
  close(): Promise<void>;
}

const CONCURRENCY = 32;
const DEADLINE_MS = 10_000;

/** Polls every exchange: the current slot at once, then each slot, until closed. */
export function startPrices(options: PricesOptions): Prices {
  const { clock, log, metrics } = options;
  const concurrency = options.concurrency ?? CONCURRENCY;
  const runner = createRunner({ clock, timer: options.timer, concurrency });
  const saver = createSaver(options);
  const shared: Pick<LaneOptions, 'pauses' | 'markets' | 'onState'> = {
    pauses: new Map(),
    markets: createMarketDirectory({
      clock,
      ensureMarkets: options.ensureMarkets,
      onClash: (exchange) => metrics.clashed(exchange),
      onTrouble: (error) =>
        log.warn({ error: messageOf(error) }, 'new markets wait for the registry'),
    }),
    onState: saver.save,
  };
  const lanes = options.exchanges.map((exchange) => {
    const { id } = exchange.adapter;
    const source = createPriceSource({
      exchange,
      http: options.http,
      clock,
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
      onStaleList: ({ reason, message }) =>
        log.warn({ exchange: id, reason, error: message }, 'the market list is not renewed'),
    });
    const intervalMs = options.intervalsMs?.[id] ?? options.intervalMs;
    const { sink } = options;
    return createLane({ ...shared, exchange, intervalMs, source, sink, clock, log, metrics });
  });
  for (const lane of lanes) runner.add(lane);
  return {
    states: () => lanes.map((lane) => lane.state),
    async close() {
      await runner.close();
      await saver.close();
    },
  };
}

/** States are for people: at one poll a second there is no need to save each. */
const SAVE_MS_MIN = 5_000;

function createSaver({ clock, log, saveState }: PricesOptions) {
  const savedMs = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  let failing = false;
  const save = async (state: ExchangeState): Promise<void> => {
    try {
      await saveState(structuredClone(state));
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ error: messageOf(error) }, 'the state of exchanges is not saved');
      failing = true;
    }
  };
  return {
    save(state: ExchangeState, urgent: boolean): void {
      const nowMs = clock.nowMs();
      const dueMs = (savedMs.get(state.exchange) ?? Number.NEGATIVE_INFINITY) + SAVE_MS_MIN;
      if (!urgent && nowMs < dueMs) return;
      savedMs.set(state.exchange, nowMs);
      const job = save(state).finally(() => pending.delete(job));
      pending.add(job);
    },
    async close(): Promise<void> {
      await Promise.all(pending);
    },
  };
}
