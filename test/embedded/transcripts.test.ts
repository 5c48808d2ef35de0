import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Clock, systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { projectRoot } from '../../core/paths.ts';
import { openEngine } from '../../embedded/compose.ts';
import { eventually } from '../helpers/eventually.ts';

/** Requests to a real influxd 2.7.12 and its answers, replayed in order against our engine. */
const file = join(projectRoot, '..', 'shared', 'data', 'influxdb', 'transcripts.jsonl');
const absent = existsSync(file) ? false : 'the transcripts are not on this machine';

interface Transcript {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly auth: string;
    readonly body: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

/** What the engine does not have: other resources, and InfluxDB 1's API. */
const OUT_OF_SCOPE = new RegExp(
  '^(v1\\.|checks|endpoint|rule|dbrps|vars|telegrafs|secrets\\.patch|dashboards|scrapers|stacks' +
    '|remotes|metrics|suggestions|ast|root|get /api/v2/(flags|resources|config)|get /api/v2$' +
    '|query\\.profilers|tasks\\._tasks)',
);

/** Where only status and code are compared, and why. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^get \/(health|ready)$|^cors\.get$/, 'version, commit and up-time are our own'],
  [/badjson|^query\.(json\.bad|ct\.unknown)$/, "Go's words for broken JSON"],
  [/^query\.(err|extern|types|forbidden)/, "the language's own tests hold its messages"],
  [/^analyze\.err$/, 'we say at which character, it says 0'],
  [/^query\.v1\.fieldkeys$/, 'it leaves out the field s of ms'],
  [/^tasks\.patch\.(every|name)$/, 'we keep the layout of the script'],
  [/^tasks\.list\.basic$/, 'we show more than asked for'],
  [/^tasks\.failing/, 'it adds a line for administrators'],
];

/** Where even the status differs, and why. */
const OTHER_STATUS: Readonly<Record<string, string>> = {
  'query.err.midstream': 'a small answer fails before its first byte, with a status that says so',
  'query.prefer.err': 'the same',
};

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  shape: unknown;
}

test('answers as influxd 2.7.12 did', { skip: absent }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-transcripts-'));
  const tools = { log: silentLog, clock: recordedClock(), random: Math.random };
  const engine = await openEngine({ dir, host: '127.0.0.1', port: 0 }, tools);
  const replay = new Replay(engine.url);
  const differences: string[] = [];
  let replayed = 0;
  try {
    for (const transcript of load()) {
      if (OUT_OF_SCOPE.test(transcript.name)) continue;
      replayed++;
      const actual = await replay.send(transcript);
      const expected = replay.expected(transcript);
      if (OTHER_STATUS[transcript.name] !== undefined) continue;
      try {
        const known = KNOWN.some(([names]) => names.test(transcript.name));
        if (known || isCut(transcript)) actual.shape = expected.shape;
        assert.deepEqual(actual, expected);
      } catch (error) {
        differences.push(`${transcript.name}: ${(error as Error).message}`);
      }
    }
  } finally {
    await engine.close();
    await rm(dir, { recursive: true });
  }
  t.diagnostic(`${replayed} requests replayed`);
  assert.equal(differences.join('\n\n'), '');
});

/** The engine lives in the minute of the recording: its retention must keep the recorded points. */
function recordedClock(): Clock {
  const shiftMs = Date.parse('2026-11-21T00:26:42Z') - Date.now();
  return { ...systemClock, nowMs: () => Date.now() + shiftMs };
}

function load(): Transcript[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Transcript)
    .filter((one) => one.request !== undefined && one.response?.headers !== undefined);
}

/** Long answers were cut in the recording. */
function isCut({ response }: Transcript): boolean {
  return response.body.length > 6000;
}

/** Sends recorded requests, with this server's ids and tokens in place of the recorded ones. */
class Replay {
  readonly #url: string;
  /** Recorded id -> ours. */
  readonly #ids = new Map<string, string>();
  readonly #tokens = new Map<string, string>();
  #cookie = '';

  constructor(url: string) {
    this.#url = url;
  }

  async send({ name, request, response }: Transcript): Promise<Answer> {
    if (ASKS_FOR_RUNS.test(name)) await this.#runsFinished(request.path);
    const headers: Record<string, string> = {
      ...request.headers,
      ...this.#authorization(name, request.auth),
    };
    if (headers.Cookie) headers.Cookie = this.#cookie;
    const answer = await fetch(this.#url + this.#translate(request.path), {
      method: request.method,
      headers,
      ...(request.body !== null && { body: this.#body(name, request.body) }),
    });
    const text = await answer.text();
    const cookie = answer.headers.get('set-cookie');
    if (cookie) this.#cookie = cookie.split(';')[0]!;
    this.#learn(response.body, text, name);
    return {
      status: answer.status,
      code: answer.headers.get('x-platform-error-code') ?? undefined,
      shape: shapeOf(text, answer.headers.get('content-type')),
    };
  }

  expected(transcript: Transcript): Answer {
    const { response } = transcript;
    const type = response.headers['Content-Type'] ?? null;
    return {
      status: response.status,
      code: response.headers['X-Platform-Error-Code'],
      shape: isCut(transcript) ? undefined : shapeOf(response.body, type),
    };
  }

  /** The recorder had waited until its runs were done. */
  async #runsFinished(path: string): Promise<void> {
    const id = this.#translate(path).split('/')[4];
    const headers = { Authorization: `Token ${this.#tokens.get('setup.post')}` };
    await eventually(async () => {
      const answer = await fetch(`${this.#url}/api/v2/tasks/${id}/runs`, { headers });
      const { runs } = (await answer.json()) as { runs: { finishedAt?: string }[] };
      assert.ok(runs.every((run) => run.finishedAt !== undefined));
    });
  }

  /** The recording masks credentials: what they were follows from the names. */
  #authorization(name: string, auth: string): Record<string, string> {
    const token = this.#tokens.get(TOKEN_OF[name] ?? 'setup.post') ?? '';
    const basic = (password: string) =>
      `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    if (auth === 'none') return {};
    if (name === 'signin.bad') return { Authorization: basic('wrong-password') };
    if (/^signin|^basic/.test(name)) return { Authorization: basic('password1') };
    if (name.endsWith('badtoken')) return { Authorization: 'Token nope' };
    return { Authorization: `${name === 'bearer' ? 'Bearer' : 'Token'} ${token}` };
  }

  #body(name: string, body: unknown): string | Uint8Array {
    if (name === 'write.gzip') return gzipSync('m,t=gz v=1');
    if (name === 'write.string.64k') return `ms s="${'x'.repeat(70_000)}"`;
    if (name === 'write.tag.64k') return `ms,t=${'x'.repeat(70_000)} v=1`;
    return this.#translate(typeof body === 'string' ? body : JSON.stringify(body));
  }

  #translate(text: string): string {
    return text.replace(ID, (id) => this.#ids.get(id) ?? id);
  }

  /** The n-th id of the recorded answer is the n-th of ours. */
  #learn(recorded: string, ours: string, name: string): void {
    const [left, right] = [idsIn(recorded), idsIn(ours)];
    for (const [key, id] of left) if (!this.#ids.has(id)) this.#ids.set(id, right.get(key) ?? id);
    const token = /"token": ?"([^"]+)"/.exec(ours)?.[1];
    if (token && !this.#tokens.has(name)) this.#tokens.set(name, token);
  }
}

const ASKS_FOR_RUNS = /^tasks\.(runs|logs|run\.get|run\.logs|run\.cancel|failing\.(runs|logs|get))/;

const ID = /(?<![0-9a-f])(?!0{15})[0-9a-f]{16}(?![0-9a-f])/g;

const TOKEN_OF: Readonly<Record<string, string>> = {
  'write.forbidden': 'auth.create',
  'write.forbidden.readonly': 'auth.create.read',
  'write.onlywrite.ok': 'auth.create',
  'query.forbidden': 'auth.create',
};

/** Path inside the JSON -> id. */
function idsIn(text: string): Map<string, string> {
  const ids = new Map<string, string>();
  const visit = (value: unknown, path: string) => {
    if (typeof value === 'string' && value.match(ID)?.[0] === value) ids.set(path, value);
    else if (value !== null && typeof value === 'object') {
      for (const [key, child] of Object.entries(value)) visit(child, `${path}/${key}`);
    }
  };
  try {
    visit(JSON.parse(text), '');
  } catch {
    // CSV and empty answers hold no ids.
  }
  return ids;
}

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** The answer without what differs from server to server: ids, times, tokens, link order. */
function shapeOf(text: string, type: string | null): unknown {
  const plain = text.replace(ID, 'ID').replace(TIME, 'TIME');
  if (!type?.includes('json')) return plain;
  return JSON.parse(plain, (key, value: unknown) => {
    if (key === 'token') return 'TOKEN';
    if (key === 'links') return Object.keys(value as object).sort();
    // Made in one go, they come in the order of their random ids.
    if (key === 'buckets' && Array.isArray(value)) return value.length;
    return value;
  });
}
