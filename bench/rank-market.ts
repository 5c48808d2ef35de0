/** 13,827 markets over a day, each second: their minutes, and the moments of both. */
import { momentLevel, momentNames, stepMs } from '../core/rollups.ts';

const EXCHANGES = 27;
const PAIRS = 7_000;
/** The steps that a rank of 24 h reads. */
const LEVEL = momentLevel('24h');
/** What their points are stored as. */
export const NAMES = momentNames(LEVEL);

export const MARKETS = 13_827;
export const MINUTE_MS = 60_000;
export const STEP_MS = stepMs(LEVEL);

export interface Slice {
  /** `price` of this minute, asked for once a minute. */
  readonly prices: string;
  /** The points of the step that ends with it, from its prices of minutes and of seconds. */
  readonly moments: string;
  readonly secondMoments: string;
}

interface Series {
  readonly tags: string;
  readonly swing: number;
  price: number;
  readonly minutes: number[];
  readonly seconds: Spread;
}

/** Welford's running mean and sum of squares. */
class Spread {
  n = 0;
  mean = 0;
  squares = 0;

  add(value: number): void {
    this.n++;
    const delta = value - this.mean;
    this.mean += delta / this.n;
    this.squares += delta * (value - this.mean);
  }

  take(): readonly [low: number, high: number] {
    const deviation = Math.sqrt(this.squares / this.n);
    const points = [this.mean - deviation, this.mean + deviation] as const;
    this.n = 0;
    this.mean = 0;
    this.squares = 0;
    return points;
  }
}

/** Exchanges of very different size over one set of pairs; some markets stand still. */
function createSeries(random: () => number): Series[] {
  const share = Array.from({ length: EXCHANGES }, (_, e) => 1 / (e + 2));
  const whole = share.reduce((sum, part) => sum + part, 0);
  const series: Series[] = [];
  for (const [e, part] of share.entries()) {
    const last = e === EXCHANGES - 1;
    const size = last ? MARKETS - series.length : Math.round((MARKETS * part) / whole);
    const taken = new Set<number>();
    while (taken.size < size) {
      const pair = taken.size === 0 ? 0 : Math.floor(random() ** 1.7 * PAIRS);
      if (taken.has(pair)) continue;
      taken.add(pair);
      const name = pair === 0 ? 'btcusd' : `c${pair.toString(36)}usd`;
      const swing = pair % 37 === 5 ? 0 : (0.0001 + random() * 0.003) / 8;
      const tags = `exchange=ex${String(e).padStart(2, '0')},pair=${name}`;
      const price = Number(Math.exp(random() * 20 - 8).toPrecision(8));
      series.push({ tags, price, swing, minutes: [], seconds: new Spread() });
    }
  }
  return series;
}

/** The minutes before `endMs`, oldest first. The same each time. */
export function* rankMarket(endMs: number, minutes: number): Generator<Slice> {
  let seed = 12_345;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const series = createSeries(random);
  for (let timeMs = endMs - minutes * MINUTE_MS; timeMs < endMs; timeMs += MINUTE_MS) {
    const slice = { prices: '', moments: '', secondMoments: '' };
    const ends = (timeMs + MINUTE_MS) % STEP_MS === 0;
    const begunMs = timeMs + MINUTE_MS - STEP_MS;
    for (const one of series) {
      const price = Number(one.price.toPrecision(8));
      one.minutes.push(price);
      slice.prices += `price,${one.tags} price=${price} ${timeMs}000000\n`;
      for (let second = 0; second < 60; second++) {
        one.seconds.add(one.price);
        one.price *= 1 + (random() - 0.5) * one.swing;
      }
      if (!ends) continue;
      const spread = new Spread();
      for (const value of one.minutes) spread.add(value);
      one.minutes.length = 0;
      slice.moments += momentLines(one.tags, begunMs, spread.take());
      slice.secondMoments += momentLines(one.tags, begunMs, one.seconds.take());
    }
    yield slice;
  }
}

function momentLines(tags: string, ms: number, [low, high]: readonly [number, number]): string {
  const head = `${NAMES.points},${tags} point=`;
  return `${head}${low} ${ms}000000\n${head}${high} ${ms + STEP_MS / 2}000000\n`;
}
