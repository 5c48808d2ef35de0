/** `tidemark tasks` as its users have it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tasks } from '../../app/commands/tasks.ts';
import { readConfig } from '../../core/config.ts';
import { isCode } from '../../core/errors.ts';
import { desiredTasks } from '../../tasks/desired.ts';
import { call, type Engine, startEmbedded } from '../helpers/engines.ts';

const sampling = { finestMs: 60_000, commonMs: 60_000 };
const COUNT = desiredTasks({ bucket: 'tidemark', sampling }).length;

describe('tidemark tasks', () => {
  let dataDir: string;
  let engine: Engine;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidemark-tasks-'));
    engine = await startEmbedded();
  });
  after(async () => {
    await engine?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const run = async (word: string | undefined, json = false, env: Record<string, string> = {}) => {
    const { url: INFLUX_URL, token: INFLUX_TOKEN } = engine;
    const printed: string[] = [];
    const code = await tasks.run({
      config: readConfig({
        DATA_DIR: dataDir,
        LOG_LEVEL: 'error',
        INFLUX_URL,
        INFLUX_TOKEN,
        ...env,
      }),
      positionals: word === undefined ? [] : [word],
      options: { json },
      print: (text) => printed.push(text),
      signal: new AbortController().signal,
      ...{ colour: false, mistakes: [], strangers: [] },
    });
    return { code, lines: printed.join('\n').split('\n') };
  };

  it('plans without changing anything, carries it out, and then has nothing to do', async () => {
    for (const _ of [1, 2]) {
      const { code, lines } = await run('plan');
      assert.equal(code, 2);
      assert.ok(lines.includes('create  tidemark: rollup-5m: absent'), lines.join('\n'));
      assert.equal(lines.at(-1), `${COUNT} to do: tidemark tasks sync`);
    }
    assert.deepEqual((await run('status')).code, 2);
    const synced = await run('sync');
    assert.deepEqual([synced.code, synced.lines], [0, [`${COUNT} created, 0 updated, 0 removed.`]]);
    const { code, lines } = await run('plan');
    assert.deepEqual([code, lines.at(-1)], [0, 'Nothing to do.']);
    assert.ok(lines.includes('leave   tidemark: rank-24h: up to date'));
    assert.deepEqual(JSON.parse((await run('sync', true)).lines[0]!), {
      ...{ created: 0, updated: 0, removed: 0 },
    });
  });

  it('says what was changed by hand, and of whom it keeps away', async () => {
    const { json } = await call(engine, 'GET /api/v2/tasks?limit=100');
    const list = (json as { tasks: readonly { id: string; name: string }[] }).tasks;
    const [rank] = list.filter(({ name }) => name === 'tidemark: rank-24h');
    await call(engine, `PATCH /api/v2/tasks/${rank!.id}`, { status: 'inactive' });
    const flux = 'option task = {name: "mine", every: 1h}\nbuckets() |> yield()';
    await call(engine, 'POST /api/v2/tasks', { org: engine.org, flux });
    const { code, lines } = await run('plan', true);
    assert.equal(code, 2);
    const { actions } = JSON.parse(lines[0]!) as {
      actions: readonly { action: string; task: string; reason: string }[];
    };
    assert.deepEqual(
      actions.filter(({ reason }) => reason !== 'up to date'),
      [
        { action: 'update', task: 'tidemark: rank-24h', reason: 'inactive' },
        { action: 'leave', task: 'mine', reason: 'not ours' },
      ],
    );
  });

  it('tells how each does, and ends with 2 while one is not well', async () => {
    const { code, lines } = await run('status');
    assert.equal(code, 2);
    assert.equal(lines.length, COUNT);
    const rank = lines.find((line) => line.includes('rank-24h') && !line.includes('pair'));
    assert.match(rank!, /^TROUBLE tidemark: rank-24h: every 1m, .*was made inactive/);
    assert.equal((await run('sync')).lines[0], '0 created, 1 updated, 0 removed.');
    const after = await run('status', true);
    const { tasks: found } = JSON.parse(after.lines[0]!) as { tasks: readonly { ok: boolean }[] };
    assert.deepEqual([after.code, found.every(({ ok }) => ok)], [0, true]);
  });

  it('refuses other words, and an InfluxDB that is not there', async () => {
    for (const word of [undefined, 'plans', 'constructor']) {
      await assert.rejects(run(word), (error) => isCode(error, 'invalid'));
    }
    const env = { INFLUX_URL: 'http://127.0.0.1:1' };
    await assert.rejects(run('status', false, env), (error) => isCode(error, 'unavailable'));
  });
});
