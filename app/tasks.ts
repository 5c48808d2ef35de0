import { startTasks } from '../tasks/service.ts';
import type { Base } from './start.ts';

/** Keeps InfluxDB's tasks right and shows how they do. */
export function startFluxTasks({ influx, clock, log, parts, probes, metrics }: Base): void {
  const service = startTasks({ influx, clock, log });
  parts.add('tasks', service.close);
  probes.push({
    name: 'tasks',
    async check() {
      const bad = (await service.health()).filter(({ ok }) => !ok);
      if (bad.length === 0) return { ok: true };
      const reason = bad.map((task) => `${task.name}: ${task.reason}`).join('; ');
      return { ok: false, reason, fix: "look at the task's runs in InfluxDB" };
    },
  });
  const age = metrics.level({
    name: 'task_age_seconds',
    help: 'Since the newest completed slot of a Flux task',
    labels: ['task'],
  });
  metrics.onRead(async () => {
    // A reading of metrics must not fail because InfluxDB is away: the probe says so.
    const tasks = await service.health().catch(() => []);
    for (const { name, ageMs } of tasks) {
      if (ageMs !== undefined) age.set(ageMs / 1000, { task: name });
    }
  });
}
