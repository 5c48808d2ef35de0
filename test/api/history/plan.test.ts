import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Coverage,
  joined,
  type Kept,
  segmentsOf,
  usable,
  widened,
} from '../../../api/history/plan.ts';
import { rollupLevels, stepMs } from '../../../core/rollups.ts';
import { randomFrom } from '../../helpers/random.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const base = 20_000 * DAY_MS;

const level = (name: Coverage['level'], keptFromMs = 0, holes: Coverage['holes'] = []) => ({
  level: name,
  keptFromMs,
  holes,
});
const at = (text: string) => {
  const [day = 0, hour = 0, minute = 0] = text.split(/[ :]/).map(Number);
  return base + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;
};
const shown = (segments: ReturnType<typeof segmentsOf>) =>
  segments.map(({ source, startMs, stopMs }) => {
    return `${source} ${(startMs - base) / MINUTE_MS}-${(stopMs - base) / MINUTE_MS}`;
  });
const segments = (start: string, stop: string, levels: readonly Coverage[], rawFromMs = 0) =>
  shown(segmentsOf({ startMs: at(start), stopMs: at(stop) }, levels, rawFromMs));

describe('what prices are read from', () => {
  it('is the coarsest level for whole steps, finer ones for the edges', () => {
    const levels = [level('1h'), level('5m')];
    const found = segments('0 00:58', '0 03:12', levels);
    assert.deepEqual(found, ['raw 58-60', '1h 60-180', '5m 180-190', 'raw 190-192']);
  });

  it('is the level alone when the range is aligned', () => {
    assert.deepEqual(segments('0 01:00', '0 03:00', [level('1h'), level('5m')]), ['1h 60-180']);
  });

  it('is a finer level, then the prices, behind the newest step that was rolled up', () => {
    const late = { startMs: at('0 02:00'), stopMs: Number.POSITIVE_INFINITY };
    const later = { startMs: at('0 02:50'), stopMs: Number.POSITIVE_INFINITY };
    const levels = [level('1h', 0, [late]), level('5m', 0, [later])];
    const found = segments('0 01:00', '0 03:00', levels);
    assert.deepEqual(found, ['1h 60-120', '5m 120-170', 'raw 170-180']);
  });

  it('is finer for the whole step that a hole touches', () => {
    const hole = { startMs: at('0 02:10'), stopMs: at('0 02:12') };
    const levels = [level('1h', 0, [hole]), level('5m', 0, [hole])];
    const found = segments('0 01:00', '0 04:00', levels);
    const wanted = ['1h 60-120', '5m 120-130', 'raw 130-135', '5m 135-180', '1h 180-240'];
    assert.deepEqual(found, wanted);
  });

  it('is never the prices where they are gone, even in a hole', () => {
    const hole = { startMs: at('0 00:00'), stopMs: at('0 02:10') };
    const found = segments('0 00:00', '0 04:00', [level('1h', 0, [hole])], at('0 01:30'));
    assert.deepEqual(found, ['1h 0-120', 'raw 120-180', '1h 180-240']);
  });

  it('covers every moment once, whatever is missing', () => {
    const share = randomFrom(5);
    const random = (max: number) => Math.floor(share() * max);
    for (let round = 0; round < 500; round++) {
      const startMs = base + random(3 * DAY_MS);
      const stopMs = startMs + 1 + random(2 * DAY_MS);
      const levels = rollupLevels.toReversed().map((name) => {
        const holes = Array.from({ length: random(12) }, () => {
          const fromMs = base + random(5 * DAY_MS);
          return { startMs: fromMs, stopMs: fromMs + random(6 * HOUR_MS) };
        });
        return level(name, base + random(2 * DAY_MS), joined(holes));
      });
      const rawFromMs = base + random(2 * DAY_MS);
      let expectedMs = startMs;
      for (const segment of segmentsOf({ startMs, stopMs }, levels, rawFromMs)) {
        assert.equal(segment.startMs, expectedMs, `round ${round}`);
        assert.ok(segment.stopMs > segment.startMs);
        expectedMs = segment.stopMs;
        if (segment.source === 'raw') continue;
        assert.equal(segment.startMs % stepMs(segment.source), 0);
        assert.equal(segment.stopMs % stepMs(segment.source), 0);
      }
      assert.equal(expectedMs, stopMs);
    }
  });
});

describe('the edges of a range', () => {
  const kept: Kept = {
    rawFromMs: at('2 00:00'),
    levels: [level('1h'), level('5m', at('1 00:00'))],
  };

  it('stay where prices are kept', () => {
    const range = { startMs: at('2 00:07') + 1, stopMs: at('2 00:09') };
    assert.deepEqual(widened(kept, kept.levels, range), range);
  });

  it('move outward to the finest steps that are kept', () => {
    const found = widened(kept, kept.levels, { startMs: at('0 10:07'), stopMs: at('1 10:07') });
    assert.deepEqual(found, { startMs: at('0 10:00'), stopMs: at('1 10:10') });
  });

  it('are nowhere when no level fits the windows', () => {
    const levels = usable(kept, 7 * MINUTE_MS);
    assert.equal(
      widened(kept, levels, { startMs: at('0 10:07'), stopMs: at('2 10:00') }),
      undefined,
    );
  });
});

describe('holes', () => {
  const hole = (from: number, to: number) => ({ startMs: from, stopMs: to });

  it('are joined where they touch, and empty ones are none', () => {
    const found = joined([hole(5, 6), hole(1, 3), hole(3, 4), hole(9, 9)]);
    assert.deepEqual(found, [hole(1, 4), hole(5, 6)]);
  });

  it('that are many are joined with the nearest', () => {
    const many = [0, 10, 12, 30, 50, 55, 80, 100, 130].map((from) => hole(from, from + 1));
    const found = joined(many);
    assert.equal(found.length, 6);
    assert.deepEqual(found.slice(0, 3), [hole(0, 13), hole(30, 31), hole(50, 56)]);
    for (const { startMs, stopMs } of many) {
      assert.ok(found.some((one) => one.startMs <= startMs && one.stopMs >= stopMs));
    }
  });
});
