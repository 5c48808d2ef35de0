import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SLICE, slices, weighedSlices } from '../../registry/slices.ts';

describe('slices', () => {
  const list = Array.from({ length: 2 * SLICE + 1 }, (_, n) => n);

  it('are parts of a list, in its order', () => {
    const parts = [...slices(list)];
    assert.deepEqual(
      parts.map((part) => part.length),
      [SLICE, SLICE, 1],
    );
    assert.deepEqual(parts.flat(), list);
  });

  it('weigh no more than they may, but for a single item', () => {
    const weights = [3, 3, 4, 11, 1, 9, 1];
    const parts = [...weighedSlices(weights, (weight) => weight, 10)];
    assert.deepEqual(parts, [[3, 3, 4], [11], [1, 9], [1]]);
  });

  it('are no longer than others when they weigh nothing, and none of nothing', () => {
    const parts = [...weighedSlices(list, () => 0, 10)];
    assert.deepEqual(parts, [...slices(list)]);
    assert.deepEqual([...weighedSlices([], () => 1, 10)], []);
  });
});
