import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../core/log.ts';
import { startEngine } from '../../embedded/engine.ts';
import { influxdPath, startInfluxd } from './influxd.ts';

/** What a test needs of an engine, whichever it is. */
export interface Engine {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  stop(): Promise<void>;
}

/** Declares the same tests for every engine that is here: our own and a real InfluxDB. */
export function forEachEngine(declare: (name: string, start: () => Promise<Engine>) => void): void {
  declare('embedded', startEmbedded);
  if (influxdPath() === undefined)
    test('influxd', { skip: 'no influxd: `make influxd` builds it' });
  else declare('influxd', () => startInfluxd());
}

/** Our engine, in a folder that goes with it. */
export async function startEmbedded(): Promise<Engine> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-engine-'));
  const engine = await startEngine({
    dir,
    host: '127.0.0.1',
    port: 0,
    org: 'tidemark',
    bucket: 'tidemark',
    log: silentLog,
  });
  return {
    ...engine,
    async stop() {
      await engine.close();
      await rm(dir, { recursive: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  /** InfluxDB's error code, from the header. */
  readonly code: string | null;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

/** One request with the engine's token; a body that is no string or bytes is sent as JSON. */
export async function call(
  engine: Engine,
  route: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const [method, path] = route.split(' ') as [string, string];
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(engine.url + path, {
    method,
    headers: { Authorization: `Token ${engine.token}`, ...headers },
    ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json')
    ? JSON.parse(text)
    : undefined;
  return {
    status: response.status,
    code: response.headers.get('x-platform-error-code'),
    text,
    json,
  };
}

/** The id of the engine's organisation. */
export async function orgIdOf(engine: Engine): Promise<string> {
  const { json } = await call(engine, `GET /api/v2/orgs?org=${engine.org}`);
  const [org] = (json as { orgs: readonly { id: string }[] }).orgs;
  if (org === undefined) throw new Error(`no organisation ${engine.org}`);
  return org.id;
}

/** Runs a script; the rows as objects of text, in order. Throws what the engine refused. */
export async function rows(engine: Engine, script: string): Promise<Record<string, string>[]> {
  const { status, text } = await call(engine, `POST /api/v2/query?org=${engine.org}`, script, {
    'Content-Type': 'application/vnd.flux',
  });
  if (status !== 200) throw new Error(text);
  const found: Record<string, string>[] = [];
  for (const table of text.split('\r\n\r\n')) {
    const [header = '', ...lines] = table.split('\r\n').filter((line) => line !== '');
    const names = header.split(',');
    if (names[1] === 'error') throw new Error(lines[0]);
    for (const line of lines) {
      const values = line.split(',');
      found.push(Object.fromEntries(names.map((name, i) => [name, values[i] ?? ''])));
    }
  }
  return found;
}
