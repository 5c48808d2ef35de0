/** Prices of some hours with jumps at random, and who is to be told what of them, once. */
import { type AlertRule, ratioRules } from '../../core/alert-rules.ts';
import { slotAt } from '../../core/clock.ts';
import { chance, hashOf } from '../../demo/noise.ts';
import type { Database } from '../../registry/database.ts';
import { findings, type OddPoint } from '../helpers/alert-oracle.ts';
import { HOUR_MS, MINUTE_MS, makeAlert } from '../helpers/alert-steps.ts';
import { activeChannel } from '../helpers/deliveries.ts';

export const EVERY_MS = 5 * MINUTE_MS;
export const [jumpRule] = ratioRules({ metrics: ['price'] }) as [AlertRule];

/** Before the first window there is an hour for its mean. */
const BEFORE = 13;
const PAIRS = ['btcusd', 'ethusd', 'xrpusd', 'ltcusd', 'adausd', 'solusd', 'dotusd', 'bchusd'];
/** From a point to the end of its step. */
const AGO_MS = MINUTE_MS;

/** Two subscriptions to the same rule: all in windows of a step, some in windows of an hour. */
const wishes = {
  '/step': { windowMs: EVERY_MS, pairs: null },
  '/hour': { windowMs: HOUR_MS, pairs: PAIRS.slice(0, 4) },
} as const;
export type Path = keyof typeof wishes;

export interface Windows {
  /** Ends of their steps. */
  readonly steps: readonly number[];
  /** In line protocol: what was before the first of them, and what belongs to each. */
  readonly before: string;
  readonly lines: readonly string[];
  /** `path series window` of every alert that there is to be. */
  readonly expected: ReadonlySet<string>;
}

/** `count` windows up to now. All jump in the last one, so that it is the last that is told. */
export function windowsOf(count: number, seed: string): Windows {
  const random = (what: string) => chance(hashOf(`${seed} ${what}`));
  const endMs = slotAt(Date.now(), EVERY_MS) - EVERY_MS;
  const ends = Array.from({ length: BEFORE + count }, (_, n) => {
    return endMs - (BEFORE + count - 1 - n) * EVERY_MS;
  });
  const steps = ends.slice(BEFORE);
  const points = ends.flatMap((stepMs, n): OddPoint[] => {
    const all = n === ends.length - 1 || (n >= BEFORE && random(`${n} all`) < 0.05);
    return PAIRS.map((pair) => {
      const jumps = n >= BEFORE && (all || random(`${n} ${pair}`) < 0.1);
      const value = jumps ? 2_000 + n : 100;
      return { exchange: 'kraken', pair, timeMs: stepMs - AGO_MS, value };
    });
  });
  const expected = new Set<string>();
  for (const stepMs of steps) {
    for (const { series } of findings(jumpRule, near(points, stepMs), {
      endMs: stepMs,
      stepMs: EVERY_MS,
    })) {
      for (const path of Object.keys(wishes) as Path[]) {
        const { pairs } = wishes[path];
        if (pairs !== null && !pairs.some((pair) => series.endsWith(pair))) continue;
        expected.add(keyOf(path, series, stepMs - AGO_MS));
      }
    }
  }
  const linesOf = (wanted: (stepMs: number) => boolean) =>
    points
      .filter(({ timeMs }) => wanted(timeMs + AGO_MS))
      .map(({ exchange, pair, timeMs, value }) => {
        return `price,exchange=${exchange},pair=${pair} price=${value} ${timeMs}000000`;
      })
      .join('\n');
  const before = linesOf((stepMs) => stepMs < steps[0]!);
  const lines = steps.map((wanted) => linesOf((stepMs) => stepMs === wanted));
  return { steps, before, lines, expected };
}

function near(points: readonly OddPoint[], stepMs: number): OddPoint[] {
  return points.filter(({ timeMs }) => timeMs <= stepMs && timeMs > stepMs - 2 * HOUR_MS);
}

function keyOf(path: Path, series: string, atMs: number): string {
  return `${path} ${series} ${slotAt(atMs, wishes[path].windowMs)}`;
}

/** Subscribes both paths of a receiver, as of long ago; the path of each channel. */
export async function subscribe(
  registry: Database,
  receiverUrl: string,
): Promise<ReadonlyMap<number, Path>> {
  const paths = new Map<number, Path>();
  for (const [path, { windowMs, pairs }] of Object.entries(wishes)) {
    const channel = await activeChannel(registry, { kind: 'webhook', url: receiverUrl + path });
    await makeAlert(registry, { channel, windowMs, pairs, rules: [jumpRule] });
    paths.set(channel, path as Path);
  }
  await registry.query("update alerts set created = now() - interval '2 days'");
  return paths;
}

export interface Told {
  readonly key: string;
  readonly late: boolean;
}

/** What a message to a path tells: one alert, or those of a digest. */
export function toldBy(path: string, { type, data }: MessageShape): Told[] {
  const { series, late } = data;
  const timeMs = Date.parse(data.time);
  const told = (one: string, atMs: number) => ({ key: keyOf(path as Path, one, atMs), late });
  if (type === 'alert.digest') {
    return (series as readonly string[]).map((one) => told(one, timeMs - AGO_MS));
  }
  if (type !== 'alert.fired') throw new Error(`unexpected ${type}`);
  return [told((series as { readonly key: string }).key, timeMs)];
}

/** As far as it matters here. */
export interface MessageShape {
  readonly type: string;
  readonly data: {
    readonly time: string;
    readonly late: boolean;
    /** Of a digest: names alone. */
    readonly series: { readonly key: string } | readonly string[];
  };
}
