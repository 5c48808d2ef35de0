import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectRoot } from '../../core/paths.ts';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');

const workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.object({
      strategy: z.object({ matrix: z.object({ node: z.array(z.number()) }) }),
      steps: z.array(
        z.object({
          uses: z.string().optional(),
          run: z.string().optional(),
          with: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
        }),
      ),
    }),
  ),
});

describe('the workflow of GitHub', () => {
  const { jobs, permissions } = workflow.parse(parse(read('.github/workflows/ci.yml')));
  const [job] = Object.values(jobs);
  const steps = job?.steps ?? [];

  it('runs .ci/run, and nothing that .ci/run does not', () => {
    assert.equal(Object.keys(jobs).length, 1);
    assert.deepEqual(
      steps.flatMap(({ run }) => run ?? []),
      ['.ci/run'],
    );
    assert.ok((statSync(join(projectRoot, '.ci/run')).mode & 0o100) !== 0, 'it can be run');
  });

  it('takes the oldest and the newest Node.js that package.json allows', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const oldest = Number(/^>=(\d+)/.exec(engines.node)?.[1]);
    assert.deepEqual(job?.strategy.matrix.node, [oldest, 24]);
  });

  it('pins every action to a commit, and may only read', () => {
    const loose = steps.flatMap(({ uses }) => (uses && !/@[0-9a-f]{40}$/.test(uses) ? uses : []));
    assert.deepEqual(loose, []);
    assert.deepEqual(permissions, { contents: 'read' });
  });

  it('keeps what takes long to get: packages and the real InfluxDB', () => {
    const kept = steps.flatMap((step) => step.with?.path ?? []);
    assert.deepEqual(kept, ['~/.npm', '.cache/influxd']);
  });
});

describe('.ci/run', () => {
  const script = read('.ci/run');

  it('is the two commands, with every real server required', () => {
    assert.match(script, /^make check$/m);
    assert.match(script, /^REQUIRE_REAL_SERVERS=1 make test$/m);
    assert.match(script, /^bash test\/influxd\/build\.sh$/m);
  });

  it('installs what the tests need and the machine lacks', () => {
    for (const name of ['postgresql', 'chromium']) {
      assert.ok(script.includes(`packages+=(${name})`), name);
    }
  });
});

describe('the licence', () => {
  it('is MIT, in the file and in the package', () => {
    assert.match(read('LICENSE'), /^MIT License/);
    assert.equal((JSON.parse(read('package.json')) as { license: string }).license, 'MIT');
  });
});
