import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearNames } from '../../registry/near.ts';

const names = ['btcusd', 'btcusdt', 'btceur', 'bchusd', 'ethusd', 'ethbtc', 'xrpusd', 'dogeusdt'];
const near = (typed: string) => nearNames(typed, names, { limit: 3 });

describe('near names', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['swapped letters', 'btcsud', ['btcusd', 'btcusdt']],
    ['a missing letter', 'btcud', ['btcusd']],
    ['a superfluous letter', 'ethusdd', ['ethusd']],
    ['another case', 'BTCUDS', ['btcusd', 'btcusdt']],
    ['a wrong letter', 'ethusf', ['ethusd']],
    ['the start of a name', 'doge', ['dogeusdt']],
  ];
  for (const [what, typed, first] of cases) {
    it(`finds ${first[0]} for ${what}: ${typed}`, () => {
      assert.deepEqual(near(typed).slice(0, first.length), first);
    });
  }

  it('says nothing rather than something far off', () => {
    assert.deepEqual(near('zzzzzz'), []);
    assert.deepEqual(near(''), []);
    assert.deepEqual(nearNames('btcusd', [], { limit: 3 }), []);
  });

  it('is bounded by the limit, also for very long names', () => {
    const many = Array.from({ length: 9_000 }, (_, i) => `c${i}usd`);
    assert.equal(nearNames('c100usd', many, { limit: 5 }).length, 5);
    assert.deepEqual(nearNames('x'.repeat(5_000), many, { limit: 5 }), []);
  });
});
