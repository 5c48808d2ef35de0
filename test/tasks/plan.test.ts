import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedMs } from '../../core/duration.ts';
import { boundTasks, type DesiredTask, desiredTasks, type Sampling } from '../../tasks/desired.ts';
import { type ActualTask, planTasks } from '../../tasks/plan.ts';
import { samplingOf } from '../../tasks/sampling.ts';
import { bucketOf, sameScript } from '../../tasks/script.ts';

const script = (name: string, bucket = 'b', every = '1m') =>
  `option task = {name: "${name}", every: ${every}}\nbucket = "${bucket}"\nfrom(bucket: bucket)`;
const wanted = (name: string): DesiredTask => ({
  name: `tidemark: ${name}`,
  flux: script(`tidemark: ${name}`),
  everyMs: 60_000,
  mark: name,
  kind: 'rank',
});
const there = (id: string, name: string, rest: Partial<ActualTask> = {}): ActualTask => ({
  id,
  name,
  flux: script(name),
  status: 'active',
  ...rest,
});
const mine = 'tidemark: a';

describe('plan of tasks', () => {
  const cases: readonly {
    what: string;
    desired?: DesiredTask[];
    actual: ActualTask[];
    plan: string[];
  }[] = [
    { what: 'nothing is there', actual: [], plan: ['create tidemark: a (absent)'] },
    {
      what: 'all is as it should be',
      actual: [there('1', mine)],
      plan: ['leave 1 (up to date)'],
    },
    {
      what: 'InfluxDB laid the script out anew',
      actual: [there('1', mine, { flux: `// c\n\n${script(mine).replaceAll(', ', ',\n\t ')}\n` })],
      plan: ['leave 1 (up to date)'],
    },
    {
      what: 'the script was changed',
      actual: [there('1', mine, { flux: script(mine, 'b', '5m') })],
      plan: ['update 1 flux (script differs)'],
    },
    {
      what: 'the task was made inactive',
      actual: [there('1', mine, { status: 'inactive' })],
      plan: ['update 1 status (inactive)'],
    },
    {
      what: 'both',
      actual: [there('1', mine, { status: 'inactive', flux: script(mine, 'b', '2m') })],
      plan: ['update 1 flux,status (script differs and inactive)'],
    },
    {
      what: 'other people have tasks',
      actual: [there('1', 'mine'), there('2', mine), there('3', 'Tidemark: a'), there('4', '')],
      plan: [
        'leave 1 (not ours)',
        'leave 2 (up to date)',
        'leave 3 (not ours)',
        'leave 4 (not ours)',
      ],
    },
    {
      what: 'another Tidemark has its own bucket',
      actual: [there('1', mine, { flux: script(mine, 'other') })],
      plan: ['leave 1 (of another bucket)', 'create tidemark: a (absent)'],
    },
    {
      what: 'a task is no longer wanted',
      actual: [there('1', mine), there('2', 'tidemark: old')],
      plan: ['leave 1 (up to date)', 'remove 2 (no longer wanted)'],
    },
    {
      what: 'none is wanted any more',
      desired: [],
      actual: [there('1', mine)],
      plan: ['remove 1 (no longer wanted)'],
    },
    {
      what: 'one is there three times: the oldest stays, wherever it stands',
      actual: [there('0c', mine), there('0a', mine, { status: 'inactive' }), there('0b', mine)],
      plan: ['update 0a status (inactive)', 'remove 0b (duplicate)', 'remove 0c (duplicate)'],
    },
    {
      what: 'a script of our name cannot be read',
      actual: [there('1', mine, { flux: 'option task = {' })],
      plan: ['leave 1 (of another bucket)', 'create tidemark: a (absent)'],
    },
  ];
  for (const { what, desired = [wanted('a')], actual, plan } of cases) {
    it(`when ${what}`, () => {
      const actions = planTasks(desired, actual, { bucket: 'b' }).map((action) => {
        const target = action.kind === 'create' ? action.task.name : action.task.id;
        const change = action.kind === 'update' ? ` ${Object.keys(action.change)}` : '';
        return `${action.kind} ${target}${change} (${action.reason})`;
      });
      assert.deepEqual(actions, plan);
    });
  }
});

describe('scripts of tasks', () => {
  it('are the same by meaning, not by layout', () => {
    assert.ok(sameScript('a=(1)', 'a = 1 // one'));
    assert.ok(!sameScript('a = 1', 'a = 2'));
    assert.ok(!sameScript('a = 1h', 'a = 60m1ns'));
    assert.ok(!sameScript('a = 9007199254740993', 'a = 9007199254740992'));
    assert.ok(!sameScript('a = 1', 'a = 1.0'));
    assert.ok(!sameScript('a = (', 'a = )'));
  });

  it('tell their bucket', () => {
    assert.equal(bucketOf('bucket = "ä\\"b"'), 'ä"b');
    assert.equal(bucketOf('bucket = 1'), undefined);
    assert.equal(bucketOf('from(bucket: "x")'), undefined);
  });
});

describe('desired tasks', () => {
  const minutes = { finestMs: 60_000, commonMs: 60_000 };
  const bucket = 'my "bucket"';
  const tasks = desiredTasks({ bucket, sampling: minutes });
  const marks = (sampling: Sampling) => desiredTasks({ bucket, sampling }).map(({ mark }) => mark);
  const ranks = ['1h', '24h', '7d'].flatMap((window) => [`rank-${window}`, `pair-rank-${window}`]);

  it('are of the bucket, each named after its mark, no two at the same second', () => {
    const offsets = new Set<string>();
    for (const { name, flux, mark, everyMs } of tasks) {
      assert.equal(bucketOf(flux), bucket);
      assert.equal(name, `tidemark: ${mark}`);
      assert.ok(flux.includes(`mark = "${mark}"`));
      const option = /option task = \{name: "([^"]*)", every: (\w+), offset: (\w+)\}/.exec(flux);
      assert.equal(option?.[1], name);
      assert.equal(fixedMs(option?.[2] ?? ''), everyMs);
      offsets.add(option?.[3] ?? '');
    }
    assert.equal(offsets.size, tasks.length);
  });

  it('leave out the levels whose steps would hold fewer than two prices', () => {
    const rollups = ['rollup-5m', 'rollup-1h', 'rollup-1d'];
    const moments = ['moments-5m', 'moments-10m', 'moments-1h'];
    assert.deepEqual(marks(minutes), [...rollups, ...moments, ...ranks]);
    assert.ok(marks({ finestMs: 30_000, commonMs: 60_000 }).includes('rollup-1m'));
    const slow = { finestMs: 300_000, commonMs: 300_000 };
    const slowMarks = ['rollup-1h', 'rollup-1d', 'moments-10m', 'moments-1h'];
    assert.deepEqual(marks(slow), [...slowMarks, ...ranks]);
    const slower = { finestMs: 600_000, commonMs: 600_000 };
    assert.deepEqual(marks(slower), ['rollup-1h', 'rollup-1d', 'moments-1h', ...ranks]);
  });

  it('read windows of whole steps, which a task writes, and no step is written for nobody', () => {
    const bound = boundTasks({ bucket, sampling: minutes });
    const moments = new Map(
      bound.filter(({ kind }) => kind === 'moments').map((task) => [task.mark, task]),
    );
    const read = new Set<unknown>();
    for (const { kind, mark, values } of bound) {
      if (kind !== 'rank') continue;
      read.add(values.source);
      const source = moments.get(`${values.source}`)!;
      for (const name of ['points', 'shortfalls', 'step', 'regular']) {
        assert.equal(values[name], source.values[name], `${mark} ${name}`);
      }
      const windowMs = Number(values.steps) * source.everyMs;
      assert.equal(windowMs, fixedMs(`${values.span}`), mark);
    }
    assert.deepEqual([...read], [...moments.keys()]);
    const points = (mark: string) =>
      2 * Number(bound.find((one) => one.mark === mark)!.values.steps);
    assert.deepEqual(['rank-1h', 'rank-24h', 'rank-7d'].map(points), [24, 288, 336]);
  });

  it('know how many prices a step has by the interval that most exchanges have', () => {
    const sampling = samplingOf([60_000, 1_000, 60_000, 10_000]);
    assert.deepEqual(sampling, { finestMs: 1_000, commonMs: 60_000 });
    assert.deepEqual(samplingOf([2_000, 1_000]), { finestMs: 1_000, commonMs: 1_000 });
    const [moments] = desiredTasks({ bucket, sampling }).filter(({ kind }) => kind === 'moments');
    assert.match(moments?.flux ?? '', /^regular = 5$/m);
  });

  it('read no prices of a window that are not kept as long', () => {
    const few = (keptMs: number) =>
      boundTasks({ bucket, sampling: minutes, keptMs })
        .filter(({ kind }) => kind === 'rank')
        .map(({ mark, values }) => `${mark} ${Number(values.few) > 0}`);
    const first = ['rank-1h true', 'pair-rank-1h true'];
    const day = ['rank-24h', 'pair-rank-24h'];
    const week = ['rank-7d', 'pair-rank-7d'];
    const all = (marks: string[], read: boolean) => marks.map((mark) => `${mark} ${read}`);
    assert.deepEqual(few(0), [...first, ...all(day, true), ...all(week, true)]);
    assert.deepEqual(few(2 * 86_400_000), [...first, ...all(day, true), ...all(week, false)]);
    assert.deepEqual(few(86_400_000), [...first, ...all(day, false), ...all(week, false)]);
  });
});
