import type { Clock } from '../../core/clock.ts';
import { type RollupLevel, rollupLevels, stepMs } from '../../core/rollups.ts';
import type { HistoryQueries } from '../../flux/history-queries.ts';
import type { Influx } from '../contract.ts';
import { pickRows } from '../rows/store.ts';
import { type Coverage, joined, type Kept, type Stretch } from './plan.ts';

const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;
/** As old as this an answer still holds: what is rolled up stays so. */
const KEEP_MS = 10_000;

export interface KeptOptions {
  readonly influx: Influx;
  readonly queries: Pick<HistoryQueries, 'marks'>;
  readonly clock: Clock;
  /** How long prices are kept as they were written. */
  readonly retentionMs: number;
  /** How long roll-ups are; 0: for ever. */
  readonly rollupRetentionMs: Readonly<Record<RollupLevel, number>>;
  /** Stretches whose roll-ups do not fit their prices, because more of them came afterwards. */
  readonly dirty: (stretch: Stretch) => Promise<readonly Stretch[]>;
}

interface Marks {
  readonly kind: string;
  readonly level: RollupLevel;
  readonly timeMs: number;
  readonly value: number;
}

/** What there is to read prices from, asked of the marks once for everybody within some seconds. */
export function createKept(options: KeptOptions): { at(nowMs: number): Promise<Kept> } {
  const { clock, retentionMs, rollupRetentionMs, dirty } = options;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<ReadonlyMap<RollupLevel, readonly Stretch[]>> | undefined;

  async function missing(nowMs: number) {
    if (reading !== undefined && clock.monotonicMs() - readAtMs < KEEP_MS) return reading;
    readAtMs = clock.monotonicMs();
    const begun = readMissing(options, nowMs);
    reading = begun;
    begun.catch(() => {
      if (reading === begun) reading = undefined;
    });
    return begun;
  }

  return {
    async at(nowMs) {
      const rawFromMs = Math.max(0, nowMs - retentionMs);
      const [holes, late] = await Promise.all([
        missing(nowMs),
        dirty({ startMs: rawFromMs, stopMs: nowMs }),
      ]);
      const levels: Coverage[] = [];
      for (const level of rollupLevels.toReversed()) {
        const found = holes.get(level);
        if (found === undefined) continue;
        const keptMs = rollupRetentionMs[level];
        const keptFromMs = keptMs === 0 ? 0 : Math.max(0, nowMs - keptMs);
        levels.push({ level, keptFromMs, holes: joined([...found, ...late]) });
      }
      return { rawFromMs, levels };
    },
  };
}

/** Level -> what of it is not rolled up since prices are kept; absent: nothing of it is. */
async function readMissing({ influx, queries, retentionMs }: KeptOptions, nowMs: number) {
  const startMs = Math.floor(nowMs / DAY_MS - 1) * DAY_MS;
  const keptMs = Math.min(Math.ceil((nowMs - retentionMs) / DAY_MS) * DAY_MS, startMs - DAY_MS);
  const fromMs = Math.max(0, keptMs);
  const flux = queries.marks({
    kept: new Date(fromMs).toISOString(),
    start: new Date(startMs).toISOString(),
    stop: new Date(nowMs).toISOString(),
  });
  const marks: Marks[] = [];
  // Many callers wait for this one query: none of them may cancel it.
  const { signal } = new AbortController();
  const labels = ['task', 'kind', '_time', '_value'];
  for await (const { rows, indexes } of pickRows(influx, flux, labels, signal)) {
    for (const row of rows) {
      const [task = '', kind = '', time = '', value] = indexes.map((index) => row[index]);
      const level = rollupLevels.find((known) => task === `rollup-${known}`);
      if (level !== undefined) {
        marks.push({ kind, level, timeMs: Date.parse(time), value: Number(value) });
      }
    }
  }
  const holes = new Map<RollupLevel, readonly Stretch[]>();
  for (const level of rollupLevels) {
    const found = marks.filter((mark) => mark.level === level);
    if (found.length > 0) holes.set(level, joined([...holesOf(found, { fromMs, startMs, level })]));
  }
  return holes;
}

interface Bounds {
  readonly level: RollupLevel;
  /** Days are counted from here ... */
  readonly fromMs: number;
  /** ... to here; from then on gaps are told. */
  readonly startMs: number;
}

function* holesOf(
  marks: readonly Marks[],
  { level, fromMs, startMs }: Bounds,
): Generator<Stretch, void> {
  const step = stepMs(level);
  yield { startMs: 0, stopMs: fromMs };
  const counts = new Map(
    marks.filter(({ kind }) => kind === 'day').map(({ timeMs, value }) => [timeMs, value]),
  );
  for (let dayMs = fromMs; dayMs < startMs; dayMs += DAY_MS) {
    // A day with less than all its steps is not looked into: its prices are read instead.
    const whole = counts.get(dayMs) === DAY_MS / step;
    if (!whole) yield { startMs: dayMs, stopMs: dayMs + DAY_MS };
  }
  const at = (wanted: string) => marks.find(({ kind }) => kind === wanted)?.timeMs;
  yield { startMs, stopMs: at('first') ?? Number.POSITIVE_INFINITY };
  for (const { kind, timeMs, value } of marks) {
    if (kind === 'gap') yield { startMs: timeMs - value * SECOND_MS + step, stopMs: timeMs };
  }
  yield { startMs: (at('last') ?? startMs - step) + step, stopMs: Number.POSITIVE_INFINITY };
}
