import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import { type ExchangeState, listExchanges, saveExchange } from '../../registry/exchanges.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const state: ExchangeState = {
  exchange: 'kraken',
  state: 'ok',
  lastAttemptMs: 1_700_000_000_123,
  lastSuccessMs: 1_700_000_000_123,
  pausedUntilMs: null,
  latenessMs: 12.5,
  rows: 1411,
  dropped: { dead: 135 },
  consecutiveFailures: 0,
  streaming: true,
  lastError: null,
};

describe('exchange states', () => {
  forEachDatabase(({ fresh }) => {
    it('are read as they were saved, by name', async () => {
      const database = await fresh();
      const starting: ExchangeState = {
        ...state,
        exchange: 'binance',
        state: 'starting',
        lastAttemptMs: null,
        lastSuccessMs: null,
        latenessMs: null,
        rows: 0,
        dropped: {},
        streaming: false,
      };
      await saveExchange(database, state);
      await saveExchange(database, starting);
      assert.deepEqual(await listExchanges(database), [starting, state]);
    });

    it('are replaced by a newer attempt, never by an older one', async () => {
      const database = await fresh();
      await saveExchange(database, state);
      const failing: ExchangeState = {
        ...state,
        state: 'failing',
        lastAttemptMs: state.lastAttemptMs! + 60_000,
        consecutiveFailures: 1,
        lastError: 'HTTP 502',
      };
      await saveExchange(database, failing);
      await saveExchange(database, state);
      assert.deepEqual(await listExchanges(database), [failing]);
    });

    it('keep an error of any length and letters', async () => {
      const database = await fresh();
      const lastError = `\0<html>${'x'.repeat(10_000)}`;
      await saveExchange(database, { ...state, lastError });
      const [row] = await listExchanges(database);
      assert.equal(row?.lastError, lastError.slice(1, 501));
    });

    it('refuse a state that is none', async () => {
      const database = await fresh();
      const wrong = { ...state, state: 'fine' as 'ok' };
      await assert.rejects(saveExchange(database, wrong), (error: unknown) =>
        isCode(error, 'internal'),
      );
    });
  });
});
