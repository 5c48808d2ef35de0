import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cryptowatch } from '../../../ingest/prices/exchanges/cryptowatch.ts';

function cutsOf(pairs: readonly string[]): Record<string, string> {
  const result = Object.fromEntries(pairs.map((pair) => [`market:bisq:${pair}`, '1']));
  const { rows } = cryptowatch.parse([{ result }], new Map());
  return Object.fromEntries(rows.map(({ pair, base, quote }) => [pair, `${base} ${quote}`]));
}

describe('glued pairs of a cryptowat.ch-shaped source', () => {
  it('are cut where the rest of the answer says', () => {
    const cuts = cutsOf(['batusd', 'bateur', 'btctusd', 'btcusd', 'btceur', 'omgusd', 'omgbtc']);
    assert.deepEqual(cuts, {
      batusd: 'bat usd',
      bateur: 'bat eur',
      btctusd: 'btc tusd',
      btcusd: 'btc usd',
      btceur: 'btc eur',
      omgusd: 'omg usd',
      omgbtc: 'omg btc',
    });
  });

  it('alone, keep three letters for the coin and the longest quote', () => {
    assert.deepEqual(cutsOf(['batusd']), { batusd: 'bat usd' });
    assert.deepEqual(cutsOf(['ethbusd']), { ethbusd: 'eth busd' });
    assert.deepEqual(cutsOf(['opusd']), { opusd: 'op usd' });
    assert.deepEqual(cutsOf(['btcusdt']), { btcusdt: 'btc usdt' });
  });
});
