/**
 * Makes the schemas that kubeconform reads from Kubernetes' own OpenAPI document: one file a kind and
 * version, `deployment-apps-v1.json`, objects closed. Arguments: swagger.json, the folder to write to.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Definition {
  readonly properties?: Record<string, unknown>;
  readonly additionalProperties?: unknown;
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
}

/** Numbers and texts both: JSON knows them apart, a manifest need not. */
const EITHER = new Set([
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  'io.k8s.apimachinery.pkg.api.resource.Quantity',
]);

function closed(name: string, definition: Definition): unknown {
  if (EITHER.has(name)) return { type: ['string', 'number'] };
  if (definition.properties === undefined || definition.additionalProperties !== undefined) {
    return definition;
  }
  return { ...definition, additionalProperties: false };
}

const REFERENCE = /"#\/definitions\/([^"]+)"/g;

/** The definitions that one is made of, with those that they are made of. */
function reached(from: unknown, all: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const look = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(REFERENCE)) {
      if (name in found) continue;
      found[name] = all[name];
      look(all[name]);
    }
  };
  look(from);
  return found;
}

const [swagger, folder] = process.argv.slice(2);
if (swagger === undefined || folder === undefined) throw new Error('expected: swagger.json folder');
const { definitions } = JSON.parse(readFileSync(swagger, 'utf8')) as {
  definitions: Record<string, Definition>;
};
const all = Object.fromEntries(
  Object.entries(definitions).map(([name, definition]) => [name, closed(name, definition)]),
);
let count = 0;
for (const [name, definition] of Object.entries(definitions)) {
  const kinds = definition['x-kubernetes-group-version-kind'] ?? [];
  // Some, such as DeleteOptions, are of every group: they stand in no manifest.
  if (kinds.length !== 1) continue;
  for (const { group, version, kind } of kinds) {
    const file = [kind, ...(group === '' ? [] : [group.split('.')[0]]), version].join('-');
    const schema = { ...(all[name] as object), definitions: reached(all[name], all) };
    writeFileSync(join(folder, `${file.toLowerCase()}.json`), JSON.stringify(schema));
    count += 1;
  }
}
process.stdout.write(`${count} kinds\n`);
