import type { Cell } from '../../core/influx/dashboards.ts';
import { bind, loadPanel } from '../../flux/load.ts';
import type { Dashboard, Panel } from './definitions.ts';

const COLUMNS = 12;
const HEIGHT = 4;

/** The script of a panel for one bucket; `v` is set by whoever shows it. */
export function scriptOf(query: string, bucket: string): string {
  const bound = bind(loadPanel(query), { bucket });
  if (bucket === 'tidemark') return bound;
  // Two Tidemarks in one organisation have variables of their own.
  return bound.replaceAll('v.tidemark_', `v.${variablePrefix(bucket)}`);
}

/** Letters, digits and underscores: what a name after `v.` can be. */
export function variablePrefix(bucket: string): string {
  return `${bucket.replace(/^(?=\d)/, '_').replace(/[^A-Za-z0-9_]/g, '_')}_`;
}

/** Panels from left to right and down, where they fit. */
export function placed(panels: readonly Panel[], height: number) {
  let [x, y] = [0, 0];
  return panels.map((panel) => {
    if (x + panel.width > COLUMNS) [x, y] = [0, y + height];
    const place = { panel, x, y, w: panel.width, h: height };
    x += panel.width;
    return place;
  });
}

export function cellsOf({ panels }: Dashboard, bucket: string): readonly Cell[] {
  return placed(panels, HEIGHT).map(({ panel, ...place }) => ({
    ...place,
    name: panel.title,
    properties: propertiesOf(panel, scriptOf(panel.query, bucket)),
  }));
}

/** As the UI writes them itself: what is left out here it takes for broken. */
function propertiesOf(panel: Panel, text: string): Readonly<Record<string, unknown>> {
  const queries = [{ text, editMode: 'advanced', name: '', builderConfig: BUILDER }];
  const shared = { shape: 'chronograf-v2', note: '', showNoteWhenEmpty: false, queries };
  if (panel.kind === 'table') {
    return {
      ...{ ...shared, type: 'table', colors: [], fieldOptions: [] },
      tableOptions: { verticalTimeAxis: true, wrapping: 'truncate', fixFirstColumn: false },
      ...{ timeFormat: 'YYYY-MM-DD HH:mm:ss', decimalPlaces: { isEnforced: false, digits: 2 } },
    };
  }
  const axis = { bounds: ['', ''], label: '', prefix: '', suffix: '', base: '10', scale: 'linear' };
  const suffix = panel.unit === 'ms' ? ' ms' : '';
  return {
    ...{ ...shared, type: 'xy', colors: COLORS },
    axes: { x: axis, y: { ...axis, suffix } },
    ...{ xColumn: '_time', yColumn: '_value', timeFormat: '', hoverDimension: 'auto' },
    geom: panel.kind === 'bar' ? 'bar' : 'line',
    position: panel.kind === 'bar' ? 'stacked' : 'overlaid',
    ...{ shadeBelow: false, legendColorizeRows: true, legendOpacity: 1 },
  };
}

const BUILDER = { buckets: [], tags: [], functions: [] };
const COLORS = ['#31C0F6', '#A500A5', '#FF7E27'].map((hex, value) => ({
  ...{ id: `tidemark-${value}`, type: 'scale', hex, name: 'Nineteen Eighty Four', value },
}));
