/** Writes the generated documents; with --check it only says which of them are out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../app/commands/commands.ts';
import { commandsDocument } from '../app/commands/help.ts';
import { settingsTable } from '../core/config.ts';
import { projectRoot } from '../core/paths.ts';
import { dashboards } from '../tasks/dashboards/definitions.ts';
import { openApiDocument, renderOperations, renderTypes } from './client.ts';
import { renderCompose, renderEnvExample, renderValuesSchema } from './env-example.ts';
import { renderExamples } from './examples.ts';
import { renderFluxSupport } from './flux-support.ts';
import { renderDashboard, renderOperationsBoard } from './grafana.ts';
import { renderMetrics } from './metric-tables.ts';

interface Document {
  readonly path: string;
  render(): string | Promise<string>;
}

const documents: readonly Document[] = [
  {
    path: 'docs/configuration.md',
    render: () =>
      [
        '# Configuration',
        '',
        'Generated from `core/config.ts` by `make docs`. Settings are environment variables; they are',
        'read once, at start, and every mistake is named at once.',
        '',
        settingsTable(),
        '',
        'Besides these, `EXCHANGE_<ID>_URL` (as `EXCHANGE_KRAKEN_URL=http://127.0.0.1:9001`) replaces',
        "the scheme, host and port of an exchange's API, for proxies, mirrors and tests;",
        '`EXCHANGE_<ID>_STREAM_URL` (as `ws://127.0.0.1:9001`) those of its websocket.',
        '',
      ].join('\n'),
  },
  { path: 'docs/commands.md', render: () => commandsDocument(commands) },
  { path: 'docs/flux-support.md', render: renderFluxSupport },
  { path: 'docs/metrics.md', render: renderMetrics },
  ...dashboards.map((dashboard) => ({
    path: `deploy/grafana/dashboards/${dashboard.id}.json`,
    render: () => renderDashboard(dashboard),
  })),
  { path: 'deploy/grafana/dashboards/tidemark-operations.json', render: renderOperationsBoard },
  { path: '.env.example', render: renderEnvExample },
  {
    path: 'deploy/helm/tidemark/values.schema.json',
    render: () => renderValuesSchema(current('deploy/helm/tidemark/values.schema.json')),
  },
  { path: 'docker-compose.yml', render: () => renderCompose(current('docker-compose.yml')) },
  { path: 'api/openapi/examples.ts', render: () => renderExamples(openApiDocument()) },
  { path: 'client/types.ts', render: () => renderTypes(openApiDocument()) },
  { path: 'client/operations.ts', render: () => renderOperations(openApiDocument()) },
];

function current(path: string): string {
  try {
    return readFileSync(join(projectRoot, path), 'utf8');
  } catch {
    return '';
  }
}

const checkOnly = process.argv.includes('--check');
let stale = 0;
for (const { path, render } of documents) {
  const wanted = await render();
  if (current(path) === wanted) continue;
  stale += 1;
  if (!checkOnly) writeFileSync(join(projectRoot, path), wanted);
  process.stdout.write(`${path}: ${checkOnly ? 'out of date, run `make docs`' : 'written'}\n`);
}
process.exit(checkOnly && stale > 0 ? 1 : 0);
