import { type AlertRule, alertDefaults, measurementOf } from '../core/alert-rules.ts';
import { formatMs } from '../core/duration.ts';
import { ALERT_MARK, patternOf } from '../flux/alert-queries.ts';
import type { ParameterValue } from '../flux/literal.ts';
import type { BoundTask } from './desired.ts';

export interface AlertTaskOptions {
  readonly bucket: string;
  /** What somebody wants to be told of. */
  readonly alertRules?: readonly AlertRule[];
  /** How often each is evaluated, milliseconds; a minute by default. */
  readonly alertEveryMs?: number;
}

/** The points of the newest slot are in by then. */
const OFFSET_MS = 10_000;
/** All but the rules that most have start some time later: not all reads at once. */
const SPREAD_MS = 20_000;

/** A task for each rule, whoever wants it: the key names it, so that no two are the same. */
export function alertTasks(options: AlertTaskOptions): readonly BoundTask[] {
  const { bucket, alertRules = [], alertEveryMs: everyMs = alertDefaults.everyMs } = options;
  const rules = new Map(alertRules.map((rule) => [rule.key, rule]));
  return [...rules.values()].map((rule) => ({
    kind: 'alert' as const,
    mark: ALERT_MARK + rule.key,
    everyMs,
    offset: formatMs(offsetMs(rule, everyMs)),
    file: `alert-${rule.kind}`,
    values: valuesOf(rule, bucket, everyMs),
  }));
}

/** InfluxDB takes no offset that is longer than the interval. */
function offsetMs(rule: AlertRule, everyMs: number): number {
  const firstMs = Math.min(OFFSET_MS, everyMs / 2);
  if (rule.kind === 'canary' || isDefault(rule)) return firstMs;
  const spreadMs = Math.min(SPREAD_MS, everyMs / 4);
  const sum = [...rule.key].reduce((hash, letter) => {
    return (hash * 31 + letter.charCodeAt(0)) % 1_000_003;
  }, 0);
  return firstMs + Math.floor(((sum % 1_000) / 1_000) * (spreadMs / 1_000)) * 1_000;
}

function isDefault({ kind, direction, factor, windowMs }: AlertRule): boolean {
  const same = direction === alertDefaults.direction && factor === alertDefaults.factor;
  return kind === 'ratio' && same && windowMs === alertDefaults.windowMs;
}

function valuesOf(rule: AlertRule, bucket: string, everyMs: number) {
  const { measurement, field, tags } = measurementOf(rule);
  const common = { bucket, rule: rule.key, mark: ALERT_MARK + rule.key };
  if (rule.kind === 'canary') return common;
  const read = {
    ...common,
    ...{ measurement, field, tags: [...tags, 'rule'] },
    ...{ above: rule.direction === 'above', step: formatMs(everyMs) },
  } satisfies Record<string, ParameterValue>;
  if (rule.kind === 'threshold') {
    return {
      ...read,
      bound: rule.limit ?? Number.NaN,
      pairs: patternOf(rule.pairs ?? []),
      exchanges: patternOf(rule.exchanges ?? []),
      monitors: patternOf(rule.monitors ?? []),
    };
  }
  return {
    ...read,
    // The last tag tells the series of a table apart: there is a table for each of the others.
    name: tags.at(-1) ?? '',
    within: ['_measurement', ...tags.slice(0, -1)],
    keys: ['_measurement', ...tags],
    factor: rule.factor ?? Number.NaN,
    window: formatMs(rule.windowMs),
  };
}
