import { packages } from '../embedded/flux/functions/list.ts';
import type { ParamSet } from '../embedded/flux/functions/params.ts';
import type { Entry } from '../embedded/flux/functions/registry.ts';

const HEAD = `# Flux in the embedded engine

Generated from the engine's own list of functions by \`make docs\`. The language itself is whole: it is
parsed and type checked by the official Flux parser, so that a script that is wrong is refused in
InfluxDB's words. What is not listed here is refused by name. \`?\` marks an argument that may be left
out, \`<-\` the one that \`|>\` feeds. Options: \`now\`, \`location\`, \`task\`, and those that a query's \`extern\`
sets, such as Grafana's and the InfluxDB UI's \`v\`.`;

/** Of what InfluxDB 2.7 has without an import, what the engine refuses; held by test/contract. */
export const ABSENT: readonly string[] = [
  'chandeMomentumOscillator',
  'holtWinters',
  'integral',
  'kaufmansAMA',
  'kaufmansER',
  'keyValues',
  'sample',
  'timeWeightedAvg',
  'tripleExponentialDerivative',
];

const TAIL = `## What is not here

Refused in words such as \`holtWinters is not supported by the embedded engine\`, with the place. Of
what needs no import: ${ABSENT.map((name) => `\`${name}\``).join(', ')}. Of packages: those that
reach out of the engine (\`http\`, \`sql\`, \`slack\`, \`influxdata/influxdb/secrets\`), those of checks and
notifications (\`influxdata/influxdb/monitor\`; Tidemark's own are [alerts](alerts.md)), \`interpolate\`,
\`profiler\`, \`contrib/...\`, and of \`experimental\` what is not listed above.`;

/** docs/flux-support.md: every package with its functions and constants. */
export function renderFluxSupport(): string {
  const names = [...packages.keys()].filter((name) => !name.startsWith('internal/'));
  const sorted = names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const sections = sorted.map((name) => section(name, packages.get(name) ?? []));
  return [HEAD, ...sections, TAIL, ''].join('\n\n').replace(/\n+$/, '\n');
}

/** What needs no import stands first. */
function rank(name: string): number {
  return name === 'universe' ? 0 : 1;
}

function section(name: string, entries: readonly Entry[]): string {
  const title = name === 'universe' ? '## Without import' : `## \`import "${name}"\``;
  const byName = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const functions = byName.flatMap((entry) => (entry.kind === 'function' ? [entry] : []));
  const constants = byName.flatMap((entry) => (entry.kind === 'value' ? [entry.name] : []));
  const lines = functions.map(
    ({ name: own, params, note }) =>
      `- \`${own}(${signature(params)})\`${note === undefined ? '' : `: ${note}`}`,
  );
  if (constants.length > 0) {
    lines.push(`- constants: ${constants.map((own) => `\`${own}\``).join(', ')}`);
  }
  return [title, '', ...lines].join('\n');
}

function signature(params: ParamSet): string {
  return Object.entries(params)
    .map(([name, { kind, required, pipe }]) => {
      const mark = pipe ? '<-' : required ? '' : '?';
      return `${mark}${name}: ${kind}`;
    })
    .join(', ');
}
