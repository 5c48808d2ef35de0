/** What only the metrics tell: the process, spools, workers, errors. */
import { type Child, h } from '../dom.ts';
import { bytes, span, whole } from '../format.ts';
import { figure } from '../parts/figure.ts';
import { type Table, table } from '../parts/table.ts';
import { nowMs } from '../time.ts';
import { type Metrics, type Sample, sumOf, sumsBy } from './metrics.ts';

interface MetricTable {
  readonly element: HTMLElement;
  show(metrics: Metrics): void;
}

export function figuresOf(metrics: Metrics): Child {
  const { version = '–', node = '–' } = metrics.get('tidemark_build_info')?.[0]?.labels ?? {};
  const start = sumOf(metrics, 'process_start_time_seconds');
  const waiting = SPOOLS.reduce(
    (sum, { name }) => sum + (sumOf(metrics, `${name}spool_bytes`) ?? 0),
    0,
  );
  const lost = SPOOLS.reduce((sum, { name }) => sum + (deadOf(metrics, name) ?? 0), 0);
  return [
    figure(version, 'version'),
    figure(node, 'Node.js'),
    figure(start === undefined ? '–' : span(nowMs() - start * 1000), 'up'),
    figure(bytes(sumOf(metrics, 'process_resident_memory_bytes')), 'memory'),
    figure(bytes(waiting), 'in spools'),
    figure(whole(lost), 'dead letters', lost > 0 ? 'bad' : undefined),
    figure(whole(sumOf(metrics, 'tidemark_http_requests_running')), 'requests in work'),
    figure(whole(sumOf(metrics, 'tidemark_events_clients')), 'listen to events'),
  ];
}

const SPOOLS = [
  { label: 'Prices', name: 'tidemark_' },
  { label: 'Scans', name: 'tidemark_scan_' },
  { label: 'Articles', name: 'tidemark_article_' },
] as const;

interface Spool {
  readonly label: string;
  readonly bytes: number | undefined;
  readonly oldest: number | undefined;
  readonly points: readonly (readonly [string, number])[];
  readonly retries: number | undefined;
  readonly dead: number | undefined;
  readonly deadWhy: string;
}

function deadOf(metrics: Metrics, name: string): number | undefined {
  return sumOf(metrics, `${name}writer_dead_letters_total`);
}

export function spoolTable(): MetricTable {
  const shown = table<Spool>({
    caption: 'Points on their way to InfluxDB',
    rows: [],
    key: ({ label }) => label,
    columns: [
      { label: 'Of', cell: ({ label }) => label },
      { label: 'Waiting', number: true, cell: (spool) => bytes(spool.bytes) },
      { label: 'Oldest', number: true, wide: 'roomy', cell: ({ oldest }) => seconds(oldest) },
      { label: 'Points', number: true, cell: ({ points }) => pointsOf(points) },
      { label: 'Retries', number: true, wide: 'roomy', cell: ({ retries = 0 }) => whole(retries) },
      {
        label: 'Dead',
        number: true,
        cell: ({ dead = 0, deadWhy }) => {
          return h('span', { class: dead > 0 ? 'down' : '', title: deadWhy }, whole(dead));
        },
      },
    ],
  });
  return metricTable(shown, (metrics) => {
    const here = SPOOLS.filter(({ name }) => metrics.has(`${name}spool_bytes`));
    return here.map(({ label, name }) => ({
      ...{ label, bytes: sumOf(metrics, `${name}spool_bytes`) },
      oldest: sumOf(metrics, `${name}spool_oldest_seconds`),
      points: [...sumsBy(metrics, `${name}writer_points_total`, 'outcome')],
      retries: sumOf(metrics, `${name}writer_retries_total`),
      dead: deadOf(metrics, name),
      deadWhy: [...sumsBy(metrics, `${name}writer_dead_letters_total`, 'reason').keys()].join(', '),
    }));
  });
}

/** One below the other: beside each other they push the last columns out of the card. */
function pointsOf(points: Spool['points']): Child {
  return points.map(([outcome, count]) => h('div', {}, `${whole(count)} ${outcome}`));
}

interface Figure {
  readonly label: string;
  readonly value: string;
}

const WORK: readonly (readonly [label: string, name: string, seconds?: boolean])[] = [
  ['Workers that scan', 'tidemark_scans_workers'],
  ['Scans under way', 'tidemark_scans_in_flight'],
  ['Scans whose time has come', 'tidemark_scans_due'],
  ['Workers that read feeds and pages', 'tidemark_articles_workers'],
  ['Feeds and pages under way', 'tidemark_article_visits_in_flight'],
  ['Messages under way', 'tidemark_deliveries_in_flight'],
  ['Messages not delivered', 'tidemark_deliveries'],
  ['Alerts are behind', 'tidemark_alert_behind_seconds', true],
  ['Alerts: the last canary', 'tidemark_alert_canary_age_seconds', true],
  ['Roll-ups to compute again', 'tidemark_dirty_ranges'],
  ['Event loop, p99', 'nodejs_eventloop_lag_p99_seconds', true],
];

export function workerTable(): MetricTable {
  const shown = figureTable('Workers and what they do');
  return metricTable(shown, (metrics) =>
    WORK.flatMap(([label, name, isTime]) => {
      const value = sumOf(metrics, name);
      if (value === undefined) return [];
      return [{ label, value: isTime ? seconds(value) : whole(value) }];
    }),
  );
}

const bad = ({ outcome = '', status = '' }: Sample['labels']): boolean =>
  status.startsWith('5') || (outcome !== '' && outcome !== 'ok');

const FAILED: readonly (readonly [string, string, ((labels: Sample['labels']) => boolean)?])[] = [
  ['Requests that failed here (5xx)', 'tidemark_http_request_seconds_count', bad],
  ['Requests to InfluxDB', 'tidemark_influx_request_seconds_count', bad],
  ['Queries of the registry', 'tidemark_registry_seconds_count', bad],
  ['Polls of exchanges', 'tidemark_price_polls_total', bad],
  ['Slots of exchanges left out', 'tidemark_price_slots_skipped_total'],
  ['Slots of monitors missed', 'tidemark_scan_slots_missed_total'],
  ['Leases that ran out', 'tidemark_scan_lease_lapses_total'],
  ['Flux tasks that are wrong', 'tidemark_tasks_wrong'],
  [
    'Attempts to deliver',
    'tidemark_delivery_attempts_total',
    ({ result }) => result !== 'delivered',
  ],
  ['Streams of events cut', 'tidemark_events_streams_cut_total'],
];

export function errorTable(): MetricTable {
  const shown = figureTable('What failed since the start');
  return metricTable(shown, (metrics) =>
    FAILED.flatMap(([label, name, fits]) => {
      const count = sumOf(metrics, name, fits);
      return count === undefined ? [] : [{ label, value: whole(count) }];
    }),
  );
}

function figureTable(caption: string): Table<Figure> {
  return table<Figure>({
    ...{ caption, rows: [], key: ({ label }) => label },
    columns: [
      { label: 'What', cell: ({ label }) => label },
      { label: 'Now', number: true, cell: ({ value }) => value },
    ],
  });
}

function metricTable<Row>(shown: Table<Row>, rowsOf: (metrics: Metrics) => Row[]): MetricTable {
  return { element: shown.element, show: (metrics) => shown.update(rowsOf(metrics)) };
}

function seconds(value: number | undefined): string {
  return value === undefined ? '–' : span(value * 1000);
}
