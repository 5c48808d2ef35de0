/**
 * Which adapter knows the candles of a market: its exchange's own, unless the symbol is of a source
 * that speaks for many exchanges (`market:kraken:btcusd`, or `kraken:btcusd` of its older form).
 */
export function adapterOf(market: { readonly exchange: string; readonly symbol: string }): string {
  const { exchange, symbol } = market;
  const shared = symbol.startsWith('market:') || symbol.startsWith(`${exchange}:`);
  return shared ? 'cryptowatch' : exchange;
}
