import { systemClock } from '../core/clock.ts';
import { formatMs } from '../core/duration.ts';
import { isCode, TidemarkError } from '../core/errors.ts';
import type { Influx } from '../core/influx/influx.ts';
import { createLog } from '../core/log.ts';
import { secretsOf } from '../core/secrets.ts';
import type { TaskStatus } from '../core/task-status.ts';
import { openRegistry } from '../registry/open.ts';
import { ensureBuckets } from '../tasks/buckets.ts';
import { boundTasks, type DesiredOptions, desiredTasks } from '../tasks/desired.ts';
import { type Action, planTasks } from '../tasks/plan.ts';
import { taskStatuses } from '../tasks/status.ts';
import { syncTasks } from '../tasks/sync.ts';
import type { CommandContext } from './commands/command.ts';
import { retentionsOf, wantedTasks } from './wanted-tasks.ts';

/** There is something to do, or something is wrong: not the same as a command that failed. */
const EXIT_DIFFERENT = 2;

type Act = (context: CommandContext, influx: Influx) => Promise<number>;

/** What `tidemark tasks` does, by its word. */
export const acts = { plan, sync, status } satisfies Readonly<Record<string, Act>>;

async function plan({ config, options, print }: CommandContext, influx: Influx): Promise<number> {
  const wanted = await wantedOf(config);
  const actual = await influx.tasks.list();
  const actions = planTasks(desiredTasks(wanted), actual, influx).map(shownAction);
  const work = actions.filter(({ action }) => action !== 'leave');
  if (options.json === true) print(JSON.stringify({ actions }));
  else {
    for (const { action, task, reason } of actions) print(`${action.padEnd(7)} ${task}: ${reason}`);
    print(work.length === 0 ? 'Nothing to do.' : `${work.length} to do: tidemark tasks sync`);
  }
  return work.length === 0 ? 0 : EXIT_DIFFERENT;
}

async function sync({ config, options, print }: CommandContext, influx: Influx): Promise<number> {
  const wanted = await wantedOf(config);
  await ensureBuckets(influx, boundTasks(wanted), retentionsOf(config));
  const log = createLog(options.json === true ? 'warn' : config.logLevel, {
    secrets: secretsOf(config),
  });
  const desired = desiredTasks(wanted);
  const done = await syncTasks({ tasks: influx.tasks, desired, bucket: influx.bucket, log });
  const { created, updated, removed } = done;
  if (options.json === true) print(JSON.stringify({ created, updated, removed }));
  else print(`${created} created, ${updated} updated, ${removed} removed.`);
  return 0;
}

async function status({ options, print, signal }: CommandContext, influx: Influx) {
  const { tasks: api, bucket } = influx;
  const statuses = await taskStatuses({ tasks: api, bucket, clock: systemClock, signal });
  if (options.json === true) print(JSON.stringify({ tasks: statuses }));
  else {
    for (const task of statuses) print(describe(task));
    if (statuses.length === 0) print('There are no tasks: start Tidemark, or tidemark tasks sync');
  }
  const well = statuses.length > 0 && statuses.every(({ ok }) => ok);
  return well ? 0 : EXIT_DIFFERENT;
}

/** The tasks that there should be, by what is chosen in the registry now. */
async function wantedOf(config: CommandContext['config']): Promise<DesiredOptions> {
  const { databaseUrl, dataDir } = config;
  const log = createLog('warn', { secrets: secretsOf(config) });
  const registry = await openRegistry({ databaseUrl, dataDir, log }).catch((error: unknown) => {
    if (databaseUrl !== undefined || !isCode(error, 'conflict')) throw error;
    const text =
      `a Tidemark runs on ${dataDir}, and keeps its tasks right: see tidemark tasks status, or ` +
      'stop it first. With DATABASE_URL both can work at once';
    throw new TidemarkError('conflict', text, { cause: error });
  });
  try {
    return await wantedTasks(config, registry);
  } finally {
    await registry.close();
  }
}

function shownAction({ kind, task, reason }: Action) {
  return { action: kind, task: task.name, reason };
}

/** `ok      tidemark: rank-24h: every 1m, last 2022-01-20T16:33:00.000Z, 0 of 20 runs failed` */
function describe(task: TaskStatus): string {
  const { ok, name, everyMs, lastRunMs, runs, failed, skipped, lagMs, reason } = task;
  const parts = [
    ...(everyMs === null ? [] : [`every ${formatMs(everyMs)}`]),
    lastRunMs === null ? 'has not run' : `last ${new Date(lastRunMs).toISOString()}`,
    `${failed} of ${runs} runs failed`,
    ...(skipped > 0 ? [`${skipped} slots skipped`] : []),
    ...(lagMs === null || lagMs === 0 ? [] : [`${formatMs(lagMs)} behind`]),
    ...(reason === null ? [] : [reason]),
    ...(task.lastError === null || reason?.includes(task.lastError) ? [] : [task.lastError]),
  ];
  return `${ok ? 'ok' : 'TROUBLE'}${' '.repeat(ok ? 6 : 1)}${name}: ${parts.join(', ')}`;
}
