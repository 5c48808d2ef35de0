import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clashPairOf, pairOf, pairSpellings } from '../../core/pair.ts';

describe('pairSpellings', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['btcusd', ['btcusd']],
    ['BTCUSD', ['btcusd']],
    ['BTC/USD', ['btc-usd', 'btcusd']],
    ['btc-usd', ['btc-usd', 'btcusd']],
    ['BTC_USD', ['btc-usd', 'btcusd']],
    ['1INCH/USD', ['1inch-usd', '1inchusd']],
    ['币安人生usdt', ['币安人生usdt']],
    ['a/b/c', ['a-b-c', 'abc']],
  ];
  for (const [text, wanted] of cases) {
    it(`reads ${text}`, () => assert.deepEqual(pairSpellings(text), wanted));
  }
  const refused = ['', ' ', 'btc usd', 'btc\u0000usd', 'btc\u007fusd', 'x'.repeat(129), 'a\ud800'];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text).slice(0, 20)}`, () => {
      assert.throws(() => pairSpellings(text), { name: 'TidemarkError', code: 'invalid' });
    });
  }
});

it('a clash keeps base and quote apart', () => {
  assert.equal(pairOf('BTC', 'USD'), 'btcusd');
  assert.equal(pairOf('ABC', 'USD'), pairOf('AB', 'CUSD'));
  assert.notEqual(clashPairOf('ABC', 'USD'), clashPairOf('AB', 'CUSD'));
});
