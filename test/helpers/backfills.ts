/** A desk for backfills that knows one, and does nothing. */
import type { BackfillDesk } from '../../api/routes/backfills.ts';
import { TidemarkError } from '../../core/errors.ts';

const HOUR_MS = 3_600_000;
const FROM = Date.UTC(2022, 9, 11);
type Wish = Parameters<BackfillDesk['open']>[0];

const cost = { markets: 1, requests: 1, durationMs: 1_000 };

const view = (state: 'open' | 'cancelled') => ({
  ...{ id: 7, cause: 'request' as const, state, fromMs: FROM, toMs: FROM + 12 * HOUR_MS },
  ...{ notes: [], createdMs: FROM + 12 * HOUR_MS, finishedMs: null, leftMs: 500 },
  lanes: [
    {
      ...{ backfill: 7, exchange: 'kraken', adapter: 'kraken', markets: 1, done: 0, failed: 0 },
      ...{ minutes: 720, minutesDone: 360, requests: 1, candles: 359, rows: 360, error: null },
    },
  ],
});

/** Keeps what was asked in `wishes`; knows the backfill 7. */
export function fakeBackfills(): BackfillDesk & { readonly wishes: Wish[] } {
  const wishes: Wish[] = [];
  let state: 'open' | 'cancelled' = 'open';
  const offer = (wish: Wish) => {
    if (wish.exchanges.includes('krakn')) {
      throw new TidemarkError('not-found', 'no exchange krakn', { details: { near: ['kraken'] } });
    }
    wishes.push(wish);
    const range = { fromMs: wish.fromMs, toMs: wish.toMs ?? FROM + 12 * HOUR_MS };
    return { ...cost, range, notes: [], exchanges: [{ exchange: 'kraken', ...cost }] };
  };
  return {
    wishes,
    offer: async (wish) => offer(wish),
    open: async (wish) => {
      const resumed = wishes.length > 0;
      return { ...offer(wish), id: 7, resumed };
    },
    get: async (id) => (id === 7 ? view(state) : undefined),
    list: async ({ before = 8, limit }) => (before > 7 ? [view(state)].slice(0, limit) : []),
    async cancel() {
      state = 'cancelled';
      return true;
    },
  };
}
