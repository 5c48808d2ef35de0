import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { formatMs } from '../../core/duration.ts';
import { TidemarkError } from '../../core/errors.ts';
import { type Role, roles } from '../roles.ts';
import type { App } from '../start.ts';
import type { Command, CommandContext } from './command.ts';
import { openScreen, type Screen } from './screen.ts';

export const start: Command = {
  name: 'start',
  summary: 'start everything, or the roles that --only names',
  help: `tidemark start [--only api,tasks,prices,scans,articles]

Starts the API, the Flux tasks, the price ingest, the URL scans and the feeds in one process.
Without INFLUX_URL it starts the embedded engine, without DATABASE_URL the embedded PostgreSQL, both
below DATA_DIR.

  --only ROLES   start these alone, with commas between: ${roles.join(', ')}

Examples:
  tidemark start
  PRICE_INTERVAL=10s EXCHANGES=kraken,bitfinex tidemark start
  INFLUX_URL=http://influxdb:8086 INFLUX_TOKEN=... DATABASE_URL=postgres://... tidemark start --only prices
  DATABASE_URL=postgres://... DATA_DIR=./scans-2 tidemark start --only scans`,
  options: { only: { type: 'string' } },
  positionalsMax: 0,
  async run({ config, options, print, signal }) {
    const wanted = readRoles(options.only as string | undefined);
    const app = await startShown(config, wanted, openScreen(config));
    print(describe(app, config));
    await runUntilStopped(app, { signal, print });
    return 0;
  },
};

/** Starts it; what takes long says how far it is. */
export async function startShown(
  config: Config,
  wanted: ReadonlySet<Role>,
  { log, steps }: Screen,
): Promise<App> {
  try {
    const { startApp } = await import('../start.ts');
    return await startApp(config, { roles: wanted, clock: systemClock, log, told: steps.tell });
  } finally {
    await steps.end();
  }
}

export function readRoles(only: string | undefined): ReadonlySet<Role> {
  if (only === undefined) return new Set(roles);
  const names = only.split(',').map((name) => name.trim());
  const wrong = names.filter((name) => !roles.includes(name as Role));
  if (wrong.length > 0) {
    throw new TidemarkError('invalid', `--only: expected some of ${roles}, got "${wrong}"`);
  }
  return new Set(names as Role[]);
}

/**
 * Runs until a signal comes, then stops everything. When the embedded engine dies the process ends
 * with its error: what was accepted is on disk, and the next start goes on from there.
 */
export async function runUntilStopped(
  app: App,
  { signal, print }: Pick<CommandContext, 'signal' | 'print'>,
): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined));
  });
  const failure = await Promise.race([stopped, app.engine?.ended ?? stopped]);
  if (failure === undefined) print('Stopping: what was accepted stays on disk.');
  await app.close();
  if (failure !== undefined) throw failure;
}

/** `gate, okx: every 1m`, a line for each interval. */
function pacesOf(exchanges: App['exchanges']): string {
  const byInterval = new Map<number, string[]>();
  for (const { id, intervalMs } of exchanges) {
    byInterval.set(intervalMs, [...(byInterval.get(intervalMs) ?? []), id]);
  }
  return [...byInterval]
    .map(([intervalMs, ids]) => `${ids.join(', ')}: every ${formatMs(intervalMs)}`)
    .join(`\n${' '.repeat(13)}`);
}

/** Where everything is, and what to try first. */
export function describe(app: App, config: Config): string {
  const store = app.engine ? 'embedded engine' : 'InfluxDB';
  const key = app.open ? '' : ` -H 'Authorization: Bearer <secret>'`;
  const lines = [
    `Tidemark is up after ${(app.startedInMs / 1000).toFixed(1)} s.`,
    '',
    `  API        ${app.url}`,
    `  Flux       ${app.influxUrl}   (${store}, org ${config.influxOrg})`,
    `  Registry   ${app.registry}`,
  ];
  if (app.exchanges.length > 0) {
    lines.push(`  Prices     ${pacesOf(app.exchanges)}`);
  }
  lines.push('', `Try:  curl${key} '${app.url}/btcusd?duration=-1h'`, 'Stop: Ctrl-C', '');
  return lines.join('\n');
}
