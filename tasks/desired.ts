import { formatMs } from '../core/duration.ts';
import {
  type MomentLevel,
  momentLevel,
  momentLevels,
  momentNames,
  patienceMs,
  type RankWindow,
  type RollupLevel,
  rankBucket,
  rankWindows,
  rollupBucket,
  rollupLevels,
  rollupMeasurement,
  stepMs,
  windowMs,
  worthRolling,
} from '../core/rollups.ts';
import type { ParameterValue } from '../flux/literal.ts';
import { bind, loadTask } from '../flux/load.ts';
import { type AlertTaskOptions, alertTasks } from './alert-tasks.ts';

/** A task of InfluxDB that should exist. */
export interface DesiredTask {
  /** `tidemark: rollup-5m`: the prefix marks it as ours, the rest is its `mark`. */
  readonly name: string;
  readonly flux: string;
  readonly everyMs: number;
  /** Tag `task` of what it leaves in `rollup_step`. */
  readonly mark: string;
  readonly kind: 'rollup' | 'moments' | 'rank' | 'alert';
}

/** How the prices come, as far as the tasks have to know it. */
export interface Sampling {
  /** Shortest interval of any exchange, milliseconds. */
  readonly finestMs: number;
  /** The interval that most exchanges have: what ranks are fastest with. */
  readonly commonMs: number;
}

export interface DesiredOptions extends AlertTaskOptions {
  readonly sampling: Sampling;
  /** How long prices are kept, milliseconds; 0, the default: for ever. */
  readonly keptMs?: number;
}

/** Tasks of this prefix are ours to change and to remove; no other ever is. */
export const TASK_PREFIX = 'tidemark: ';

type Values = Readonly<Record<string, ParameterValue>>;

/** One script of flux/tasks with what stands in its head. */
export interface BoundTask extends Omit<DesiredTask, 'flux' | 'name'> {
  readonly file: string;
  readonly values: Values;
  /** From the slot to the run: the points of the slot are in, and not all tasks start at once. */
  readonly offset: string;
}

/**
 * The tasks that should exist. Levels whose steps would hold fewer than two prices are left out, as
 * are the moments of such steps: the ranks then read the prices.
 */
export function desiredTasks(options: DesiredOptions): readonly DesiredTask[] {
  return boundTasks(options).map(({ file, values, offset, ...task }) => {
    const name = TASK_PREFIX + task.mark;
    const option = { name, every: formatMs(task.everyMs), offset };
    return { ...task, name, flux: bind(loadTask(file), values, option) };
  });
}

/** The same, unbound: for a step of the past, with another head. */
export function boundTasks(options: DesiredOptions): readonly BoundTask[] {
  return [
    ...rollupLevels.flatMap((level) => rollupTask(options, level) ?? []),
    ...momentLevels.flatMap((level) => momentsTask(options, level) ?? []),
    ...rankWindows.flatMap((window) => rankTasks(options, window)),
    ...alertTasks(options),
  ];
}

const ROLLUP_OFFSETS = { '1m': '5s', '5m': '25s', '1h': '100s', '1d': '5m' } as const;

function rollupTask({ bucket, sampling }: DesiredOptions, level: RollupLevel) {
  if (!worthRolling(level, sampling.finestMs)) return undefined;
  const everyMs = stepMs(level);
  const mark = `rollup-${level}`;
  const common = {
    bucket,
    into: rollupBucket(bucket, level),
    mark,
    step: level,
    start: `-${level}`,
    stop: '0s',
  };
  const task = { kind: 'rollup', mark, everyMs, offset: ROLLUP_OFFSETS[level] } as const;
  if (level === '1d') {
    return {
      ...task,
      file: 'rollup-day',
      values: { ...common, hours: rollupBucket(bucket, '1h') },
    };
  }
  return { ...task, file: 'rollup', values: { ...common, measurement: rollupMeasurement(level) } };
}

/** Before the ranks of the same minute that read them; those of hours before the next minute's. */
const MOMENT_OFFSETS = { '5m': '15s', '10m': '20s', '1h': '70s' } as const;

/** How many prices of a market a step has where none is missing. */
function regular({ commonMs }: Sampling, level: MomentLevel): number {
  return Math.max(1, Math.round(stepMs(level) / commonMs));
}

function momentsTask({ bucket, sampling }: DesiredOptions, level: MomentLevel) {
  if (!worthRolling(level, sampling.finestMs)) return undefined;
  const everyMs = stepMs(level);
  const names = momentNames(level);
  const { mark } = names;
  const values = {
    bucket,
    into: rankBucket(bucket),
    ...names,
    step: level,
    half: formatMs(everyMs / 2),
    regular: regular(sampling, level),
    all: false,
  };
  const offset = MOMENT_OFFSETS[level];
  return { kind: 'moments', mark, everyMs, offset, file: 'moments', values } as const;
}

/** Of the ranks of markets, and of pairs. */
const RANK_OFFSETS: Readonly<Record<RankWindow, readonly [string, string]>> = {
  '1h': ['45s', '48s'],
  '24h': ['35s', '40s'],
  '7d': ['51s', '54s'],
};

/**
 * Where prices are missing, a window of at most this many of each market is read itself: that takes
 * half the time of counting what is missing.
 */
const FEW_PRICES = 2_000;
/** A window ends before its rank is computed. */
const DELAY_MS = 3_600_000;

/** Looks for a new window each minute; what it finds to do comes once a step. */
const RANK_EVERY_MS = 60_000;

function rankTasks({ bucket, sampling, keptMs = 0 }: DesiredOptions, window: RankWindow) {
  const level = momentLevel(window);
  const { points, shortfalls, mark: source } = momentNames(level);
  const kept = keptMs === 0 || keptMs >= windowMs(window) + DELAY_MS;
  return (['rank', 'pair-rank'] as const).map((file, index) => {
    const mark = `${file}-${window}`;
    const values = {
      bucket,
      moments: rankBucket(bucket),
      ...{ points, shortfalls, source },
      mark,
      window,
      span: window,
      step: level,
      steps: windowMs(window) / stepMs(level),
      regular: regular(sampling, level),
      patience: formatMs(patienceMs(window)),
      few: kept ? FEW_PRICES : 0,
      again: false,
    };
    const offset = RANK_OFFSETS[window][index]!;
    return { kind: 'rank', mark, everyMs: RANK_EVERY_MS, offset, file, values } as const;
  });
}
