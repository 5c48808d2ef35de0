import { createHash } from 'node:crypto';
import { isCode } from '../../core/errors.ts';
import type { Dashboard as Actual, Dashboards, Label } from '../../core/influx/dashboards.ts';
import type { Log } from '../../core/log.ts';
import { cellsOf, scriptOf, variablePrefix } from './cells.ts';
import { type Dashboard, dashboards, type VariableName, variables } from './definitions.ts';

export interface DashboardSyncOptions {
  readonly api: Dashboards;
  readonly bucket: string;
  readonly log: Log;
}

export interface DashboardSync {
  readonly created: number;
  /** Ours of an older version, made anew. */
  readonly renewed: number;
  /** Somebody's: what was changed and no longer says that it is kept here. */
  readonly left: number;
}

const LABEL = 'tidemark';
const LABEL_LOOK = { description: 'Made and kept by Tidemark', color: '#326BBA' };
/** In a description: this is kept here, as of that version of its definition. */
const MARK = /Kept by Tidemark \(([0-9a-f]{12}|unfinished)\)/;
const UNFINISHED = 'unfinished';

/**
 * Makes the dashboards, variables and the label of the InfluxDB UI. What is ours says so in its
 * description; a second call finds nothing to do. Throws what the client throws; calling it again
 * goes on from where it stopped.
 */
export async function syncDashboards(options: DashboardSyncOptions): Promise<DashboardSync> {
  const { api } = options;
  const done = { created: 0, renewed: 0, left: 0 };
  const label = await api.ensureLabel(LABEL, LABEL_LOOK);
  await syncVariables(options, label, done);
  const actual = await api.list();
  for (const wanted of dashboards) await syncOne(wanted, { ...options, label, actual, done });
  if (done.created > 0) await removeDoubles(options);
  return done;
}

type Done = { -readonly [K in keyof DashboardSync]: number };

interface Syncing extends DashboardSyncOptions {
  readonly label: Label;
  readonly actual: readonly Actual[];
  readonly done: Done;
}

/** A name for each bucket: a second Tidemark in the same organisation has its own. */
function nameOf({ title }: Dashboard, bucket: string): string {
  return `Tidemark: ${title}${bucket === 'tidemark' ? '' : ` (${bucket})`}`;
}

async function syncOne(wanted: Dashboard, syncing: Syncing): Promise<void> {
  const { api, bucket, log, actual, label, done } = syncing;
  const name = nameOf(wanted, bucket);
  const cells = cellsOf(wanted, bucket);
  const version = versionOf({ name, about: wanted.about, cells });
  const same = actual.filter((one) => one.name === name);
  const ours = same.find(({ description }) => MARK.test(description));
  if (ours === undefined && same.length > 0) {
    done.left += 1;
    return;
  }
  if (markOf(ours?.description) === version) return;
  const unfinished = describe(wanted.about, UNFINISHED);
  const made = ours ?? (await api.create({ name, description: unfinished }));
  if (ours !== undefined) await api.describe(made.id, unfinished);
  if (!made.labels.some(({ id }) => id === label.id)) {
    await api.putLabel('dashboards', made.id, label);
  }
  await api.replaceCells(made.id, cells);
  // The last: whoever stops in between is known to have stopped.
  await api.describe(made.id, describe(wanted.about, version));
  done[ours ? 'renewed' : 'created'] += 1;
  log.info({ dashboard: name, id: made.id }, ours ? 'dashboard renewed' : 'dashboard created');
}

async function syncVariables(
  { api, bucket, log }: DashboardSyncOptions,
  label: Label,
  done: Done,
): Promise<void> {
  const actual = await api.variables();
  for (const [short, { query: file }] of Object.entries(variables)) {
    const name = variablePrefix(bucket) + (short satisfies string as VariableName);
    const query = scriptOf(file, bucket);
    const description = describe('Values for the dashboards.', versionOf({ query }));
    const found = actual.find((one) => one.name === name);
    if (found === undefined) {
      const { id } = await api.createVariable({ name, description, query });
      await api.putLabel('variables', id, label);
      done.created += 1;
      log.info({ variable: name, id }, 'variable created');
    } else if (!MARK.test(found.description)) {
      done.left += 1;
    } else if (found.description !== description) {
      await api.changeVariable(found.id, { description, query });
      done.renewed += 1;
    }
  }
}

/** Two processes that start at once make two of each: the oldest stays, for both. */
async function removeDoubles({ api, bucket }: DashboardSyncOptions): Promise<void> {
  const names = new Set(dashboards.map((one) => nameOf(one, bucket)));
  const met = new Set<string>();
  // Ids are hexadecimal, of one length, and grow.
  const oldestFirst = [...(await api.list())].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { id, name, description } of oldestFirst) {
    if (!names.has(name) || !MARK.test(description)) continue;
    if (!met.has(name)) met.add(name);
    else await api.delete(id).catch(unlessGone);
  }
}

function unlessGone(error: unknown): void {
  if (!isCode(error, 'not-found')) throw error;
}

function describe(about: string, version: string): string {
  return `${about} Kept by Tidemark (${version}): clone it to change it, or remove this sentence.`;
}

function markOf(description: string | undefined): string | undefined {
  return MARK.exec(description ?? '')?.[1];
}

function versionOf(definition: object): string {
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 12);
}
