import type { Queries } from '../registry/database.ts';
import {
  listExchangeChoices,
  planExchanges,
  readPriceDefaults,
} from '../registry/exchange-choices.ts';
import type { Sampling } from './desired.ts';

/**
 * How the prices come, by what is chosen in the registry now; with the interval of the settings
 * where no exchange is on yet.
 */
export async function readSampling(queries: Queries, settingMs: number): Promise<Sampling> {
  const settings = await readPriceDefaults(queries);
  const choices = await listExchangeChoices(queries);
  const plans = settings === undefined ? [] : planExchanges(settings, choices);
  const intervals = plans.filter(({ enabled }) => enabled).map(({ intervalMs }) => intervalMs);
  return samplingOf(intervals.length === 0 ? [settingMs] : intervals);
}

/** The shortest of at least one interval, and the one that most have: of two, the shorter. */
export function samplingOf(intervalsMs: readonly number[]): Sampling {
  const counts = new Map<number, number>();
  for (const ms of intervalsMs) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  const ranked = [...counts].sort(([a, n], [b, m]) => m - n || a - b);
  return { finestMs: Math.min(...intervalsMs), commonMs: ranked[0]![0] };
}
