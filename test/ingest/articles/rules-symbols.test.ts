import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assetNames, tickers } from '../../../ingest/articles/rules/assets.ts';
import { recognise } from '../../../ingest/articles/rules/symbols.ts';

const CASES: readonly (readonly [string, string])[] = [
  ['Bitcoin and ethereum rise', 'BTC ETH'],
  ['BTC/USDT, BTC-USD, #ETH', 'BTC ETH USDT'],
  ['bitcoin’s best day', 'BTC'],
  ['$sol and $SOL, $100 and US$100', 'SOL'],
  ['a btc in lower case is no ticker', ''],
  ['$ONE, $Near and $Gas', 'GAS NEAR ONE'],
  ['ONE LINK NEAR the GAS station; FLOW of funds', ''],
  ['one link near the gas flow', ''],
  ['NEAR Protocol and Chainlink', 'LINK NEAR'],
  ['Optimism (OP) and optimism on Wall Street', 'OP'],
  ['Optimism on Wall Street; the OP said so', ''],
  ['Stellar results', ''],
  ['Stellar (XLM) results', 'XLM'],
  ["Maker's MKR; compound interest", 'MKR'],
  ['an avalanche kills; Avalanche upgrades', 'AVAX'],
  ['LINKUSDT and ETHEUR', 'ETH LINK'],
  ['BITCOIN CASH and wrapped bitcoin', 'BCH BTC WBTC'],
  ['$XYZQ is not traded anywhere', ''],
  ['0x protocol, internet computer', 'ICP ZRX'],
  ['比特币 BTC价格', 'BTC'],
  ['', ''],
];

describe('currencies in a text', () => {
  it('are known by ticker, $ and name; tickers that are words by $ or beside their name alone', () => {
    for (const [text, symbols] of CASES) {
      assert.equal(recognise(text).join(' '), symbols, text);
    }
  });

  it('may be further ones that are traded, with $', () => {
    const known = new Set(['XYZQ']);
    assert.deepEqual(recognise('$xyzq XYZQ', { known }), ['XYZQ']);
    assert.deepEqual(recognise('XYZQ', { known }), []);
  });

  it('are the first twenty, sorted, each once', () => {
    const text = [...tickers].map((ticker) => `$${ticker} $${ticker}`).join(' ');
    const got = recognise(text);
    assert.deepEqual(got, [...tickers].slice(0, 20).sort());
  });

  it('each have a ticker and names of their own', () => {
    const owners = new Map<string, string>();
    for (const { ticker, text } of assetNames) {
      assert.match(ticker, /^[A-Z0-9]{1,10}$/);
      const owner = owners.get(text.toLowerCase()) ?? ticker;
      const shared = new Set([owner, ticker]);
      assert.ok(
        shared.size === 1 || shared.has('MIOTA') || shared.has('RNDR'),
        `${text}: ${ticker}`,
      );
      owners.set(text.toLowerCase(), ticker);
    }
    assert.ok(tickers.size >= 150, `${tickers.size}`);
  });
});
