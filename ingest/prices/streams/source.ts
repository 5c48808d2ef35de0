import type { PriceSource } from '../fetch.ts';
import { Refusal } from '../refusal.ts';
import { createMarkets } from './markets.ts';
import type { StreamSourceOptions } from './options.ts';
import { createRefresher } from './refresh.ts';

/** One exchange, streamed: a `PriceSource` whose polls answer from what the stream told. */
export interface StreamedSource extends PriceSource {
  /** Whether any market is served by the stream now. */
  streaming(): boolean;
  /** Resolves when no timer and no socket is left. */
  close(): Promise<void>;
}

/**
 * The first poll is the fallback's: it tells the markets and their prices. Frames then replace
 * prices one by one, so that a market that does not trade still has its row at each slot, as in
 * polling. A slot polls while any market waits for its subscription, now and then for the markets
 * that the stream does not serve, and each few minutes for all; what the stream told later stays.
 * No row comes from a connection that is down: what it told is only used again after a frame or a
 * poll has told of the market anew.
 */
export function createStreamSource(options: StreamSourceOptions): StreamedSource {
  const { clock } = options;
  const { id } = options.exchange.adapter;
  const markets = createMarkets(options);
  const refresher = createRefresher(options, markets);
  let whole = false;

  const note = (): void => {
    const { covered, left, pending } = markets.census();
    options.metrics.served(id, markets.pool.whole(), covered);
    if (pending === 0 && covered > 0 && !whole) {
      options.log.info({ exchange: id, markets: covered, polled: left }, 'prices are streamed');
      markets.forgetTrouble();
    }
    whole = pending === 0 && covered > 0;
  };
  return {
    streaming: () => markets.census().covered > 0,
    async poll(signal) {
      const sinceMs = clock.monotonicMs();
      const refusal = await refresher.refresh(signal);
      const rows = markets.book.rows(clock.monotonicMs(), sinceMs);
      note();
      if (rows.length === 0) throw refusal ?? new Refusal('empty', 'no market is told of yet');
      return { rows, dropped: markets.takeDropped() };
    },
    async close() {
      await Promise.all([refresher.close(), markets.pool.close()]);
      await options.fallback.close?.();
      options.metrics.served(id, 0, 0);
    },
  };
}
