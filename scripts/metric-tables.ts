import { metricList } from '../app/metric-list.ts';
import type { MetricEntry } from '../core/metrics.ts';

/** Heading, and whose names belong below it; the first that fits. */
const SECTIONS: readonly (readonly [string, RegExp])[] = [
  ['Scans', /^tidemark_scans?_/],
  ['Feeds and articles', /^tidemark_(article|articles|feed|forgotten)_/],
  ['Alerts and their messages', /^tidemark_(alert|deliver)/],
  ['Flux tasks', /^tidemark_(tasks?|dirty)_/],
  ['Prices', /^tidemark_(price|backfill|writer|spool)_/],
  ['API and events', /^tidemark_(http|events|audit)_/],
  ['The process and what it needs', /^tidemark_/],
];

const head = `# Metrics

Generated from the code by \`make docs\`. \`GET /metrics\` of every process gives them in the text format of
Prometheus, to anybody with the role \`read\`. A process has those of its roles, and the last two sections.

Names end with their unit: \`_seconds\`, \`_bytes\`, \`_total\` for what only grows; the others are numbers of things.
Labels have few values, which do not grow with what is recorded: no pair, no address, no id.
Reading takes at most two seconds, also while InfluxDB or the registry is away: what could not be
asked for keeps its value.
How to look at them, and what to be woken for: [observability.md](observability.md).
`;

const foot = `## Of Node.js

\`process_*\` and \`nodejs_*\` are those of prom-client: CPU seconds, resident memory, open files, the heap,
garbage collection, and \`nodejs_eventloop_lag_*_seconds\`: how late the process comes to what is due.
`;

/** docs/metrics.md. */
export function renderMetrics(): string {
  const left = new Set(metricList());
  const sections = SECTIONS.map(([title, pattern]) => {
    const rows = [...left].filter(({ name }) => pattern.test(name));
    for (const row of rows) left.delete(row);
    return `## ${title}\n\n${tableOf(rows)}\n`;
  });
  return [head, ...sections, foot].join('\n');
}

function tableOf(rows: readonly MetricEntry[]): string {
  const lines = rows.map(({ name, type, labels, help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${shown} | ${help} |`;
  });
  return ['| metric | type | labels | what it says |', '|---|---|---|---|', ...lines].join('\n');
}
