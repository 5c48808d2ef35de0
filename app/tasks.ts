import type { TaskDesk } from '../api/task-desk.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { ALERTS_CHANNEL, activeAlertRules } from '../registry/alerts.ts';
import { countDirty } from '../registry/dirty.ts';
import { CHOICES_CHANNEL } from '../registry/exchange-choices.ts';
import { followChannel } from '../registry/follow.ts';
import { startDashboards } from '../tasks/dashboards/service.ts';
import { readSampling } from '../tasks/sampling.ts';
import { startTasks } from '../tasks/service.ts';
import { taskStatuses } from '../tasks/status.ts';
import { showTasks } from './levels.ts';
import type { Base } from './start.ts';
import { retentionsOf } from './wanted-tasks.ts';

const LISTEN_AGAIN_MS = 5_000;

/** Keeps InfluxDB's tasks right and shows how they do. */
export async function startFluxTasks(base: Base): Promise<void> {
  const { config, influx, registry, log, parts, probes, metrics, trace } = base;
  const service = startTasks({
    influx,
    registry,
    retentions: retentionsOf(config),
    sampling: () => readSampling(registry, config.priceIntervalMs),
    alertRules: () => activeAlertRules(registry),
    alertEveryMs: config.alertEveryMs,
    // InfluxDB runs its tasks by real time, whatever the clock of the polls.
    clock: systemClock,
    ...{ log, trace },
  });
  parts.add('tasks', service.close);
  if (config.influxUrl !== undefined && config.influxDashboards) {
    const { dashboards: api, bucket } = influx;
    const shown = startDashboards({ api, bucket, clock: systemClock, log });
    parts.add('dashboards', shown.close);
  }
  // Another interval wants other tasks; a notification that is lost is made good by the next round.
  const following = followChannel({
    ...{ database: registry, channel: CHOICES_CHANNEL, clock: systemClock },
    everyMs: LISTEN_AGAIN_MS,
    round: (news) => {
      if (news) service.refresh();
    },
    failed: (error) => log.debug({ error: messageOf(error) }, 'choices are not heard of'),
  });
  parts.add('task choices', following.close);
  parts.add('task alerts', followRules(base, service.refresh));
  probes.push({
    name: 'tasks',
    async check() {
      const bad = (await service.health()).filter(({ ok }) => !ok);
      if (bad.length === 0) return { ok: true };
      const reason = bad.map((task) => `${task.name}: ${task.reason}`).join('; ');
      return { ok: false, reason, fix: "look at the task's runs in InfluxDB" };
    },
  });
  showTasks(metrics, service.health, () => countDirty(registry));
}

/** Other rules want other tasks; who wants them, and where it is told, is nothing to the tasks. */
function followRules({ registry, log }: Base, refresh: () => void): () => Promise<void> {
  let known: string | undefined;
  const following = followChannel({
    ...{ database: registry, channel: ALERTS_CHANNEL, clock: systemClock },
    everyMs: LISTEN_AGAIN_MS,
    async round(news) {
      if (!news && known !== undefined) return;
      const keys = (await activeAlertRules(registry)).map(({ key }) => key).join('\n');
      if (known !== undefined && keys !== known) refresh();
      known = keys;
    },
    failed: (error) => log.debug({ error: messageOf(error) }, 'alerts are not heard of'),
  });
  return following.close;
}

/** Tasks are asked of InfluxDB, so that a process of any role knows them. */
export function openTaskDesk({ influx }: Pick<Base, 'influx'>): TaskDesk {
  const { tasks, bucket } = influx;
  return { list: (signal) => taskStatuses({ tasks, bucket, clock: systemClock, signal }) };
}
