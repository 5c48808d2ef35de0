/**
 * What the deployments know of the settings, written from the one list of them: `.env.example`, the
 * lines by which docker-compose.yml hands settings on, and those that the chart's values may have.
 */
import { type Setting, settings } from '../core/config.ts';

/** Set by docker-compose.yml itself, or without a meaning there, and why. */
export const notInEnv: Readonly<Record<string, string>> = {
  HOST: 'a container listens on all of its addresses',
  PORT: 'always 8001 inside; PORT is where it is published',
  INFLUX_PORT: 'of the embedded engine; here it is where InfluxDB is published',
  ENGINE_MEMORY_MAX: 'of the embedded engine',
  DATA_DIR: 'a volume',
  API_KEYS: 'made of READ_KEY, ADMIN_KEY and MORE_API_KEYS',
  INFLUX_URL: 'the service influxdb by default',
  INFLUX_TOKEN: 'a secret',
  DATABASE_URL: 'the service postgres by default',
};

/** What is no setting of Tidemark: of the other services, and where they are published. */
const HEAD = `# Settings of the Compose deployment. \`make start\` copies this to .env and replaces each \`generate\`
# with a secret. Written by \`make docs\`; what each setting expects: docs/configuration.md.

# Where the API, InfluxDB, and what the profiles add are published on this machine, on loopback. A
# range has room for \`--scale api=4\`: PORT=8001-8004.
PORT=8001
INFLUX_PORT=8086
ADMINER_PORT=8082
GRAFANA_PORT=3000
PROMETHEUS_PORT=9090

# Secrets.
INFLUX_PASSWORD=generate
INFLUX_TOKEN=generate
POSTGRES_PASSWORD=generate
READ_KEY=generate
ADMIN_KEY=generate
GRAFANA_PASSWORD=generate

# More keys of the API, each with a comma before it: ,name:role:secret
MORE_API_KEYS=

# An InfluxDB and a PostgreSQL elsewhere instead of the two services (docs/scaling.md).
#INFLUX_URL=https://influxdb.example.com
#DATABASE_URL=postgres://tidemark:password@postgres.example.com:5432/tidemark

# Most memory that one container of Tidemark, InfluxDB and PostgreSQL may take.
TIDEMARK_MEMORY=1g
INFLUX_MEMORY=2g
POSTGRES_MEMORY=512m
`;

const WIDTH = 100;

function handedOn(): readonly Setting[] {
  return (Object.values(settings) as Setting[]).filter(({ name }) => notInEnv[name] === undefined);
}

/** `.env.example`: each setting that Compose hands on, with its default, as a comment. */
export function renderEnvExample(): string {
  const parts = handedOn().map((entry) => {
    const { name, about, expected, default: fallback } = entry;
    return `${wrapped(`${about} (${expected})`)}\n#${name}=${fallback ?? ''}`;
  });
  return `${HEAD}\n# Settings of Tidemark, with their defaults.\n\n${parts.join('\n\n')}\n`;
}

function wrapped(text: string): string {
  const lines = ['#'];
  for (const word of text.replaceAll('`', '').split(' ')) {
    if ((lines.at(-1) as string).length + word.length + 1 > WIDTH) lines.push('#');
    lines[lines.length - 1] += ` ${word}`;
  }
  return lines.join('\n');
}

const BEGIN = '    # From .env, by `make docs`: begin';
const END = '    # From .env: end';

/** docker-compose.yml with the lines between its marks written anew: empty means the default. */
export function renderCompose(text: string): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from)
    throw new Error(`docker-compose.yml has no lines "${BEGIN}", "${END}"`);
  const lines = handedOn().map(({ name }) => `    ${name}: \${${name}:-}\n`);
  return `${text.slice(0, from)}${BEGIN}\n${lines.join('')}${text.slice(to)}`;
}

interface ValuesSchema {
  readonly properties: {
    readonly settings: { readonly propertyNames: { readonly anyOf: [{ enum: string[] }, object] } };
  };
}

/** Set by the chart itself, from other values. */
const notInValues = ['HOST', 'PORT', 'DATA_DIR', 'INFLUX_URL', 'INFLUX_ORG', 'INFLUX_BUCKET'];

/** values.schema.json with the names that `settings` may have written anew; secrets stay in Secrets. */
export function renderValuesSchema(text: string): string {
  const schema = JSON.parse(text) as ValuesSchema;
  const free = (Object.values(settings) as Setting[]).filter(
    ({ name, secret }) => !secret && !notInValues.includes(name),
  );
  schema.properties.settings.propertyNames.anyOf[0].enum = free.map(({ name }) => name);
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
