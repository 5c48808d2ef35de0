/** What the commands of documents are run against: a demo market, and a shell for each document. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DocumentedCommand } from '../helpers/documents.ts';
import { eventually } from '../helpers/eventually.ts';
import { startTidemark, type Tidemark } from '../helpers/process.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Stage {
  /** Runs each document's commands in order, in one shell, so that variables and files stay. */
  run(commands: readonly DocumentedCommand[]): Promise<ReadonlyMap<DocumentedCommand, Ran>>;
  close(): Promise<void>;
}

const main = fileURLToPath(new URL('../../main.js', import.meta.url));
/** A stream that is followed ends by itself; curl then says 28. */
const FOLLOW_SECONDS = 2;
const TIMED_OUT = 28;
const FILLED_MS = 60_000;

export async function startStage(): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-documents-'));
  // Those that the documents show: each more is work beside the commands.
  const settings = { DATA_DIR: join(dir, 'data'), EXCHANGES: 'bitstamp,kraken' };
  const demo = await startTidemark({ args: ['demo'], settings });
  try {
    await filled(demo.url);
    await writeShims(dir);
  } catch (error) {
    await demo.kill('SIGKILL');
    throw error;
  }
  return {
    async run(commands) {
      const files = [...new Set(commands.map(({ file }) => file))];
      const results = new Map<DocumentedCommand, Ran>();
      const runFile = async (file: string, index: number): Promise<void> => {
        const own = commands.filter((command) => command.file === file);
        const place = join(dir, `document-${index}`);
        await runAll(own, { place, dir, demo });
        for (const [at, command] of own.entries()) results.set(command, await read(place, at));
      };
      // Each has a shell and a folder of its own.
      await Promise.all(files.map(runFile));
      return results;
    },
    async close() {
      await demo.kill('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** There is something to see: prices, and an article that a rule matched. */
async function filled(url: string): Promise<void> {
  const has = (path: string, what: RegExp) =>
    eventually(async () => assert.match(await (await fetch(url + path)).text(), what), FILLED_MS);
  await has('/btcusd?duration=-1h&exchange=kraken', /"price":\d/);
  await has('/articles?matched=true', /"id":\d/);
  await has('/monitors/1/scans?start=-1h', /"slot":/);
}

/** The program by the names that documents use. */
async function writeShims(dir: string): Promise<void> {
  await mkdir(join(dir, 'bin'));
  const program = `exec '${process.execPath}' '${main}' "$@"`;
  await writeFile(join(dir, 'bin', 'tidemark'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  // Errors are failures, as scripts have them; a stream ends after a while.
  const curl =
    `case " $* " in *" -N "*|*" -sN "*) set -- -m ${FOLLOW_SECONDS} "$@";; esac\n` +
    `PATH=\${PATH#*:} curl -sS --fail-with-body -m 20 "$@"\n` +
    `code=$?; [ $code = ${TIMED_OUT} ] && code=0; exit $code\n`;
  await writeFile(join(dir, 'bin', 'curl'), `#!/bin/sh\n${curl}`, { mode: 0o755 });
}

interface Where {
  readonly place: string;
  readonly dir: string;
  readonly demo: Tidemark;
}

async function runAll(commands: readonly DocumentedCommand[], where: Where): Promise<void> {
  const { place, dir, demo } = where;
  await mkdir(place);
  // As in a checkout: where `make demo` and `make start` keep their files.
  for (const name of ['data-demo', 'data'])
    await symlink(join(dir, 'data-demo'), join(place, name));
  const script = commands.flatMap(({ text }, at) => [
    `{ ${asHere(text, demo)}\n} >'${place}/${at}.out' 2>'${place}/${at}.err' </dev/null`,
    `echo $? >'${place}/${at}.code'`,
  ]);
  const { PORT, INFLUX_PORT } = portsOf(demo);
  const shell = spawn('bash', ['-s'], {
    cwd: place,
    env: {
      PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
      ...{ HOME: place, PORT, INFLUX_PORT },
    },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  shell.stdin.end(script.join('\n'));
  await once(shell, 'close');
}

function portsOf({ url, influxUrl }: Tidemark) {
  return { PORT: new URL(url).port, INFLUX_PORT: new URL(influxUrl).port };
}

/** The command with the addresses of this run in place of the usual ones. */
function asHere(text: string, demo: Tidemark): string {
  const { PORT, INFLUX_PORT } = portsOf(demo);
  return text
    .replaceAll(/\b(127\.0\.0\.1|localhost):8001\b/g, `127.0.0.1:${PORT}`)
    .replaceAll(/\b(127\.0\.0\.1|localhost):8086\b/g, `127.0.0.1:${INFLUX_PORT}`)
    .replaceAll(/\bnode dist\/main\.js\b/g, 'tidemark');
}

async function read(place: string, at: number): Promise<Ran> {
  const text = (kind: string) => readFile(join(place, `${at}.${kind}`), 'utf8').catch(() => '');
  const [code, stdout, stderr] = await Promise.all([text('code'), text('out'), text('err')]);
  // A document whose shell ended early has commands that were never reached.
  return { code: code === '' ? 255 : Number(code), stdout, stderr };
}
