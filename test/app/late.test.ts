import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLateNotes } from '../../app/late.ts';
import { silentLog } from '../../core/log.ts';
import type { SqlValue } from '../../registry/database.ts';
import { DIRTY_STEP_MS } from '../../registry/dirty.ts';
import { ManualClock } from '../helpers/clock.ts';

const NOON_MS = Date.parse('2026-01-01T12:00:00Z');

function noted(nowMs: number) {
  const steps: number[][] = [];
  const state = { away: false };
  const query = async (_text: string, parameters: readonly SqlValue[] = []) => {
    if (state.away) throw new Error('away');
    steps.push(parameters.map((value) => (Number(value) - NOON_MS) / 60_000));
    return [];
  };
  const clock = new ManualClock(nowMs);
  const note = createLateNotes({ registry: { query }, clock, log: silentLog });
  return { steps, state, clock, note };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('late prices', () => {
  it('are those of a minute that may have been rolled up', async () => {
    const { steps, clock, note } = noted(NOON_MS + 4_999);
    note({ fromMs: NOON_MS - 60_000, toMs: NOON_MS + 1 });
    await settled();
    assert.deepEqual(steps, []);
    await clock.advance(1);
    note({ fromMs: NOON_MS, toMs: NOON_MS + 1 });
    await settled();
    assert.deepEqual(steps, []);
    note({ fromMs: NOON_MS - 60_000, toMs: NOON_MS + 1 });
    await settled();
    assert.equal(steps[0]?.[0], -DIRTY_STEP_MS / 60_000);
    assert.ok((steps[0]?.[1] ?? 0) < 0, 'what is not rolled up yet is not late');
  });

  it('are noted with the next when the registry is away', async () => {
    const { steps, state, note } = noted(NOON_MS + 3_600_000);
    state.away = true;
    note({ fromMs: NOON_MS, toMs: NOON_MS + 1 });
    await settled();
    state.away = false;
    note({ fromMs: NOON_MS + 600_000, toMs: NOON_MS + 600_001 });
    await settled();
    await settled();
    assert.deepEqual(
      steps.map(([first]) => first),
      [0, 10],
    );
  });
});
