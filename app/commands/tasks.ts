import { TidemarkError } from '../../core/errors.ts';
import type { Command } from './command.ts';

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
(status); 1, 64, 69 it could not be told; 130 stopped before it was done.

Examples:
  tidemark tasks plan && echo nothing to do
  tidemark tasks status --json`,
  options: { json: { type: 'boolean' } },
  positionalsMax: 1,
  async run(context) {
    const [word] = context.positionals;
    if (word !== 'plan' && word !== 'sync' && word !== 'status') {
      throw new TidemarkError('invalid', 'tasks: expected plan, sync or status');
    }
    const { acts } = await import('../task-acts.ts');
    const { connect } = await import('./connect.ts');
    const influx = await connect(context.config);
    try {
      return await acts[word](context, influx);
    } finally {
      await influx.close();
    }
  },
};
