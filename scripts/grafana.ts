/** Dashboards of Grafana, from the same definitions as those of the InfluxDB UI. */
import { bind, loadPanel } from '../flux/load.ts';
import { placed } from '../tasks/dashboards/cells.ts';
import {
  type Dashboard,
  type Panel,
  type VariableName,
  variables,
} from '../tasks/dashboards/definitions.ts';
import { type Graph, operations } from './operations-board.ts';

const INFLUXDB = { type: 'influxdb', uid: 'tidemark-influxdb' };
const PROMETHEUS = { type: 'prometheus', uid: 'tidemark-prometheus' };
/** Grafana's grid has twice the columns. */
const COLUMNS = 2;
const HEIGHT = 8;
const UNITS: Readonly<Record<Panel['unit'], string>> = {
  '': 'short',
  ms: 'ms',
  part: 'percentunit',
};
const KINDS: Readonly<Record<Panel['kind'], object>> = {
  line: { drawStyle: 'line', lineWidth: 1, fillOpacity: 0, showPoints: 'never' },
  bar: { drawStyle: 'bars', fillOpacity: 60, stacking: { mode: 'normal', group: 'A' } },
  table: {},
};

/** A query as Grafana takes it: its own names for the bucket and for what people choose. */
export function grafanaScript(query: string): string {
  return bind(loadPanel(query), { bucket: 'tidemark' })
    .replace('bucket = "tidemark"', 'bucket = v.defaultBucket')
    .replace(/v\.tidemark_(\w+)/g, (_, name: string) => `\${${name}:doublequote}`);
}

/** One file of deploy/grafana/dashboards. */
export function renderDashboard(dashboard: Dashboard): string {
  return json({
    ...frame({ id: dashboard.id, title: dashboard.title, about: dashboard.about }),
    templating: { list: dashboard.variables.map(variableOf) },
    panels: placed(dashboard.panels, HEIGHT).map(({ panel, ...place }, index) => ({
      ...panelFrame({ id: index + 1, title: panel.title, place }),
      type: panel.kind === 'table' ? 'table' : 'timeseries',
      datasource: INFLUXDB,
      targets: [{ refId: 'A', datasource: INFLUXDB, query: grafanaScript(panel.query) }],
      fieldConfig: {
        defaults: {
          ...{ unit: UNITS[panel.unit], custom: KINDS[panel.kind] },
          ...(panel.series === '' ? {} : { displayName: nameOf(panel.series) }),
        },
        overrides: [],
      },
      options: panel.kind === 'table' ? {} : LEGEND,
    })),
  });
}

/** The dashboard of Tidemark itself, from its metrics. */
export function renderOperationsBoard(): string {
  return json({
    ...frame({
      id: 'tidemark-operations',
      title: 'Operations',
      about: 'Tidemark itself: what waits, what is late, what fails.',
    }),
    templating: { list: [] },
    panels: operations.map(({ title, unit, queries }: Graph, index) => ({
      ...panelFrame({
        ...{ id: index + 1, title },
        place: { x: (index % 2) * 6, y: Math.floor(index / 2) * HEIGHT, w: 6, h: HEIGHT },
      }),
      type: 'timeseries',
      datasource: PROMETHEUS,
      targets: queries.map(([expr, legendFormat], at) => ({
        ...{ refId: String.fromCharCode(65 + at), datasource: PROMETHEUS, expr, legendFormat },
      })),
      fieldConfig: { defaults: { unit, custom: KINDS.line, min: 0 }, overrides: [] },
      options: LEGEND,
    })),
  });
}

const LEGEND = {
  legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
  tooltip: { mode: 'multi', sort: 'desc' },
};

function nameOf(series: string): string {
  return series === '_field' ? `\${__field.name}` : `\${__field.labels.${series}}`;
}

function frame({ id, title, about }: { id: string; title: string; about: string }) {
  return {
    ...{ uid: id, title, description: about, tags: ['tidemark'], schemaVersion: 39, version: 1 },
    ...{ editable: true, graphTooltip: 1, refresh: '30s', timezone: 'browser' },
    time: { from: 'now-3h', to: 'now' },
    annotations: { list: [] },
  };
}

function panelFrame({ id, title, place }: { id: number; title: string; place: Place }) {
  const { x, y, w, h } = place;
  return { id, title, gridPos: { x: COLUMNS * x, y, w: COLUMNS * w, h } };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function variableOf(name: VariableName) {
  return {
    ...{ name, type: 'query', label: name, datasource: INFLUXDB, refresh: 2, sort: 1 },
    query: grafanaScript(variables[name].query),
    ...(name === 'pair' && { current: { text: 'btcusd', value: 'btcusd' } }),
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
