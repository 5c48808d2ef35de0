import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call, type Engine, forEachEngine, orgIdOf, rows } from '../helpers/engines.ts';
import { eventually } from '../helpers/eventually.ts';

interface Task {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly flux: string;
  readonly every?: string;
  readonly cron?: string;
  readonly offset?: string;
  readonly description?: string;
  readonly latestCompleted?: string;
  readonly lastRunStatus?: string;
  readonly lastRunError?: string;
}

interface Run {
  readonly id: string;
  readonly status: string;
  readonly scheduledFor: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** A task that writes one point at the time of its run. */
const script = (name: string, when: string) => `import "array"
option task = {name: "${name}", ${when}}
array.from(rows: [{_time: now(), _measurement: "ran", _field: "${name}", _value: 1.0}])
    |> to(bucket: "tidemark")`;

forEachEngine((name, start) => {
  describe(`tasks of ${name}`, () => {
    let engine: Engine;
    let orgID: string;
    before(async () => {
      engine = await start();
      orgID = await orgIdOf(engine);
    });
    after(() => engine.stop());

    const create = (flux: string, more: object = {}) =>
      call(engine, 'POST /api/v2/tasks', { orgID, flux, ...more });
    const message = (json: unknown) => (json as { message: string }).message;

    async function finished(path: string, runID: string): Promise<Run> {
      return eventually(async () => {
        const run = (await call(engine, `GET ${path}/runs/${runID}`)).json as Run;
        assert.ok(run.finishedAt, run.status);
        return run;
      });
    }

    test('a task is made from its script, read and deleted', async () => {
      const flux = script('t1', 'every: 1h, offset: 5s');
      const made = await create(flux, { description: 'd', status: 'inactive' });
      assert.equal(made.status, 201);
      const task = made.json as Task;
      assert.deepEqual(
        [task.name, task.every, task.offset, task.status, task.description, task.flux],
        ['t1', '1h', '5s', 'inactive', 'd', flux],
      );
      const path = `/api/v2/tasks/${task.id}`;
      assert.deepEqual(((await call(engine, `GET ${path}`)).json as Task).flux, flux);
      assert.equal((await call(engine, `DELETE ${path}`)).status, 204);
      const gone = await call(engine, `GET ${path}`);
      const missing = 'failed to find task: task not found';
      assert.deepEqual([gone.status, message(gone.json)], [404, missing]);
    });

    test('an inactive task is not run, whoever asks', async () => {
      const { id } = (await create(script('asleep', 'every: 1h'))).json as Task;
      const path = `/api/v2/tasks/${id}`;
      const { json } = await call(engine, `POST ${path}/runs`, {});
      const run = await finished(path, (json as Run).id);
      assert.equal((await call(engine, `PATCH ${path}`, { status: 'inactive' })).status, 200);
      const forced = await call(engine, `POST ${path}/runs`, {});
      const force = 'failed to force run: inactive task';
      assert.deepEqual([forced.status, forced.code, message(forced.json)], [400, 'invalid', force]);
      const retried = await call(engine, `POST ${path}/runs/${run.id}/retry`);
      assert.deepEqual(
        [retried.status, retried.code, message(retried.json)],
        [400, 'invalid', 'failed to retry run: inactive task'],
      );
      assert.equal((await call(engine, `DELETE ${path}`)).status, 204);
    });

    test('a cron task says its cron', async () => {
      const flux = script('c1', 'cron: "*/5 * * * *"');
      const { status, json } = await create(flux, { status: 'inactive' });
      assert.deepEqual(
        [status, (json as Task).cron, (json as Task).every],
        [201, '*/5 * * * *', undefined],
      );
    });

    test('what is no task is refused', async () => {
      const from = 'from(bucket: "tidemark") |> range(start: -1h)';
      const cases: [string, string][] = [
        [from, 'invalid options: no task options defined'],
        [
          `option task = {name: "t4"}\n${from}`,
          'invalid options: missing required option: cron or every',
        ],
        [
          `option task = {name: "t5", every: 500ms}\n${from}`,
          'invalid options: invalid options: every option must be at least 1 second',
        ],
        [
          'option task = {name: "t3", every: 1m}\nfrom(bucket:',
          'invalid options: loc 2:1-2:13: expected RPAREN, got EOF',
        ],
        ['', 'failed to decode request: missing flux'],
      ];
      for (const [flux, expected] of cases) {
        const { status, json } = await create(flux);
        assert.deepEqual([status, message(json)], [400, expected]);
      }
      const noOrg = await call(engine, 'POST /api/v2/tasks', { flux: script('x', 'every: 1m') });
      assert.equal(message(noOrg.json), 'failed to decode request: missing orgID and org');
    });

    test('options are changed inside the script', async () => {
      const { json } = await create(script('p1', 'every: 1h'), { status: 'inactive' });
      const path = `PATCH /api/v2/tasks/${(json as Task).id}`;
      const every = (await call(engine, path, { every: '2h' })).json as Task;
      assert.equal(every.every, '2h');
      assert.match(every.flux, /every: 2h/);
      const named = (await call(engine, path, { name: 'p2' })).json as Task;
      assert.deepEqual([named.name, named.every], ['p2', '2h']);
      assert.match(named.flux, /name: "p2"/);
      const flux = script('p3', 'every: 3h');
      const replaced = (await call(engine, path, { flux, status: 'inactive' })).json as Task;
      assert.deepEqual([replaced.name, replaced.every, replaced.flux], ['p3', '3h', flux]);
      const bad = await call(engine, path, { status: 'zzz' });
      const text = 'failed to decode request: invalid task status: "zzz"';
      assert.deepEqual([bad.status, message(bad.json)], [400, text]);
      assert.equal((await call(engine, path, { flux: 'nope(' })).status, 500);
    });

    test('lists by name, status and page', async () => {
      for (const one of ['l1', 'l2', 'l3']) {
        await create(script(one, 'every: 1h'), { status: 'inactive' });
      }
      const list = async (query: string) => {
        const { json } = await call(engine, `GET /api/v2/tasks?${query}`);
        return json as { tasks: Task[]; links: { next?: string } };
      };
      assert.deepEqual(
        (await list('name=l2')).tasks.map((task) => task.name),
        ['l2'],
      );
      const first = await list('limit=2');
      assert.equal(first.tasks.length, 2);
      const second = await list(`limit=2&after=${first.tasks[1]!.id}`);
      const names = [...first.tasks, ...second.tasks].map((task) => task.name);
      assert.equal(new Set(names).size, names.length);
      assert.equal((await call(engine, 'GET /api/v2/tasks?limit=1000')).status, 400);
    });

    test('a run that is asked for has the wanted now()', async () => {
      const { json } = await create(script('asked', 'every: 1h'), { status: 'active' });
      const path = `/api/v2/tasks/${(json as Task).id}`;
      const scheduledFor = '2026-01-01T00:10:00Z';
      const made = await call(engine, `POST ${path}/runs`, { scheduledFor });
      assert.equal(made.status, 201);
      const run = await finished(path, (made.json as Run).id);
      assert.deepEqual([run.status, run.scheduledFor], ['success', scheduledFor]);
      const query =
        'from(bucket: "tidemark") |> range(start: 0) |> filter(fn: (r) => r._field == "asked")';
      const found = await rows(engine, query);
      assert.deepEqual(
        found.map((row) => row._time),
        [scheduledFor],
      );
      const { json: logs } = await call(engine, `GET ${path}/runs/${run.id}/logs`);
      const events = (logs as { events: { message: string }[] }).events.map(
        (event) => event.message,
      );
      assert.match(events[0]!, /^Started task from script: /);
      assert.equal(events[1], 'Completed(success)');
      const again = await call(engine, `POST ${path}/runs/${run.id}/retry`, {});
      assert.deepEqual([again.status, (again.json as Run).scheduledFor], [200, scheduledFor]);
      const cancelled = await call(engine, `DELETE ${path}/runs/${run.id}`);
      assert.deepEqual(
        [cancelled.status, message(cancelled.json)],
        [404, 'failed to cancel run: run not found'],
      );
      const missing = await call(engine, `GET ${path}/runs/0000000000000001`);
      assert.deepEqual(
        [missing.status, message(missing.json)],
        [404, 'failed to find run: run not found'],
      );
      await call(engine, `DELETE ${path}`);
    });

    test('a run that fails says why, in the run and in the task', async () => {
      const flux = `option task = {name: "fails", every: 1h}
from(bucket: "zzz") |> range(start: -1h) |> to(bucket: "tidemark")`;
      const { json } = await create(flux);
      const path = `/api/v2/tasks/${(json as Task).id}`;
      const made = await call(engine, `POST ${path}/runs`, {});
      assert.equal((await finished(path, (made.json as Run).id)).status, 'failed');
      await eventually(async () => {
        const task = (await call(engine, `GET ${path}`)).json as Task;
        assert.equal(task.lastRunStatus, 'failed');
        assert.match(task.lastRunError ?? '', /could not find bucket "zzz"/);
        assert.equal(task.status, 'active');
      });
      await call(engine, `DELETE ${path}`);
    });

    test('an active task runs at its slots, an inactive one does not', async () => {
      const { json } = await create(script('ticks', 'every: 1s'));
      const path = `/api/v2/tasks/${(json as Task).id}`;
      const ran = await eventually(async () => {
        const { runs } = (await call(engine, `GET ${path}/runs`)).json as { runs: Run[] };
        const done = runs.filter((run) => run.status === 'success');
        assert.ok(done.length >= 3, String(done.length));
        return done;
      });
      const slots = ran.map((run) => Date.parse(run.scheduledFor));
      assert.ok(slots.every((slot) => slot % 1000 === 0));
      assert.equal(new Set(slots).size, slots.length);
      const stopped = await call(engine, `PATCH ${path}`, { status: 'inactive' });
      assert.equal((stopped.json as Task).status, 'inactive');
      assert.equal((await call(engine, `DELETE ${path}`)).status, 204);
    });
  });
});
