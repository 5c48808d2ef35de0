/** The Helm chart as the files that it is; `make helm` renders it and checks what comes out. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { roles } from '../../app/roles.ts';
import { type Setting, settings } from '../../core/config.ts';
import { projectRoot, version } from '../../core/paths.ts';
import { renderValuesSchema } from '../../scripts/env-example.ts';

const chart = join(projectRoot, 'deploy', 'helm', 'tidemark');
const read = (...path: string[]): string => readFileSync(join(chart, ...path), 'utf8');
const values = parse(read('values.yaml')) as Record<string, unknown>;

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly definitions?: Record<string, Schema>;
  readonly $ref?: string;
  readonly propertyNames?: { readonly anyOf: readonly [{ readonly enum: readonly string[] }] };
}
const schema = JSON.parse(read('values.schema.json')) as Schema;

/** `api.autoscaling.enabled` and all others, of a schema. */
function schemaPaths(part: Schema, at: string): string[] {
  const name = part.$ref?.replace('#/definitions/', '');
  const target = name === undefined ? part : (schema.definitions?.[name] ?? {});
  return Object.entries(target.properties ?? {}).flatMap(([key, value]) => [
    `${at}${key}`,
    ...schemaPaths(value, `${at}${key}.`),
  ]);
}

function valuePaths(part: unknown, at: string): string[] {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return [];
  return Object.entries(part).flatMap(([key, value]) => [
    `${at}${key}`,
    ...valuePaths(value, `${at}${key}.`),
  ]);
}

/** What Kubernetes or a user gives the names of. */
const open = /\.(requests|limits|annotations|labels)(\.|$)|^(global)$/;

describe('the Helm chart', () => {
  it('is of the version of the program', () => {
    const { appVersion } = parse(read('Chart.yaml')) as { appVersion: string };
    assert.equal(appVersion, version);
  });

  it('has a value for all that its schema knows, and the other way round', () => {
    const known = schemaPaths(schema, '').filter((path) => !open.test(path));
    const given = valuePaths(values, '').filter((path) => !open.test(path));
    assert.deepEqual(given.toSorted(), known.toSorted());
    assert.ok(known.length > 100, `${known.length} values`);
  });

  it('has each role', () => {
    for (const role of roles) assert.ok(role in values, role);
    const made = ['deployments.yaml', 'statefulsets.yaml'].flatMap((file) => {
      const [, list = ''] = /\$role := list (.*) }}/.exec(read('templates', file)) ?? [];
      return [...list.matchAll(/"(\w+)"/g)].map((match) => match[1]);
    });
    assert.deepEqual(made.toSorted(), roles.toSorted());
  });

  it('takes settings that the program knows, and no secret among them', () => {
    const names = schema.properties?.settings?.propertyNames?.anyOf[0].enum ?? [];
    const all = new Map((Object.values(settings) as Setting[]).map((one) => [one.name, one]));
    assert.ok(names.length > 30);
    for (const name of names) assert.equal(all.get(name)?.secret, false, name);
    assert.equal(renderValuesSchema(read('values.schema.json')), read('values.schema.json'));
  });

  it('runs every container without rights, on a root that it cannot write', () => {
    const files = readdirSync(join(chart, 'templates'), { recursive: true, encoding: 'utf8' });
    const texts = files
      .filter((name) => /\.(ya?ml|tpl)$/.test(name))
      .map((name) => read('templates', name));
    const count = (pattern: RegExp) => texts.join('\n').match(pattern)?.length ?? 0;
    const containers = count(/^ +containers:$/gm);
    assert.equal(containers, 3);
    assert.equal(count(/include "tidemark\.containerSecurity"/g), containers);
    assert.equal(count(/include "tidemark\.podSecurity"/g), containers);
    assert.equal(count(/automountServiceAccountToken: false/g), containers + 1);
  });
});
