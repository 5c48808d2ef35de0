import { systemClock } from '../../core/clock.ts';
import { formatMs } from '../../core/duration.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { Influx } from '../../core/influx/influx.ts';
import { createLog } from '../../core/log.ts';
import { secretsOf } from '../../core/secrets.ts';
import type { TaskStatus } from '../../core/task-status.ts';
import { activeAlertRules } from '../../registry/alerts.ts';
import { openRegistry } from '../../registry/open.ts';
import { ensureBuckets } from '../../tasks/buckets.ts';
import { boundTasks, type DesiredOptions, desiredTasks } from '../../tasks/desired.ts';
import { type Action, planTasks } from '../../tasks/plan.ts';
import { readSampling } from '../../tasks/sampling.ts';
import { taskStatuses } from '../../tasks/status.ts';
import { syncTasks } from '../../tasks/sync.ts';
import { retentionsOf } from '../tasks.ts';
import type { Command, CommandContext } from './command.ts';
import { connect } from './connect.ts';

/** There is something to do, or something is wrong: not the same as a command that failed. */
const EXIT_DIFFERENT = 2;

export const tasks: Command = {
  name: 'tasks',
  summary: "show, plan and make right Tidemark's tasks in InfluxDB",
  help: `tidemark tasks plan|sync|status [--json]

A running Tidemark keeps its tasks right by itself, within ten minutes of any change.

  plan     what would be created, updated, removed or left, each with its reason; changes nothing
  sync     does it; a second time there is nothing to do
  status   how each task does, by its newest runs: failures, skipped slots, how far behind it is

  --json   one line of JSON instead of text

Only tasks named "tidemark: ..." that read INFLUX_BUCKET are ever changed. plan and sync read the
registry (DATABASE_URL, or the one in DATA_DIR while no Tidemark runs there); status does not.

Exit codes: 0 nothing to do, all is well; 2 there is something to do (plan), a task is not well
(status); 1, 64, 69 it could not be told.

Examples:
  tidemark tasks plan && echo nothing to do
  tidemark tasks status --json`,
  options: { json: { type: 'boolean' } },
  positionalsMax: 1,
  async run(context) {
    const act = ACTS.get(context.positionals[0] ?? '');
    if (act === undefined)
      throw new TidemarkError('invalid', 'tasks: expected plan, sync or status');
    const influx = await connect(context.config);
    try {
      return await act(context, influx);
    } finally {
      await influx.close();
    }
  },
};

type Act = (context: CommandContext, influx: Influx) => Promise<number>;

const ACTS: ReadonlyMap<string, Act> = new Map([
  ['plan', plan],
  ['sync', sync],
  ['status', status],
]);

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
  const log = createLog('warn');
  const registry = await openRegistry({ databaseUrl, dataDir, log });
  try {
    return {
      bucket: config.influxBucket,
      sampling: await readSampling(registry, config.priceIntervalMs),
      keptMs: config.retentionMs,
      alertRules: await activeAlertRules(registry),
      alertEveryMs: config.alertEveryMs,
    };
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
