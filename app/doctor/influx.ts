/** InfluxDB: whether it answers, what it is, and what the token may do; nothing is written. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { formatMs } from '../../core/duration.ts';
import { engineDir } from '../store.ts';
import { type Asked, ask, type Told } from './ask.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';
import type { Running } from './ports.ts';
import { checkTasks, type Server, tasksNotSeen } from './tasks.ts';

const TOKEN_FIX =
  'make a token that may read the organization, read and write all buckets and all tasks: ' +
  'in its UI, or influx auth create --read-orgs --read-buckets --write-buckets --read-tasks --write-tasks';

export interface InfluxState {
  readonly findings: readonly Finding[];
  /** How far its clock is ahead, in ms. */
  readonly aheadMs: number | undefined;
}

export async function checkInflux(patient: Patient, running: Running): Promise<InfluxState> {
  const { influxUrl, influxToken } = patient.config;
  if (influxUrl !== undefined) {
    if (influxToken === undefined) return { findings: [], aheadMs: undefined };
    return examine(patient, { url: influxUrl, token: influxToken }, running);
  }
  if (running.engine === undefined) {
    const found = 'the embedded engine, which starts with Tidemark';
    return { findings: [ok('influxdb', found)], aheadMs: undefined };
  }
  const token = await readFile(join(engineDir(patient.config), 'token'), 'utf8').catch(() => '');
  const { status } = await ask(patient, `${running.engine}/api/v2/buckets?limit=1`, {
    headers: { authorization: `Token ${token.trim()}` },
  });
  if (status === 200) {
    return examine(patient, { url: running.engine, token: token.trim() }, running);
  }
  const found = 'an embedded engine runs on INFLUX_PORT, with another DATA_DIR than this';
  const fix = 'set DATA_DIR to that of the Tidemark that runs, or INFLUX_PORT to another port';
  return { findings: [fail('influxdb', found, fix)], aheadMs: undefined };
}

async function examine(patient: Patient, server: Server, running: Running): Promise<InfluxState> {
  const health = await ask(patient, `${server.url}/health`);
  const { aheadMs } = health;
  if (health.status === 0) {
    const fix = 'start it, or mend INFLUX_URL; points wait in the spool meanwhile';
    const found = `nothing answers at ${server.url}: ${health.why}`;
    return { findings: [fail('influxdb', found, fix), tasksNotSeen('InfluxDB is away')], aheadMs };
  }
  const version = versionOf(health);
  const which = checkVersion(server.url, version);
  if (which.level === 'fail') return { findings: [which], aheadMs };
  const rights = await checkRights(patient, server);
  const well = rights.every(({ level }) => level !== 'fail');
  const tasks = well
    ? await checkTasks(patient, server, running)
    : [tasksNotSeen('the token may not do what that needs')];
  return { findings: [which, ...rights, ...tasks], aheadMs };
}

function versionOf({ text, headers }: Told): string | undefined {
  const named = headers.get('x-influxdb-version') ?? /"version":\s*"([^"]+)"/.exec(text)?.[1];
  return named?.replace(/^v/, '');
}

function checkVersion(url: string, version: string | undefined): Finding {
  if (version === undefined) {
    return warn('influxdb', `${url} does not say its version`, 'check INFLUX_URL');
  }
  const found = `${url} is InfluxDB ${version}`;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== 2)
    return fail('influxdb', found, 'Tidemark needs InfluxDB 2.7 or newer, with Flux');
  if (minor < 7) return warn('influxdb', found, 'update it: 2.7 is what Tidemark is tested with');
  return ok('influxdb', found);
}

const orgsShape = z.object({ orgs: z.array(z.object({ id: z.string() })) });
const bucketsShape = z.object({
  buckets: z.array(
    z.object({ retentionRules: z.array(z.object({ everySeconds: z.number() })).default([]) }),
  ),
});

type Asking = (path: string, asked?: Asked) => Promise<Told>;

/** What is missing, by its name. Each right is tried by a request that cannot do anything. */
async function checkRights(patient: Patient, server: Server): Promise<Finding[]> {
  const { influxOrg: org, influxBucket: bucket } = patient.config;
  const headers = {
    authorization: `Token ${server.token}`,
    'content-type': 'application/json',
  };
  const api: Asking = (path, asked) => ask(patient, `${server.url}${path}`, { headers, ...asked });
  const orgs = await api(`/api/v2/orgs?org=${encodeURIComponent(org)}`);
  if (orgs.status === 401) {
    return [fail('token', 'InfluxDB does not know INFLUX_TOKEN', TOKEN_FIX)];
  }
  const orgId = parsed(orgsShape, orgs.text)?.orgs[0]?.id;
  if (orgId === undefined) {
    const found = `there is no organization ${org}, or the token may not read it (read:orgs)`;
    return [fail('token', found, `check INFLUX_ORG; ${TOKEN_FIX}`)];
  }
  const place = { orgId, bucket };
  const query = `orgID=${orgId}&name=${encodeURIComponent(bucket)}`;
  const list = parsed(bucketsShape, (await api(`/api/v2/buckets?${query}`)).text);
  const there = list?.buckets[0];
  const missing = await missingRights(api, { ...place, exists: there !== undefined });
  const rights =
    missing.length === 0
      ? ok('token', 'may do all that Tidemark does')
      : fail('token', `may not do: ${missing.join(', ')}`, TOKEN_FIX);
  return [
    rights,
    checkBucket(patient, there?.retentionRules[0]?.everySeconds, there === undefined),
  ];
}

async function missingRights(
  api: Asking,
  { orgId, bucket, exists }: { orgId: string; bucket: string; exists: boolean },
): Promise<string[]> {
  const post = (path: string, body: unknown) =>
    api(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  // A name and a script that no InfluxDB takes: whoever may, is told what is wrong with them.
  const made = await post('/api/v2/buckets', { orgID: orgId, name: '_doctor', retentionRules: [] });
  const task = await post('/api/v2/tasks', { orgID: orgId, flux: 'doctor' });
  const tasks = await api(`/api/v2/tasks?orgID=${orgId}&limit=1`);
  const missing: string[] = [];
  if (refused(made)) missing.push('write:buckets');
  if (tasks.status !== 200) missing.push('read:tasks');
  if (refused(task)) missing.push('write:tasks');
  if (!exists) return missing;
  const name = encodeURIComponent(bucket);
  const empty = await post(`/api/v2/write?orgID=${orgId}&bucket=${name}`, '');
  if (refused(empty)) missing.push(`write:buckets (${bucket})`);
  return missing;
}

/** InfluxDB 2.7 says 401, 403, or for tasks 500 with that word. */
function refused({ status, text }: Told): boolean {
  return status === 401 || status === 403 || (status >= 500 && /unauthorized/.test(text));
}

function checkBucket(patient: Patient, seconds: number | undefined, absent: boolean): Finding {
  const { influxBucket: bucket, retentionMs } = patient.config;
  if (absent) {
    const found = `${bucket} is not there: it is made at start, unless the token cannot see it`;
    return ok('bucket', found);
  }
  const keptMs = (seconds ?? 0) * 1_000;
  const kept = keptMs === 0 ? 'for ever' : formatMs(keptMs);
  const found = `${bucket} keeps points ${keptMs === 0 ? kept : `for ${kept}`}`;
  if (keptMs === retentionMs) return ok('bucket', found);
  const fix = `RETENTION says ${formatMs(retentionMs)}: make them equal, there or here`;
  return warn('bucket', found, fix);
}

function parsed<T>(shape: z.ZodType<T>, text: string): T | undefined {
  const found = z.string().transform((json) => JSON.parse(json) as unknown);
  try {
    return shape.parse(found.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
