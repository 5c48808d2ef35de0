import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { TidemarkError } from '../../core/errors.ts';
import { createInflux } from '../../core/influx/influx.ts';
import { engineDir } from '../store.ts';
import type { Command } from './command.ts';

const TIMEOUT_MS = 300_000;

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
    const script = file === '-' ? await text(process.stdin) : await readScript(file);
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

async function connect(config: Config) {
  const { influxUrl, influxOrg: org, influxBucket: bucket } = config;
  const url = influxUrl ?? `http://127.0.0.1:${config.influxPort}`;
  const token = config.influxToken ?? (await readToken(config));
  return createInflux({ url, token, org, bucket, timeoutMs: TIMEOUT_MS, clock: systemClock });
}

async function readToken(config: Config): Promise<string> {
  try {
    return (await readFile(join(engineDir(config), 'token'), 'utf8')).trim();
  } catch (cause) {
    throw new TidemarkError(
      'not-found',
      `no embedded engine has run in ${config.dataDir}: start Tidemark first, or set INFLUX_URL`,
      { cause },
    );
  }
}
