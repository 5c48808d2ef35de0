import { TidemarkError } from '../../core/errors.ts';
import { stepMs } from '../../core/rollups.ts';
import type { HistoryQueries, RollupField } from '../../flux/history-queries.ts';
import type { Influx } from '../contract.ts';
import { pickRows } from '../rows/store.ts';
import { Columns, readTime } from './columns.ts';
import type { Segment } from './plan.ts';
import { addTo, Joiner, ofPrice, type Window } from './windows.ts';

/** What is asked of each window. */
export type HistoryFn = 'mean' | 'ohlc' | 'min' | 'max' | 'first' | 'last' | 'count';

const FIELDS: Readonly<Record<HistoryFn, readonly RollupField[]>> = {
  mean: ['count', 'mean'],
  ohlc: ['count', 'first', 'last', 'max', 'min'],
  min: ['min'],
  max: ['max'],
  first: ['first'],
  last: ['last'],
  count: ['count'],
};

export interface ReadOptions {
  readonly influx: Influx;
  readonly queries: HistoryQueries;
  readonly signal: AbortSignal;
  readonly pair: string;
  readonly exchange: string | undefined;
  /** Those that list the pair, sorted. */
  readonly exchanges: readonly string[];
  readonly fn: HistoryFn;
  readonly everyMs: number;
  readonly segments: readonly Segment[];
}

/** Numbers that one answer may hold at a time; what is more is read exchange by exchange. */
const CELLS_MAX = 400_000;
/** Steps of one query, where it is one exchange's. */
const STEPS_MAX = 20_000;

type Batches = AsyncGenerator<readonly Window[], void>;

/**
 * The windows that have prices, by exchange, then time, in batches. One query at a time: an answer
 * that waits for its reader holds one connection, so that answers never wait for each other. What
 * is held in memory does not grow with the range.
 */
export async function* readWindows(options: ReadOptions): Batches {
  const { exchange, exchanges } = options;
  const joiner = new Joiner();
  if (exchange === undefined && fitsMemory(options)) {
    for await (const parts of together(options)) yield joiner.add(parts);
  } else {
    for (const name of exchange === undefined ? exchanges : [exchange]) {
      for await (const parts of partsOfExchange(options, name)) yield joiner.add(parts);
    }
  }
  yield joiner.end();
}

/** The segment that takes the longest; the others are short as a rule: edges. */
function longest(segments: readonly Segment[]): number {
  const lengths = segments.map(({ startMs, stopMs }) => stopMs - startMs);
  return lengths.indexOf(Math.max(...lengths));
}

function fitsMemory({ segments, exchanges, fn, everyMs }: ReadOptions): boolean {
  const main = longest(segments);
  let cells = 0;
  for (const [index, { source, startMs, stopMs }] of segments.entries()) {
    const lengthMs = stopMs - startMs;
    if (index !== main) cells += (lengthMs / everyMs + 1) * FIELDS.ohlc.length;
    // Columns are held until their exchange's last; a single one goes straight through.
    const columns = FIELDS[fn].length;
    if (source !== 'raw' && columns > 1) cells += (lengthMs / stepMs(source)) * columns;
  }
  return cells * exchanges.length <= CELLS_MAX;
}

/** Segment after segment, long ones in pieces. */
async function* partsOfExchange(options: ReadOptions, exchange: string): Batches {
  for (const segment of options.segments) {
    const { source, startMs, stopMs } = segment;
    const pieceMs = source === 'raw' ? stopMs - startMs : STEPS_MAX * stepMs(source);
    for (let fromMs = startMs; fromMs < stopMs; fromMs += pieceMs) {
      const toMs = Math.min(stopMs, fromMs + pieceMs);
      yield* partsOf({ ...options, exchange }, { source, startMs: fromMs, stopMs: toMs });
    }
  }
}

/**
 * All exchanges at once: the short segments are read first and kept, so that those of an exchange
 * can be put before and behind its rows of the longest, which pass through.
 */
async function* together(options: ReadOptions): Batches {
  const { segments } = options;
  const main = longest(segments);
  const before = await collected(options, segments.slice(0, main));
  const after = await collected(options, segments.slice(main + 1));
  const edges = (name: string) => [...(before.get(name) ?? []), ...(after.get(name) ?? [])];
  const waiting = [...new Set([...before.keys(), ...after.keys()])].sort();
  let current: string | undefined;
  for await (const parts of partsOf(options, segments[main]!)) {
    for (const run of runsOf(parts)) {
      const { exchange } = run[0]!;
      if (exchange !== current) {
        yield after.get(current ?? '') ?? [];
        while (waiting.length > 0 && waiting[0]! < exchange) yield edges(waiting.shift()!);
        if (waiting[0] === exchange) waiting.shift();
        yield before.get(exchange) ?? [];
        current = exchange;
      }
      yield run;
    }
  }
  yield after.get(current ?? '') ?? [];
  for (const name of waiting) yield edges(name);
}

async function collected(
  options: ReadOptions,
  segments: readonly Segment[],
): Promise<ReadonlyMap<string, Window[]>> {
  const found = new Map<string, Window[]>();
  for (const segment of segments) {
    for await (const parts of partsOf(options, segment)) {
      for (const part of parts) {
        const windows = found.get(part.exchange) ?? [];
        windows.push(part);
        found.set(part.exchange, windows);
      }
    }
  }
  return found;
}

function runsOf(parts: readonly Window[]): readonly (readonly Window[])[] {
  const runs: Window[][] = [];
  for (const part of parts) {
    const run = runs.at(-1);
    if (run?.[0]?.exchange === part.exchange) run.push(part);
    else runs.push([part]);
  }
  return runs;
}

/** A segment as parts of windows, by exchange, then time. */
async function* partsOf(options: ReadOptions, segment: Segment): Batches {
  const joiner = new Joiner();
  for await (const steps of stepsOf(options, segment)) yield joiner.add(steps);
  yield joiner.end();
}

function stepsOf(options: ReadOptions, { source, startMs, stopMs }: Segment): Batches {
  const { influx, queries, signal, pair, exchange, fn } = options;
  const start = new Date(startMs).toISOString();
  const range = { pair, exchange, start, stop: new Date(stopMs).toISOString() };
  if (source === 'raw') {
    const flux = queries.raw(range);
    return pricesOf(pickRows(influx, flux, ['_time', '_value', 'exchange'], signal), options);
  }
  const flux = queries.rollup(range, source, FIELDS[fn]);
  const labels = ['_time', '_value', 'exchange', '_field'];
  return rollupsOf(pickRows(influx, flux, labels, signal), options);
}

type Rows = ReturnType<typeof pickRows>;

async function* pricesOf(batches: Rows, { everyMs }: ReadOptions): Batches {
  for await (const { rows, indexes } of batches) {
    const [time = 0, value = 0, exchange = 0] = indexes;
    const windows: Window[] = [];
    for (const row of rows) {
      const timeMs = Math.floor(readTime(row[time]!) / everyMs) * everyMs;
      const price = ofPrice(row[exchange]!, timeMs, Number(row[value]));
      const open = windows.at(-1);
      if (open?.timeMs === timeMs && open.exchange === price.exchange) addTo(open, price);
      else windows.push(price);
    }
    yield windows;
  }
}

/**
 * Puts the fields of a step side by side. They come field by field, each with all exchanges: all
 * but the last field are held, then windows come as fast as its rows.
 */
async function* rollupsOf(batches: Rows, { fn, everyMs }: ReadOptions): Batches {
  const last = FIELDS[fn].at(-1)!;
  const others = FIELDS[fn].slice(0, -1);
  const held = new Columns();
  let whole = false;
  for await (const { rows, indexes } of batches) {
    const [time = 0, value = 0, exchange = 0, field = 0] = indexes;
    const steps: Window[] = [];
    for (const row of rows) {
      const name = row[exchange]!;
      const timeMs = readTime(row[time]!);
      if (row[field] !== last) {
        if (whole) throw new TidemarkError('upstream', 'InfluxDB sent fields out of their order');
        held.add(row[field]!, name, { timeMs, value: Number(row[value]) });
        continue;
      }
      whole = true;
      const step = ofPrice(name, Math.floor(timeMs / everyMs) * everyMs, Number.NaN);
      step[last] = Number(row[value]);
      for (const other of others) step[other] = held.take(other, name, timeMs);
      step.sum = step.mean * step.count;
      // A step that lacks a field was written between two reads; the next question sees it.
      if (!others.some((other) => Number.isNaN(step[other]))) steps.push(step);
    }
    yield steps;
  }
}
