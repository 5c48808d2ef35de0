/** The Compose deployment, read as the files that it is: no engine is needed for that. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { readRoles } from '../../app/commands/start.ts';
import { roles } from '../../app/roles.ts';
import { readConfig, type Setting, settings } from '../../core/config.ts';
import { projectRoot } from '../../core/paths.ts';
import { notInEnv, renderCompose, renderEnvExample } from '../../scripts/env-example.ts';

const read = (name: string): string => readFileSync(join(projectRoot, name), 'utf8');
const text = read('docker-compose.yml');
const example = read('.env.example');

interface Service {
  readonly image?: string;
  readonly build?: unknown;
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly healthcheck?: { readonly disable?: boolean };
  readonly logging?: { readonly options?: Record<string, string> };
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly memory?: string } } };
  readonly environment?: Record<string, string | number>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
  readonly profiles?: readonly string[];
}

const file = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(file.services);
const ours = services.filter(([, { image }]) => image === 'tidemark');

/** Name -> value of the lines of an .env file, those in comments too when asked for. */
function variables(env: string, comments: boolean): Record<string, string> {
  const pattern = comments ? /^#?([A-Z][A-Z0-9_]*)=(.*)$/gm : /^([A-Z][A-Z0-9_]*)=(.*)$/gm;
  return Object.fromEntries([...env.matchAll(pattern)].map((match) => [match[1]!, match[2]!]));
}

describe('docker-compose.yml', () => {
  it('takes no variable that .env.example does not name', () => {
    const known = variables(example, true);
    const given = ['VERSION', 'REVISION'];
    const used = [...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map((match) => match[1]!);
    assert.ok(used.length > 30, `${used.length} variables`);
    const unknown = used.filter((name) => known[name] === undefined && !given.includes(name));
    assert.deepEqual(unknown, []);
  });

  it('hands every setting to every process of Tidemark', () => {
    assert.equal(ours.length, roles.length + 1);
    const names = (Object.values(settings) as Setting[]).map(({ name }) => name);
    const unused = ['INFLUX_PORT', 'ENGINE_MEMORY_MAX'];
    for (const [service, { environment = {} }] of ours) {
      const missing = names.filter((name) => !(name in environment) && !unused.includes(name));
      assert.deepEqual(missing, [], `${service}: run make docs`);
      const strange = Object.keys(environment).filter((name) => !names.includes(name));
      assert.deepEqual(strange, [], service);
    }
    assert.ok(unused.every((name) => notInEnv[name] !== undefined));
  });

  it('runs each role in one service', () => {
    const found = ours
      .map(([, { command = [] }]) => command)
      .filter(([word]) => word === 'start')
      .flatMap(([, , only]) => [...readRoles(only)]);
    assert.deepEqual(found.toSorted(), roles.toSorted());
  });

  for (const [name, service] of services) {
    it(`bounds ${name}: rights, memory, logs, restarts`, () => {
      assert.deepEqual(service.cap_drop, ['ALL']);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
      assert.equal(service.read_only, true);
      assert.ok(service.logging?.options?.['max-size'], 'no bound of logs');
      assert.ok(service.deploy?.resources?.limits?.memory, 'no bound of memory');
      // One that ends by itself has neither.
      const ends = service.restart === 'no';
      assert.equal(service.healthcheck?.disable === true, ends);
      assert.ok(ends || service.restart === 'unless-stopped', service.restart);
      // Ours has the health check of its image.
      assert.ok(service.healthcheck !== undefined || service.image === 'tidemark', 'no health');
      for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/);
    });
  }

  it('gives spools a volume of their own and time to be sent', () => {
    for (const [name, { volumes = [], stop_grace_period: grace }] of ours) {
      assert.ok(Number.parseInt(grace ?? '', 10) >= 30, name);
      const [volume = ''] = volumes;
      // A named one would be shared by all containers of a service.
      const scaled = ['scans', 'articles', 'alerts', 'api'].includes(name);
      if (scaled) assert.deepEqual(volumes, ['/data'], name);
      else assert.ok(volume.replace(':/data', '') in file.volumes, name);
    }
  });

  it('is what make docs writes', () => {
    assert.equal(renderCompose(text), text);
    assert.equal(renderEnvExample(), example);
  });
});

describe('.env.example', () => {
  it('shows defaults that mean the same as nothing', () => {
    const all = variables(example, true);
    const names = (Object.values(settings) as Setting[]).map(({ name }) => name);
    const shown = Object.entries(all).filter(
      ([name]) => names.includes(name) && notInEnv[name] === undefined,
    );
    assert.ok(shown.length > 30);
    assert.deepEqual(readConfig(Object.fromEntries(shown)), readConfig({}));
  });

  it('has no secret in it', () => {
    const set = variables(example, false);
    const secret = Object.entries(set).filter(([name]) => /PASSWORD|TOKEN|_KEY$|SECRET/.test(name));
    assert.ok(secret.length >= 5);
    for (const [name, value] of secret) assert.equal(value, 'generate', name);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  it('runs as a number that is not root, with a health check', () => {
    assert.match(dockerfile, /^USER 1000:1000$/m);
    assert.match(dockerfile, /^HEALTHCHECK /m);
    assert.match(dockerfile, /^ENTRYPOINT \["node", /m);
  });

  it('has no step that knows a processor', () => {
    const steps = dockerfile.replace(/^#.*$/gm, '');
    assert.doesNotMatch(steps, /amd64|arm64|x86_64|aarch64|--platform/);
  });

  it('takes folders that are there, and all that the program reads', () => {
    const copied = [...dockerfile.matchAll(/^COPY --from=build (.+) \S+$/gm)].flatMap((match) =>
      match[1]!.split(' ').map((path) => path.replace('/app/', '')),
    );
    for (const path of copied.filter((name) => !/^(dist|node_modules)$/.test(name))) {
      assert.ok(existsSync(join(projectRoot, path)), path);
    }
    for (const path of ['package.json', 'package-lock.json', 'flux', 'registry/migrations']) {
      assert.ok(copied.includes(path), path);
    }
  });
});
