import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Reason } from '../../../ingest/scans/outcome.ts';
import { type Standing, standingAfter } from '../../../ingest/scans/standing.ts';

const NEW: Standing = { state: 'new', stateSinceMs: null, successes: 0, failures: 0, reason: null };
const THRESHOLDS = { failuresBeforeDown: 2, successesBeforeUp: 1 };

/** The states after each result, one slot a second. */
function statesOf(reasons: readonly Reason[], more: Partial<typeof THRESHOLDS> = {}): string {
  let standing = NEW;
  return reasons
    .map((reason, n) => {
      const after = standingAfter(
        standing,
        { reason, slotMs: n * 1_000 },
        { ...THRESHOLDS, ...more },
      );
      assert.equal(after.changed, after.state !== standing.state);
      standing = { ...after, reason };
      return after.state;
    })
    .join(' ');
}

const times = (count: number, reason: Reason): Reason[] =>
  Array.from({ length: count }, () => reason);

describe('a monitor', () => {
  it('is up with its first success, and new until it is known', () => {
    assert.equal(statesOf(['ok']), 'up');
    assert.equal(statesOf(['status', 'ok']), 'new up');
  });

  it('is down after as many failures in a row as were asked, whatever they are', () => {
    assert.equal(statesOf(['ok', 'status', 'dns']), 'up up down');
    assert.equal(
      statesOf(['status', 'reset', 'ok', 'reset', 'ok', 'reset', 'reset']),
      'new down up up up up down',
    );
    assert.equal(statesOf(['ok', 'dns'], { failuresBeforeDown: 1 }), 'up down');
    assert.equal(
      statesOf(['ok', ...times(5, 'dns')], { failuresBeforeDown: 5 }),
      'up up up up up down',
    );
  });

  it('is up again after as many successes in a row as were asked', () => {
    const more = { successesBeforeUp: 3 };
    assert.equal(
      statesOf(['dns', 'dns', 'ok', 'ok', 'dns', 'ok', 'ok', 'ok'], more),
      'new down down down down down down up',
    );
  });

  it('is unknown at once when it is refused here, or when this machine is offline', () => {
    assert.equal(statesOf(['ok', 'blocked']), 'up unknown');
    assert.equal(statesOf(['ok', 'offline', 'ok']), 'up unknown up');
    assert.equal(statesOf(['invalid']), 'unknown');
  });

  it('is unknown with the second in a row of what passes by itself', () => {
    assert.equal(statesOf(['ok', 'throttled', 'ok']), 'up up up');
    assert.equal(statesOf(['ok', 'throttled', 'local']), 'up up unknown');
  });

  it('counts what says nothing neither as a failure nor as a success', () => {
    assert.equal(statesOf(['ok', 'status', 'throttled', 'status']), 'up up up down');
    assert.equal(statesOf(['ok', 'status', 'throttled', 'ok', 'status']), 'up up up up up');
    const more = { successesBeforeUp: 2 };
    assert.equal(statesOf(['dns', 'dns', 'ok', 'throttled', 'ok'], more), 'new down down down up');
  });

  it('that is down stays so through as much of it as there were failures, ten at most', () => {
    assert.equal(statesOf(['dns', 'dns', 'offline', 'dns']), 'new down down down');
    assert.equal(statesOf(['dns', 'dns', 'offline', 'offline']), 'new down down unknown');
    const long = statesOf([...times(50, 'dns'), ...times(10, 'offline')])
      .split(' ')
      .slice(50);
    assert.deepEqual(long, [...Array.from({ length: 9 }, () => 'down'), 'unknown']);
  });

  it('stands as it does since the slot of the change', () => {
    const up = standingAfter(NEW, { reason: 'ok', slotMs: 5_000 }, THRESHOLDS);
    assert.equal(up.stateSinceMs, 5_000);
    const still = standingAfter(
      { ...up, reason: 'ok' },
      { reason: 'ok', slotMs: 9_000 },
      THRESHOLDS,
    );
    assert.equal(still.stateSinceMs, 5_000);
    assert.equal(still.successes, 2);
  });
});
