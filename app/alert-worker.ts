import type { ProbeResult } from '../api/contract.ts';
import { systemClock } from '../core/clock.ts';
import type { Config } from '../core/config.ts';
import { messageOf } from '../core/errors.ts';
import { createHttp } from '../core/http.ts';
import { version } from '../core/paths.ts';
import { DELIVERIES_CHANNEL, deliveryCounts } from '../registry/deliveries.ts';
import { returnDeliveries } from '../registry/delivery-upkeep.ts';
import { followChannel } from '../registry/follow.ts';
import { type CanaryState, startCanary } from '../tasks/alerts/canary.ts';
import { createAlertMetrics } from '../tasks/alerts/metrics.ts';
import { type AlertServiceState, type AlertSource, startAlerts } from '../tasks/alerts/service.ts';
import { createArticleSource } from '../tasks/alerts/sources/article.ts';
import { createFreshnessSource } from '../tasks/alerts/sources/freshness.ts';
import { createScanSource } from '../tasks/alerts/sources/scan.ts';
import { createDeliveryMetrics, showDeliveries } from '../tasks/notify/delivery-metrics.ts';
import { type DispatcherState, startDispatcher } from '../tasks/notify/dispatch.ts';
import { showCanary, showEvaluation } from './levels.ts';
import { createScanGate } from './scan-gate.ts';
import type { Base } from './start.ts';
import { newWorkerId } from './worker-id.ts';

const LISTEN_AGAIN_MS = 5_000;
const LEASES_SILENT_MS = 180_000;

/** What rules and sources find -> alerts in the registry -> messages to receivers. */
export async function startAlertWorker(base: Base): Promise<void> {
  await startEvaluation(base);
  await startDispatch(base);
  startMeasuring(base);
}

/** What is found by no Flux rule. */
function sourcesOf({ influx, registry }: Base): readonly AlertSource[] {
  const freshness = createFreshnessSource({ influx, registry, clock: systemClock });
  return [createScanSource(registry), createArticleSource(registry), freshness];
}

/** That something comes through shows that whatever should does. */
function startMeasuring({ config, registry: database, log, metrics, parts, probes }: Base): void {
  const { alertEveryMs: everyMs, alertTtlMs: ttlMs, alertCanary: on } = config;
  const canary = startCanary({ database, clock: systemClock, log, everyMs, ttlMs, on });
  parts.add('canary', canary.close);
  probes.push({ name: 'canary', check: async () => canaryProbe(canary.state()) });
  showCanary(metrics, canary.state);
}

function canaryProbe({ ageMs, overdue }: CanaryState): ProbeResult {
  if (!overdue) return { ok: true };
  const since = ageMs === undefined ? 'since the start' : `for ${Math.round(ageMs / 1_000)} s`;
  const fix =
    'see whether the task alert-canary runs in InfluxDB, and a process with `--only alerts`';
  return { ok: false, reason: `nothing came from the rules to a receiver ${since}`, fix };
}

async function startEvaluation(base: Base): Promise<void> {
  const { config, influx, registry, log, metrics, parts, probes } = base;
  const alerts = startAlerts({
    ...{ influx, registry, log },
    // InfluxDB runs its tasks by real time, whatever the clock of the polls.
    clock: systemClock,
    metrics: createAlertMetrics(metrics),
    everyMs: config.alertEveryMs,
    publicUrl: publicUrlOf(config),
    ttlMs: config.alertTtlMs,
    sources: sourcesOf(base),
  });
  parts.add('alerts', alerts.close);
  probes.push({ name: 'alerts', check: async () => alertsProbe(alerts.state()) });
  showEvaluation(metrics, alerts.state);
}

async function startDispatch(base: Base): Promise<void> {
  const { config, registry, log, metrics, trace, parts, probes } = base;
  const clock = systemClock;
  const http = createHttp({ clock, version, gate: createScanGate({ ...base, clock }) });
  parts.add('alerts http', http.close);
  await returnDeliveries(registry);
  const { smtpUrl: url, smtpFrom: from } = config;
  const dispatcher = startDispatcher({
    ...{ database: registry, http, clock, random: Math.random, log },
    smtp: url === undefined || from === undefined ? undefined : { url, from },
    pagerdutyUrl: config.pagerdutyUrl,
    publicUrl: publicUrlOf(config),
    metrics: createDeliveryMetrics(metrics),
    trace,
    worker: newWorkerId().id,
    limits: { ttlMs: config.alertTtlMs },
  });
  parts.add('deliveries', () => dispatcher.close());
  const following = followChannel({
    ...{ database: registry, channel: DELIVERIES_CHANNEL, clock, everyMs: LISTEN_AGAIN_MS },
    round: (news) => {
      if (news) dispatcher.wake();
    },
    failed: (error) =>
      log.debug({ error: messageOf(error) }, 'deliveries are looked for, not heard of'),
  });
  parts.add('delivery news', following.close);
  probes.push({ name: 'deliveries', check: async () => deliveriesProbe(dispatcher.state()) });
  showDeliveries(
    metrics,
    () => dispatcher.state(),
    () => deliveryCounts(registry),
  );
}

/** For links in messages. */
function publicUrlOf({ publicUrl, host, port }: Config): string {
  const url = publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return url.replace(/\/+$/, '');
}

function alertsProbe({ troubles, registryError }: AlertServiceState): ProbeResult {
  if (registryError !== undefined) {
    const fix = "look after the registry's database";
    return { ok: false, reason: `alerts are not evaluated: ${registryError}`, fix };
  }
  if (troubles.length === 0) return { ok: true };
  const fix = 'nothing is lost for a day: steps that were missed are evaluated when this is over';
  return { ok: false, reason: `cannot evaluate: ${troubles.join('; ')}`, fix };
}

function deliveriesProbe({ registryError, sinceAnswerMs }: DispatcherState): ProbeResult {
  if (registryError === undefined && (sinceAnswerMs ?? 0) <= LEASES_SILENT_MS) return { ok: true };
  const reason = `no messages are sent: ${registryError ?? 'the registry does not answer'}`;
  return { ok: false, reason, fix: "look after the registry's database; messages wait there" };
}
