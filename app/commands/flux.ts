import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { TidemarkError } from '../../core/errors.ts';
import type { Command } from './command.ts';
import { unlessStopped } from './stopped.ts';

export const flux: Command = {
  name: 'flux',
  summary: 'run a Flux script and print its rows as tab-separated text',
  help: `tidemark flux FILE|-

Runs the script on INFLUX_URL, or on the embedded engine of the Tidemark that is running with the
same DATA_DIR and INFLUX_PORT. "-" reads the script from standard input.

Examples:
  tidemark flux flux/queries/prices-range.flux
  tidemark flux - < my.flux`,
  options: {},
  positionalsMax: 1,
  async run({ config, positionals, print, signal }) {
    const [file] = positionals;
    if (file === undefined) throw new TidemarkError('invalid', 'flux: expected FILE or -');
    const reading = file === '-' ? text(process.stdin) : readScript(file);
    const script = await unlessStopped(reading, signal).catch((error: unknown) => {
      // What is still read would keep the process.
      process.stdin.destroy();
      throw error;
    });
    const { connect } = await import('./connect.ts');
    const influx = await connect(config);
    try {
      let header: readonly string[] | undefined;
      for await (const { columns, rows } of influx.queryRows(script, { signal })) {
        const labels = columns.map(({ label }) => label);
        if (labels.join('\t') !== header?.join('\t')) print(labels.join('\t'));
        header = labels;
        if (rows.length > 0) print(rows.map((row) => row.join('\t')).join('\n'));
      }
    } finally {
      await influx.close();
    }
    return 0;
  },
};

async function readScript(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new TidemarkError('not-found', `cannot read ${file}`, { cause });
  }
}
