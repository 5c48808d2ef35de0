/** Which Flux tasks there should be, and how long what they read and write is kept. */
import type { Config } from '../core/config.ts';
import { activeAlertRules } from '../registry/alerts.ts';
import type { Queries } from '../registry/database.ts';
import type { DesiredOptions } from '../tasks/desired.ts';
import { readSampling, samplingOf } from '../tasks/sampling.ts';
import type { Retentions } from '../tasks/steps.ts';

/** By what is chosen in the registry now; undefined: there is none yet, and nothing is chosen. */
export async function wantedTasks(
  config: Config,
  registry: Queries | undefined,
): Promise<DesiredOptions> {
  const { influxBucket: bucket, retentionMs: keptMs, alertEveryMs, priceIntervalMs } = config;
  const common = { bucket, keptMs, alertEveryMs };
  if (registry === undefined) return { ...common, sampling: samplingOf([priceIntervalMs]) };
  return {
    ...common,
    sampling: await readSampling(registry, priceIntervalMs),
    alertRules: await activeAlertRules(registry),
  };
}

/** How long what the tasks read and write is kept. */
export function retentionsOf(config: Config): Retentions {
  const { retention1mMs, retention5mMs, retention1hMs, retention1dMs } = config;
  return {
    priceMs: config.retentionMs,
    rollupMs: {
      '1m': retention1mMs,
      '5m': retention5mMs,
      '1h': retention1hMs,
      '1d': retention1dMs,
    },
  };
}
