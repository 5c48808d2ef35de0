import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Config } from '../core/config.ts';
import { isCode, messageOf, TidemarkError } from '../core/errors.ts';
import { createHttp, type HttpClient } from '../core/http.ts';
import { type Log, silentLog } from '../core/log.ts';
import { version } from '../core/paths.ts';
import type { BackfillDesk } from '../ingest/prices/backfill/desk.ts';
import { spanText } from '../ingest/prices/backfill/plan.ts';
import { LEASE_MS } from '../ingest/prices/backfill/worker.ts';
import { createWriter } from '../ingest/writer/writer.ts';
import { heldAdapters } from '../registry/backfills.ts';
import { markDirty } from '../registry/dirty.ts';
import { openRegistry } from '../registry/open.ts';
import { createRemoteDesk, findRunning } from './backfill-remote.ts';
import { openBackfills, openDesk } from './backfills.ts';
import { createParts } from './parts.ts';
import { openStore } from './store.ts';

/** Where the command's work is done: by the Tidemark that runs, or here. */
export interface BackfillSite {
  /** For people. */
  readonly where: string;
  readonly desk: BackfillDesk;
  /** Whether the work goes on when the command ends. */
  readonly goesOn: boolean;
  /** Has the work begun, where it has to be. */
  work(id: number): Promise<void>;
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly clock: Clock;
  /** Told what goes on, in words. */
  readonly note: (text: string) => void;
}

/** What was filled is sent before the command ends; the rest waits on disk for the next start. */
const DRAIN_MS_MAX = 60_000;

/**
 * The Tidemark at HOST and PORT, if one answers: it holds the spool, and on the embedded default
 * the stores as well. Otherwise the parts that are needed, opened here.
 */
export async function openBackfillSite(
  config: Config,
  options: SiteOptions,
): Promise<BackfillSite> {
  const http = createHttp({ clock: options.clock, version });
  const running = await findRunning(config, http);
  if (running === undefined) return openHere(config, http, options);
  return {
    where: `The Tidemark at ${running.url} does the work.`,
    desk: createRemoteDesk(running, http),
    goesOn: true,
    work: async () => undefined,
    close: () => http.close(),
  };
}

async function openHere(
  config: Config,
  http: HttpClient,
  { clock, note }: SiteOptions,
): Promise<BackfillSite> {
  const log = noteLog(note);
  const parts = createParts(log);
  parts.add('http', http.close);
  try {
    const { influx } = await openStore(config, parts, { clock, log });
    const { databaseUrl, dataDir } = config;
    const registry = await openRegistry({ databaseUrl, dataDir, log });
    parts.add('registry', () => registry.close());
    const writer = await createWriter({
      dir: join(dataDir, 'spool'),
      target: influx,
      limits: { spoolBytesMax: config.spoolBytesMax },
      clock,
      random: Math.random,
      log,
      // Roll-ups are made anew by the next Tidemark that runs with the role `tasks`.
      onLate: (span) => void markDirty(registry, span).catch((error) => tellDirty(log, error)),
    });
    parts.add('writer', () => writer.close({ drainMs: DRAIN_MS_MAX }));
    const base = { config, clock, log, influx, registry };
    return {
      where: `No Tidemark answers on port ${config.port}: the work is done here.`,
      desk: openDesk(base, http),
      goesOn: false,
      async work(only) {
        const held = registry.kind === 'pglite' ? [] : await heldAdapters(registry, only);
        for (const adapter of held) {
          const most = `at most ${spanText(LEASE_MS)} after its end`;
          note(`Another process works on ${adapter}, or was killed at it: this waits, ${most}.`);
        }
        const service = await openBackfills(base, { http, writer, pauses: new Map(), only });
        parts.add('backfills', service.close);
      },
      close: () => parts.close(),
    };
  } catch (error) {
    await parts.close();
    throw isCode(error, 'conflict') ? held(error, config) : error;
  }
}

function tellDirty(log: Log, error: unknown): void {
  log.warn({ error: messageOf(error) }, 'roll-ups of the filled time are not made anew');
}

/** A Tidemark that runs elsewhere than we looked has the files. */
function held(error: TidemarkError, { host, port }: Config): TidemarkError {
  const hint = `if that is a Tidemark on another port than ${host}:${port}, set HOST and PORT`;
  return new TidemarkError('conflict', `${messageOf(error)}; ${hint}`, { cause: error });
}

/** What a log would say, for the person who waits. */
function noteLog(note: (text: string) => void): Log {
  const tell = (ids: object, message: string) => {
    const shown = Object.entries(ids).map(([name, value]) => `${name} ${String(value)}`);
    note(shown.length > 0 ? `${message} (${shown.join(', ')})` : message);
  };
  const log: Log = { ...silentLog, warn: tell, error: tell, child: () => log };
  return log;
}
