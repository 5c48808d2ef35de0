import { type AskedRange, askedGaps } from '../../../registry/backfill-progress.ts';
import type { Queries } from '../../../registry/database.ts';
import type { Market } from '../../../registry/markets.ts';
import type { PriceAdapter, TimeRange } from '../adapter.ts';
import { fillStepMs, missingSlots } from './minutes.ts';
import { fillableRange } from './plan.ts';
import type { StoredPrices } from './stored.ts';

/** An exchange that is polled, and how often. */
export interface PolledExchange {
  readonly adapter: PriceAdapter;
  readonly intervalMs: number;
}

export interface GapSearch {
  readonly registry: Queries;
  readonly stored: Pick<StoredPrices, 'pair'>;
  readonly nowMs: number;
  readonly lookbackMs: number;
  readonly retentionMs: number;
}

/** Slots at which an exchange was not heard at all. */
export interface ExchangeGap {
  readonly exchange: string;
  readonly stepMs: number;
  /** From the first such slot to the last. */
  readonly range: TimeRange;
  readonly slots: number;
}

/** A pair that has no point tells nothing; one of several that has is proof enough. */
const WITNESSES = 3;

/**
 * The exchanges that were not heard at some slot of the last time, apart from what was asked for
 * before. A few pairs speak for all of an exchange's: reading every series would cost 43 CPU
 * seconds of InfluxDB for 13,827 of them. A gap that they see falsely costs requests, no rows: each
 * market is looked at before anything is written.
 */
export async function findGaps(
  polled: readonly PolledExchange[],
  markets: readonly Market[],
  search: GapSearch,
): Promise<ExchangeGap[]> {
  const windows = windowsOf(polled, markets, search);
  if (windows.length === 0) return [];
  const heard = await readHeard(windows, markets, search);
  const gaps: ExchangeGap[] = [];
  for (const { exchange, stepMs, range } of windows) {
    const asked = await askedGaps(search.registry, exchange, range.fromMs);
    const slots = heard.get(`${exchange} ${stepMs}`);
    const has = (slot: number) => slots?.has(slot) === true || isAsked(asked, slot);
    const missing = missingSlots(range, stepMs, has);
    const [first, last] = [missing[0], missing.at(-1)];
    if (first === undefined || last === undefined) continue;
    const gap = { fromMs: first, toMs: last + stepMs };
    gaps.push({ exchange, stepMs, range: gap, slots: missing.length });
  }
  return gaps;
}

interface Window {
  readonly exchange: string;
  readonly stepMs: number;
  readonly range: TimeRange;
}

/** Where to look: exchanges with candles and known markets, as far back as both allow. */
function windowsOf(
  polled: readonly PolledExchange[],
  markets: readonly Market[],
  { nowMs, lookbackMs, retentionMs }: GapSearch,
): Window[] {
  const known = new Set(markets.map(({ exchange }) => exchange));
  const windows: Window[] = [];
  for (const { adapter, intervalMs } of polled) {
    if (!adapter.candles || !known.has(adapter.id)) continue;
    const stepMs = fillStepMs(intervalMs);
    const back = { fromMs: nowMs - lookbackMs, toMs: nowMs };
    const { range } = fillableRange({ adapter, range: back, stepMs, retentionMs, nowMs });
    if (range) windows.push({ exchange: adapter.id, stepMs, range });
  }
  return windows;
}

/** `exchange step` -> the slots at which one of its witnesses has a point. */
async function readHeard(
  windows: readonly Window[],
  markets: readonly Market[],
  { stored }: GapSearch,
): Promise<Map<string, Set<number>>> {
  const heard = new Map<string, Set<number>>();
  const pairs = chooseWitnesses(
    markets,
    windows.map(({ exchange }) => exchange),
  );
  for (const stepMs of new Set(windows.map((window) => window.stepMs))) {
    const same = windows.filter((window) => window.stepMs === stepMs);
    const range = {
      fromMs: Math.min(...same.map((window) => window.range.fromMs)),
      toMs: Math.max(...same.map((window) => window.range.toMs)),
    };
    for (const pair of pairs) {
      for (const [exchange, slots] of await stored.pair(pair, range, stepMs)) {
        const key = `${exchange} ${stepMs}`;
        const all = heard.get(key) ?? new Set<number>();
        for (const slot of slots) all.add(slot);
        heard.set(key, all);
      }
    }
  }
  return heard;
}

function isAsked(asked: readonly AskedRange[], slotMs: number): boolean {
  return asked.some(({ fromMs, toMs }) => slotMs >= fromMs && slotMs < toMs);
}

/** As few pairs as cover every exchange with some; the ones that most of them list come first. */
export function chooseWitnesses(
  markets: readonly Pick<Market, 'exchange' | 'pair'>[],
  exchanges: readonly string[],
): readonly string[] {
  const wanted = new Map(exchanges.map((exchange) => [exchange, WITNESSES]));
  const listed = new Map<string, string[]>();
  for (const { exchange, pair } of markets) {
    if (!wanted.has(exchange)) continue;
    const on = listed.get(pair);
    if (on) on.push(exchange);
    else listed.set(pair, [exchange]);
  }
  const chosen: string[] = [];
  // By how many list it: a greedy cover in one pass, good enough for this.
  const ordered = [...listed].sort(
    ([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1),
  );
  for (const [pair, on] of ordered) {
    if (!on.some((exchange) => wanted.get(exchange)! > 0)) continue;
    chosen.push(pair);
    for (const exchange of on) wanted.set(exchange, wanted.get(exchange)! - 1);
  }
  return chosen;
}
