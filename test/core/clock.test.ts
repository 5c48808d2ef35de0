import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childAbort } from '../../core/abort.ts';
import { systemClock } from '../../core/clock.ts';
import { isCode } from '../../core/errors.ts';

const HOUR_MS = 3_600_000;

describe('the clock of the system', () => {
  it('sleeps', async () => {
    const sinceMs = systemClock.monotonicMs();
    await systemClock.sleep(5);
    await systemClock.sleep(5, new AbortController().signal);
    // A timer may come a fraction of a millisecond early.
    assert.ok(systemClock.monotonicMs() - sinceMs >= 8);
  });

  it('wakes at once when the signal aborts, or has aborted before', async () => {
    const { signal, release } = childAbort(undefined);
    const asleep = systemClock.sleep(HOUR_MS, signal);
    release();
    for (const work of [asleep, systemClock.sleep(HOUR_MS, signal)]) {
      await assert.rejects(work, (error: Error) => {
        assert.ok(isCode(error, 'cancelled'));
        assert.equal(error.cause, signal.reason);
        return true;
      });
    }
    assert.equal(signal.reason.name, 'AbortError');
  });

  it('leaves nothing behind on the signal', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const count = (n: number): void => {
      listeners += n;
    };
    const counted = Object.create(signal, {
      aborted: { value: false },
      addEventListener: { value: () => count(1) },
      removeEventListener: { value: () => count(-1) },
    }) as AbortSignal;
    const asleep = systemClock.sleep(1, counted);
    assert.equal(listeners, 1);
    await asleep;
    assert.equal(listeners, 0);
  });
});
