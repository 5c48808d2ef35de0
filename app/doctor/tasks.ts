/** The Flux tasks: how they do, and whether they are those of this version; nothing is changed. */
import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, TidemarkError } from '../../core/errors.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { version } from '../../core/paths.ts';
import type { Database } from '../../registry/database.ts';
import { holderOf } from '../../registry/lock.ts';
import { openRegistry } from '../../registry/open.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { type DesiredOptions, desiredTasks } from '../../tasks/desired.ts';
import { planTasks } from '../../tasks/plan.ts';
import { taskStatuses } from '../../tasks/status.ts';
import { wantedTasks } from '../wanted-tasks.ts';
import { bytesText, type Finding, ok, type Patient, warn } from './finding.ts';
import type { Running } from './ports.ts';

export interface Server {
  readonly url: string;
  readonly token: string;
}

const TIMEOUT_MS = 20_000;

export const tasksNotSeen = (why: string): Finding =>
  warn('tasks', `not looked at: ${why}`, 'mend that first, then: tidemark tasks plan');

export async function checkTasks(
  patient: Patient,
  server: Server,
  running: Running,
): Promise<Finding[]> {
  const { influxOrg: org, influxBucket: bucket } = patient.config;
  const { clock } = patient;
  const influx = createInflux({ ...server, org, bucket, timeoutMs: TIMEOUT_MS, clock });
  try {
    return await examineTasks(patient, influx, running);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    return [tasksNotSeen(error.message)];
  } finally {
    await influx.close();
  }
}

async function examineTasks(
  patient: Patient,
  influx: Influx,
  running: Running,
): Promise<Finding[]> {
  const { tasks, bucket } = influx;
  const { clock, signal } = patient;
  const statuses = await taskStatuses({ tasks, bucket, clock, signal });
  if (statuses.length === 0) return [ok('tasks', 'none yet: they are made at start')];
  const troubles = statuses.flatMap(({ ok: well, name, reason }) => {
    const fix = 'start Tidemark, which mends its tasks; see tidemark tasks status';
    return well ? [] : [warn('tasks', `${name}: ${reason ?? 'not well'}`, fix)];
  });
  const wanted = await readWanted(patient);
  const compared =
    'why' in wanted ? notCompared(wanted, running) : await compare(wanted.tasks, influx, running);
  const well = troubles.length === 0;
  // One line where all is well; what is not has one each.
  if (compared.level !== 'ok') return [...troubles, compared];
  return well
    ? [ok('tasks', `${statuses.length} run as they should; ${compared.found}`)]
    : troubles;
}

/** What `tidemark tasks plan` says, in one line. */
async function compare(wanted: DesiredOptions, influx: Influx, { api }: Running): Promise<Finding> {
  const plan = planTasks(desiredTasks(wanted), await influx.tasks.list(), influx);
  const reasons = plan.flatMap(({ kind, reason }) => (kind === 'leave' ? [] : [reason]));
  if (reasons.length === 0) return ok('tasks', `they are those of Tidemark ${version}`);
  const counts = [...new Set(reasons)]
    .sort()
    .map((reason) => `${reasons.filter((one) => one === reason).length} ${reason}`);
  const them = reasons.length === 1 ? 'task differs' : 'tasks differ';
  const found = `${reasons.length} ${them} from those of Tidemark ${version}: ${counts.join(', ')}`;
  const by = api === undefined ? 'a start does it' : 'the running one does it within ten minutes';
  return warn(
    'tasks',
    found,
    `tidemark tasks plan shows them, tidemark tasks sync mends them; ${by}`,
  );
}

interface Unknown {
  readonly why: string;
  /** The Tidemark that runs knows, and acts on it. */
  readonly kept: boolean;
}

function notCompared({ why, kept }: Unknown, running: Running): Finding {
  const other = running.version !== undefined && running.version !== version;
  if (kept && !other) return ok('tasks', 'the Tidemark that runs keeps them right');
  if (!kept) {
    const fix = 'mend that first, then: tidemark tasks plan';
    return warn('tasks', `not compared with those of Tidemark ${version}: ${why}`, fix);
  }
  const found = `kept by the Tidemark that runs, which is ${running.version} and not ${version}`;
  return warn('tasks', found, 'start it anew, so that they become those of this version');
}

type Wanted = { readonly tasks: DesiredOptions } | Unknown;

/** By the registry as it stands: PostgreSQL is read, of PGlite a copy, as only one may open it. */
async function readWanted({ config }: Patient): Promise<Wanted> {
  const { databaseUrl: url, dataDir } = config;
  const wanted = async (registry: Database | undefined) => ({
    tasks: await wantedTasks(config, registry),
  });
  if (url === undefined) return readLite(join(dataDir, 'registry'), wanted);
  try {
    const database = await openPostgres({ url, connectionsMax: 1, log: silentLog });
    return await using(database, wanted);
  } catch (error) {
    const [why = ''] = messageOf(error).split('\n');
    return { why: `the registry cannot be read (${why})`, kept: false };
  }
}

async function using<T>(database: Database, work: (database: Database) => Promise<T>): Promise<T> {
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** A copy takes as much room for a moment. */
const COPY_BYTES_MAX = 1e9;

async function readLite(
  dir: string,
  wanted: (registry: Database | undefined) => Promise<Wanted>,
): Promise<Wanted> {
  const bytes = await bytesIn(dir);
  if (bytes === 0) return wanted(undefined);
  const pid = await holderOf(dir);
  if (pid !== undefined) return { why: `process ${pid} has the registry`, kept: true };
  if (bytes > COPY_BYTES_MAX) {
    return { why: `the registry has ${bytesText(bytes)}, too much for a copy`, kept: false };
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-doctor-'));
  try {
    await cp(dir, join(dataDir, 'registry'), { recursive: true });
    const database = await openRegistry({ databaseUrl: undefined, dataDir, log: silentLog });
    return await using(database, wanted);
  } catch (error) {
    return { why: `the registry does not open (${messageOf(error)})`, kept: false };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** 0: there is none yet. */
async function bytesIn(dir: string): Promise<number> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((one) => one.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
