import type { Clock } from '../../core/clock.ts';
import type { RankWindow } from '../../core/rollups.ts';
import type { RankedKind, RankQueries } from '../../flux/rank-queries.ts';
import type { Influx } from '../contract.ts';
import { pickRows } from '../rows/store.ts';
import { byVolatility, type Compared, ofPairs, type Ranked } from './board.ts';
import { readMeans } from './means.ts';

const KEEP_MS = 10_000;
/** So many runs of each sort stay in memory, for those who turn pages while a new one comes. */
const RUNS_MAX = 3;

/** One run of a rank task, read once for everybody. */
export interface Run {
  /** The end of its window. */
  readonly timeMs: number;
  /** Of an exchange (undefined: pairs over all of them), 1 first; null: the run has none of it. */
  byDeviation(exchange: string | undefined): readonly Ranked[];
  /** The same ranked anew by deviation / mean. */
  byVolatility(exchange: string | undefined): Promise<readonly Compared[]>;
}

export interface Runs {
  /** Undefined: nothing has been ranked yet. */
  newest(kind: RankedKind, window: RankWindow): Promise<Run | undefined>;
  /** A run by its time; undefined when it is gone. */
  at(kind: RankedKind, window: RankWindow, timeMs: number): Promise<Run | undefined>;
}

export interface RunsOptions {
  readonly influx: Influx;
  readonly queries: RankQueries;
  readonly clock: Clock;
}

/**
 * Runs as they are asked for: one query serves everybody. One that is written again, since prices
 * came late, is seen as it was first until the next run: its pages must fit together.
 */
export function createRuns(options: RunsOptions): Runs {
  const { clock, queries } = options;
  const newestOf = new Map<string, { readAtMs: number; timeMs: Promise<number | undefined> }>();
  const runsOf = new Map<string, Map<number, Promise<Run | undefined>>>();

  function newestTime(kind: RankedKind, window: RankWindow): Promise<number | undefined> {
    const key = `${kind} ${window}`;
    const known = newestOf.get(key);
    const nowMs = clock.monotonicMs();
    if (known !== undefined && nowMs - known.readAtMs < KEEP_MS) return known.timeMs;
    const timeMs = readTime(options, queries.newestRun(kind, window));
    newestOf.set(key, { readAtMs: nowMs, timeMs });
    timeMs.catch(() => newestOf.delete(key));
    return timeMs;
  }

  function at(kind: RankedKind, window: RankWindow, timeMs: number) {
    const key = `${kind} ${window}`;
    const runs = runsOf.get(key) ?? new Map<number, Promise<Run | undefined>>();
    runsOf.set(key, runs);
    const known = runs.get(timeMs);
    if (known !== undefined) return known;
    const reading = readRun(options, { kind, window, timeMs });
    runs.set(timeMs, reading);
    const forget = () => void runs.delete(timeMs);
    reading.then((run) => run === undefined && forget(), forget);
    const [oldest] = [...runs.keys()].sort((a, b) => a - b);
    if (runs.size > RUNS_MAX && oldest !== undefined) runs.delete(oldest);
    return reading;
  }

  return {
    at,
    async newest(kind, window) {
      const timeMs = await newestTime(kind, window);
      return timeMs === undefined ? undefined : at(kind, window, timeMs);
    },
  };
}

async function readTime({ influx }: RunsOptions, flux: string): Promise<number | undefined> {
  const { signal } = new AbortController();
  for await (const { rows, indexes } of pickRows(influx, flux, ['_time'], signal)) {
    const cell = rows.at(-1)?.[indexes[0] ?? 0];
    if (cell) return Date.parse(cell);
  }
  return undefined;
}

interface RunName {
  readonly kind: RankedKind;
  readonly window: RankWindow;
  readonly timeMs: number;
}

async function readRun(options: RunsOptions, name: RunName): Promise<Run | undefined> {
  const { kind, window, timeMs } = name;
  const boards = await readBoards(options, name);
  if (boards.size === 0) return undefined;
  let means: ReturnType<typeof readMeans> | undefined;
  const readOnce = () => {
    means ??= readMeans(options, window, timeMs).then((markets) =>
      kind === 'rank' ? markets : ofPairs(markets),
    );
    means.catch(() => {
      means = undefined;
    });
    return means;
  };
  const compared = new Map<string, readonly Compared[]>();
  const ranked = (exchange = '') => boards.get(exchange) ?? [];
  return {
    timeMs,
    byDeviation: ranked,
    async byVolatility(exchange = '') {
      const known = compared.get(exchange) ?? byVolatility(ranked(exchange), await readOnce());
      compared.set(exchange, known);
      return known;
    },
  };
}

type Draft = { -readonly [Key in keyof Ranked]: Ranked[Key] };

/** Exchange (none: '') -> its markets, by rank. */
async function readBoards(
  { influx, queries }: RunsOptions,
  { kind, window, timeMs }: RunName,
): Promise<ReadonlyMap<string, readonly Ranked[]>> {
  const drafts = new Map<string, Draft>();
  const { signal } = new AbortController();
  const columns = kind === 'rank' ? ['exchange'] : [];
  const labels = ['_field', '_value', 'pair', ...columns];
  const flux = queries.run(kind, window, timeMs);
  for await (const { rows, indexes } of pickRows(influx, flux, labels, signal)) {
    const [field = 0, value = 0, pair = 0, exchange] = indexes;
    for (const row of rows) {
      const place = exchange === undefined ? undefined : row[exchange];
      const key = `${place ?? ''}\n${row[pair]}`;
      const blank = { exchange: place, pair: row[pair]!, stddev: 0, rank: 0, of: 0 };
      const draft = drafts.get(key) ?? blank;
      drafts.set(key, draft);
      const name = row[field];
      if (name === 'stddev' || name === 'rank' || name === 'of') draft[name] = Number(row[value]);
    }
  }
  const boards = new Map<string, Ranked[]>();
  for (const draft of drafts.values()) {
    const board = boards.get(draft.exchange ?? '') ?? [];
    boards.set(draft.exchange ?? '', board);
    board.push(draft);
  }
  for (const board of boards.values()) board.sort((a, b) => a.rank - b.rank);
  return boards;
}
