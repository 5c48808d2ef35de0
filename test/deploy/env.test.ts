import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { projectRoot } from '../../core/paths.ts';

describe('scripts/env.sh', () => {
  const dirs: string[] = [];
  after(() => {
    for (const dir of dirs) rmSync(dir, { recursive: true });
  });
  const fresh = (): string => {
    const dir = mkdtempSync(join(tmpdir(), 'tidemark-env-'));
    dirs.push(dir);
    mkdirSync(join(dir, 'scripts'));
    for (const name of ['scripts/env.sh', '.env.example'])
      cpSync(join(projectRoot, name), join(dir, name));
    return dir;
  };
  const run = (dir: string, ...args: string[]): string =>
    execFileSync('bash', ['scripts/env.sh', ...args], { cwd: dir, encoding: 'utf8' });
  const env = (dir: string): string => readFileSync(join(dir, '.env'), 'utf8');

  it('writes secrets of its own, each another one, for its user alone', () => {
    const dir = fresh();
    run(dir);
    assert.equal(statSync(join(dir, '.env')).mode & 0o777, 0o600);
    assert.doesNotMatch(env(dir), /=generate/);
    const secrets = [...env(dir).matchAll(/^\w+=([0-9a-f]{48})$/gm)].map((match) => match[1]);
    assert.ok(secrets.length >= 5);
    assert.equal(new Set(secrets).size, secrets.length);
  });

  it('changes nothing the second time', () => {
    const dir = fresh();
    run(dir);
    const before = env(dir);
    assert.equal(run(dir), '');
    assert.equal(env(dir), before);
  });

  it('adds a secret that a newer version wants, and keeps the others', () => {
    const dir = fresh();
    writeFileSync(join(dir, '.env'), 'READ_KEY=mine\nPORT=9000-9003\nSMTP_URL=smtp://a$(b)&c');
    assert.match(run(dir), /^Added INFLUX_TOKEN to \.env/m);
    assert.match(env(dir), /^READ_KEY=mine\nPORT=9000-9003\nSMTP_URL=smtp:\/\/a\$\(b\)&c\n/);
    assert.match(env(dir), /^ADMIN_KEY=[0-9a-f]{48}$/m);
    assert.match(run(dir, '--where'), /API {7}http:\/\/127\.0\.0\.1:9000$/m);
  });
});
