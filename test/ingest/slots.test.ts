import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { exchanges } from '../../ingest/prices/exchanges/list.ts';
import { cronerTimer, phaseOf } from '../../ingest/slots.ts';

describe('phases', () => {
  it('are spread within the first seconds, bounded by a quarter of the interval', () => {
    for (const intervalMs of [1_000, 5_000, 60_000, 3_600_000]) {
      const bound = Math.min(5_000, intervalMs / 4);
      const phases = Array.from({ length: 200 }, (_, index) => phaseOf(`id${index}`, intervalMs));
      assert.ok(phases.every((phase) => phase >= 0 && phase < bound));
      assert.ok(Math.max(...phases) - Math.min(...phases) > bound / 2);
    }
  });

  it('are the same in every process, and differ between the exchanges', () => {
    assert.equal(phaseOf('kraken', 60_000), phaseOf('kraken', 60_000));
    const phases = exchanges.map(({ id }) => phaseOf(id, 60_000));
    assert.equal(new Set(phases).size, exchanges.length);
  });

  it('are none where the interval is too short for any', () => {
    assert.equal(phaseOf('kraken', 3), 0);
  });
});

describe('the timer', () => {
  const timer = cronerTimer(systemClock);
  const firedAt = (timeMs: number) =>
    new Promise<number>((done) => timer.at(timeMs, () => done(systemClock.nowMs())));

  it('fires at its moment, a hair early at most', async () => {
    const dueMs = systemClock.nowMs() + 40;
    assert.ok((await firedAt(dueMs)) >= dueMs - 2);
  });

  it('fires at once when its moment has passed', async () => {
    await firedAt(systemClock.nowMs() - 5);
    await firedAt(systemClock.nowMs());
  });

  it('fires once', async () => {
    let fired = 0;
    timer.at(systemClock.nowMs() - 1, () => {
      fired += 1;
    });
    timer.at(systemClock.nowMs() + 5, () => {
      fired += 1;
    });
    await firedAt(systemClock.nowMs() + 40);
    assert.equal(fired, 2);
  });

  it('does not fire once stopped', async () => {
    const job = timer.at(systemClock.nowMs() + 5, () => assert.fail('fired'));
    job.stop();
    await firedAt(systemClock.nowMs() + 30);
  });
});
