import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../../../core/log.ts';
import { createAnnouncer } from '../../../ingest/prices/announcer.ts';
import { ManualClock } from '../../helpers/clock.ts';

const SLOT = Date.UTC(2026, 0, 1);

function stage() {
  const clock = new ManualClock();
  const told: (readonly Readonly<Record<string, unknown>>[])[] = [];
  const state = { trims: 0, failed: 0, away: false, warned: 0 };
  const announcer = createAnnouncer({
    tell: async (events) => {
      if (state.away) throw new Error('away');
      told.push(events);
    },
    trim: async () => {
      state.trims += 1;
    },
    failed: (count) => {
      state.failed += count;
    },
    clock,
    log: { ...silentLog, warn: () => (state.warned += 1) },
  });
  const stored = (exchange: string, second = 0) =>
    announcer.stored({ exchange, slotMs: SLOT + second * 1_000, markets: 3 });
  return { clock, told, state, announcer, stored };
}

describe('what prices are stored', () => {
  it('is told once a second at most, all exchanges together, the newest slot of each', async () => {
    const { clock, told, announcer, stored } = stage();
    stored('kraken');
    await clock.advance(0);
    assert.deepEqual(told, [
      [{ exchange: 'kraken', time: '2026-01-01T00:00:00.000Z', markets: 3 }],
    ]);
    stored('kraken', 1);
    stored('gate', 1);
    stored('kraken', 2);
    await clock.advance(999);
    assert.equal(told.length, 1);
    await clock.advance(1);
    assert.deepEqual(
      told[1]?.map(({ exchange, time }) => [exchange, time]),
      [
        ['kraken', '2026-01-01T00:00:02.000Z'],
        ['gate', '2026-01-01T00:00:01.000Z'],
      ],
    );
    await clock.advance(5_000);
    assert.equal(told.length, 2);
    assert.equal(clock.waiting, 0);
    stored('gate', 9);
    await clock.advance(0);
    assert.equal(told.length, 3);
    await announcer.close();
    stored('gate', 10);
    await clock.advance(5_000);
    assert.equal(told.length, 3);
  });

  it('is left out and counted while it cannot be told, and said once', async () => {
    const { clock, told, state, announcer, stored } = stage();
    state.away = true;
    for (let second = 0; second < 3; second += 1) {
      stored('kraken', second);
      stored('gate', second);
      await clock.advance(1_000);
    }
    assert.deepEqual([state.failed, state.warned, told.length], [6, 1, 0]);
    state.away = false;
    stored('kraken', 4);
    await clock.advance(1_000);
    assert.equal(told.length, 1);
    await announcer.close();
  });

  it('is forgotten every ten minutes', async () => {
    const { clock, state, announcer, stored } = stage();
    for (let minute = 0; minute < 21; minute += 1) {
      stored('kraken', minute * 60);
      await clock.advance(60_000);
    }
    assert.equal(state.trims, 3);
    await announcer.close();
  });
});
