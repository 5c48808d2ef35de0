import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DesiredTask, desiredTasks } from '../../tasks/desired.ts';
import { type ActualTask, planTasks } from '../../tasks/plan.ts';
import { bucketOf, sameScript } from '../../tasks/script.ts';

const script = (name: string, bucket = 'b', every = '1m') =>
  `option task = {name: "${name}", every: ${every}}\nbucket = "${bucket}"\nfrom(bucket: bucket)`;
const wanted = (name: string): DesiredTask => ({
  name: `tidemark: ${name}`,
  flux: script(`tidemark: ${name}`),
  everyMs: 60_000,
  measurement: name,
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
  const tasks = desiredTasks({ bucket: 'my "bucket"' });

  it('are the files of flux/tasks, for the bucket', () => {
    const names = tasks.map(({ name, everyMs, measurement }) => [name, everyMs, measurement]);
    assert.deepEqual(names, [
      ['tidemark: pair-rank', 60_000, 'pair_rank'],
      ['tidemark: rank', 60_000, 'rank'],
    ]);
    for (const { flux } of tasks) assert.equal(bucketOf(flux), 'my "bucket"');
  });

  it('write the measurement that they are said to', () => {
    for (const { flux, measurement } of tasks) {
      assert.ok(flux.includes(`_measurement: "${measurement}"`));
    }
  });
});
