/** This machine: the program, its packages, its disk, its limits. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { formatMs } from '../../core/duration.ts';
import { messageOf } from '../../core/errors.ts';
import { projectRoot, version } from '../../core/paths.ts';
import { exchanges } from '../../ingest/prices/exchanges/list.ts';
import { bytesText, type Finding, fail, ok, type Patient, warn } from './finding.ts';

const run = promisify(execFile);
const LOAD_MS_MAX = 30_000;

export function checkNode(running: string = process.versions.node): Finding {
  const { engines } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const wanted = engines.node.replace('>=', '');
  const [major = 0, minor = 0] = running.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  const enough = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  const found = `Node.js ${running}, Tidemark ${version}`;
  if (enough) return ok('node', found);
  return fail('node', found, `install Node.js ${wanted} or newer: https://nodejs.org`);
}

/** Those that are made for each platform, and what needs them. */
const PACKAGES = {
  '@influxdata/flux-lsp-node': () => true,
  '@duckdb/node-api': ({ influxUrl }: Patient['config']) => influxUrl === undefined,
  '@electric-sql/pglite': ({ databaseUrl }: Patient['config']) => databaseUrl === undefined,
} as const;

/** Each is loaded in a process of its own: one for another platform may end it without a word. */
export async function checkPackages(
  { config, signal }: Patient,
  names: readonly string[] = Object.entries(PACKAGES).flatMap(([name, needed]) =>
    needed(config) ? [name] : [],
  ),
): Promise<Finding[]> {
  const script = 'await import(process.argv[1])';
  const load = async (name: string): Promise<Finding | undefined> => {
    const args = ['--input-type=module', '-e', script, name];
    try {
      await run(process.execPath, args, { cwd: projectRoot, timeout: LOAD_MS_MAX, signal });
      return undefined;
    } catch (error) {
      const { stderr = '', signal: by } = error as { stderr?: string; signal?: string };
      const line = stderr.split('\n').find((one) => /^\w*Error\b/.test(one));
      const why = line ?? (by ? `ended by ${by}` : messageOf(error).split('\n')[0]);
      const platform = `${process.platform}-${process.arch}`;
      return fail('packages', `${name} does not load: ${why}`, `on ${platform}: npm ci`);
    }
  };
  const bad = (await Promise.all(names.map(load))).filter((one) => one !== undefined);
  return bad.length > 0 ? bad : [ok('packages', `${names.join(', ')} load`)];
}

/** Descriptors that everything else takes: files of the engine, connections of clients. */
const OTHER_DESCRIPTORS = 512;

export function checkDescriptors({ config }: Patient, limit = descriptorsMax()): Finding {
  const { scanConcurrency, articleConcurrency } = config;
  const wanted = scanConcurrency + articleConcurrency + OTHER_DESCRIPTORS;
  if (limit === undefined) return ok('files', 'this system has no limit of open files');
  const found = `${limit} files and connections may be open`;
  if (limit >= wanted) return ok('files', found);
  const fix = `raise it (ulimit -n ${2 * wanted}, LimitNOFILE), or lower SCAN_CONCURRENCY`;
  return warn('files', `${found}, ${wanted} may be wanted`, fix);
}

function descriptorsMax(): number | undefined {
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: { open_files?: { hard: number | string } };
  };
  const limit = Number(userLimits?.open_files?.hard);
  return Number.isFinite(limit) ? limit : undefined;
}

const SPOOLS = 3;
const FREE_BYTES_MIN = 1e9;
/** On disk, of a point with all fields of a price in the embedded engine: of 800,000 with noise. */
const POINT_BYTES = 40;
const MARKETS_OF_EXCHANGE = 770;

/** Against what may wait for InfluxDB, and what the embedded engine will keep. */
export async function checkDisk({ config }: Patient, freeBytes?: number): Promise<Finding> {
  const free = freeBytes ?? (await freeBytesOf(config.dataDir));
  const found = `${bytesText(free)} free for DATA_DIR`;
  if (free < FREE_BYTES_MIN) return fail('disk', found, 'make room, or set DATA_DIR elsewhere');
  const spools = SPOOLS * config.spoolBytesMax;
  const kept = config.influxUrl === undefined ? keptBytes(config) : 0;
  if (free >= spools + kept) return ok('disk', found);
  const parts = [`spools up to ${bytesText(spools)} (SPOOL_BYTES_MAX, ${SPOOLS} of them)`];
  if (kept > 0) {
    const { retentionMs, priceIntervalMs } = config;
    const pace = `prices every ${formatMs(priceIntervalMs)} for ${formatMs(retentionMs)}`;
    parts.push(`${pace} about ${bytesText(kept)} (RETENTION)`);
  }
  const fix = `wanted at most: ${parts.join(', ')}; make room, or lower these`;
  return warn('disk', found, fix);
}

function keptBytes(config: Patient['config']): number {
  const places = config.exchanges?.length ?? exchanges.length;
  const polls = config.retentionMs / config.priceIntervalMs;
  return places * MARKETS_OF_EXCHANGE * polls * POINT_BYTES;
}

/** Of the folder, or of the nearest one above it that is there. */
async function freeBytesOf(dir: string): Promise<number> {
  for (let place = dir; ; place = dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch (error) {
      if (place === dirname(place)) throw error;
    }
  }
}
