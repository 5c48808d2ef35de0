/**
 * A market for benchmarks: 13,827 series on 27 exchanges, split as unevenly as real ones are, every
 * exchange with btcusd; one price a minute. The same numbers on every run.
 */
export interface Market {
  readonly exchange: string;
  readonly pair: string;
  /** `price,exchange=...,pair=... price=`: what stands before the number. */
  readonly prefix: string;
  readonly base: number;
  readonly phase: number;
}

const EXCHANGES = 27;
/** 2024-01-01T00:00:00Z, in seconds. */
export const marketStart = 1_704_067_200;

/** As many markets as wanted; exchange `k` has about 1/k of the largest one's. */
export function makeMarkets(count = 13_827): Market[] {
  const weights = Array.from({ length: EXCHANGES }, (_, k) => 1 / (k + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sizes = weights.map((weight) => Math.max(1, Math.floor((count * weight) / total)));
  sizes[0] = sizes[0]! + count - sizes.reduce((sum, size) => sum + size, 0);
  const markets: Market[] = [];
  sizes.forEach((size, k) => {
    const exchange = k === 0 ? 'kraken' : `exchange${String(k).padStart(2, '0')}`;
    for (let p = 0; p < size; p++) {
      const pair = p === 0 ? 'btcusd' : `c${p.toString(36)}${p % 3 === 0 ? 'usdt' : 'usd'}`;
      const hash = mix(k * 100_003 + p);
      markets.push({
        exchange,
        pair,
        prefix: `price,exchange=${exchange},pair=${pair} price=`,
        base: p === 0 ? 42_000 : 10 ** ((hash % 700) / 100 - 3),
        phase: hash % 1000,
      });
    }
  });
  return markets;
}

/** One line a market at a minute, nanoseconds. */
export function minuteLines(markets: readonly Market[], minute: number): string {
  const time = ` ${marketStart + minute * 60}000000000\n`;
  let body = '';
  for (let i = 0; i < markets.length; i++) {
    const { prefix, base, phase } = markets[i]!;
    const wave = Math.sin((minute + phase) / 97) * 0.02;
    const noise = ((mix(i * 7919 + minute) % 2001) - 1000) * 2e-6;
    body += prefix + Number((base * (1 + wave + noise)).toPrecision(8)) + time;
  }
  return body;
}

/** A number from another, evenly spread over 31 bits. */
function mix(value: number): number {
  let x = Math.imul(value ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 1;
}
