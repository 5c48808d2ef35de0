import type { Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';

export type Level = 'ok' | 'warn' | 'fail';

/** One thing that was looked at. */
export interface Finding {
  readonly level: Level;
  /** In one word. */
  readonly what: string;
  readonly found: string;
  /** What to do; there whenever it is not well. */
  readonly fix?: string;
}

/** What is looked at. Nothing of it is locked or changed. */
export interface Patient {
  /** Where a setting is wrong, its default. */
  readonly config: Config;
  readonly mistakes: readonly string[];
  /** Like a setting, and none: `INFLUX_ULR: did you mean INFLUX_URL?` */
  readonly strangers: readonly string[];
  /** Nothing beyond this machine, InfluxDB and PostgreSQL is asked. */
  readonly offline: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const ok = (what: string, found: string): Finding => ({ level: 'ok', what, found });
export const warn = (what: string, found: string, fix: string): Finding => ({
  ...{ level: 'warn', what, found, fix },
});
export const fail = (what: string, found: string, fix: string): Finding => ({
  ...{ level: 'fail', what, found, fix },
});

/** 64 GB, 1.5 GB, 300 MB, 12 kB. */
export function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size)
      return `${Number((bytes / size).toFixed(bytes < 10 * size ? 1 : 0))} ${unit}`;
  }
  return `${bytes} bytes`;
}

const COLOURS = { ok: 32, warn: 33, fail: 31 } as const;

/** `warn  keys        grafana has 17 characters` and below it what to do. */
export function findingText({ level, what, found, fix }: Finding, colour: boolean): string {
  const word = level.padEnd(5);
  const shown = colour ? `\u001b[${COLOURS[level]}m${word}\u001b[0m` : word;
  const todo = fix === undefined ? '' : `\n${' '.repeat(18)}-> ${fix}`;
  return `${shown} ${what.padEnd(11)} ${found}${todo}`;
}
