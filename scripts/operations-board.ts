export interface Graph {
  readonly title: string;
  /** As Grafana names it. */
  readonly unit: 'short' | 's' | 'bytes' | 'ops' | 'percentunit';
  /** PromQL, and how a series is called. */
  readonly queries: readonly (readonly [string, string])[];
}

const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}[5m]))`;
const slowest = (metric: string, by = ''): string =>
  `histogram_quantile(0.99, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket[5m])))`;

/** What an operator looks at first, from the metrics of all processes. */
export const operations: readonly Graph[] = [
  {
    title: 'Checks of readiness: 0 is wrong',
    unit: 'short',
    queries: [['min by (probe) (tidemark_probe_ok)', '{{probe}}']],
  },
  {
    title: 'Points by what became of them',
    unit: 'ops',
    queries: [
      [rate('tidemark_writer_points_total', 'outcome'), 'prices {{outcome}}'],
      [rate('tidemark_scan_writer_points_total', 'outcome'), 'scans {{outcome}}'],
      [rate('tidemark_article_writer_points_total', 'outcome'), 'articles {{outcome}}'],
    ],
  },
  {
    title: 'Waiting on disk for InfluxDB',
    unit: 'bytes',
    queries: [
      ['sum(tidemark_spool_bytes)', 'prices'],
      ['sum(tidemark_scan_spool_bytes)', 'scans'],
      ['sum(tidemark_article_spool_bytes)', 'articles'],
    ],
  },
  {
    title: 'Age of what waits on disk',
    unit: 's',
    queries: [
      ['max(tidemark_spool_oldest_seconds)', 'prices'],
      ['max(tidemark_scan_spool_oldest_seconds)', 'scans'],
      ['max(tidemark_article_spool_oldest_seconds)', 'articles'],
    ],
  },
  {
    title: 'Polls that failed, by exchange',
    unit: 'ops',
    queries: [
      ['sum by (exchange) (rate(tidemark_price_polls_total{outcome!="ok"}[5m]))', '{{exchange}}'],
    ],
  },
  {
    title: 'Lateness, slowest of a hundred',
    unit: 's',
    queries: [
      [slowest('tidemark_price_lateness_seconds'), 'prices'],
      [slowest('tidemark_scan_late_seconds'), 'scans'],
      [slowest('tidemark_article_late_seconds'), 'feeds and articles'],
    ],
  },
  {
    title: 'Flux tasks: since the newest completed slot',
    unit: 's',
    queries: [['max by (task) (tidemark_task_age_seconds)', '{{task}}']],
  },
  {
    title: 'Flux tasks that are wrong, ranges to compute again',
    unit: 'short',
    queries: [
      ['max(tidemark_tasks_wrong)', 'wrong'],
      ['max(tidemark_dirty_ranges)', 'ranges'],
    ],
  },
  {
    title: 'Scans: due, waiting, under way, unsaved',
    unit: 'short',
    queries: [
      ['max(tidemark_scans_due)', 'due'],
      ['sum(tidemark_scans_waiting)', 'waiting'],
      ['sum(tidemark_scans_in_flight)', 'under way'],
      ['sum(tidemark_scans_unsaved)', 'unsaved'],
    ],
  },
  {
    title: 'Pages and messages that wait, by state',
    unit: 'short',
    queries: [
      ['max by (state) (tidemark_article_jobs{state!="done"})', 'pages {{state}}'],
      ['max by (state) (tidemark_deliveries)', 'messages {{state}}'],
    ],
  },
  {
    title: 'Alerts: behind, and age of the canary',
    unit: 's',
    queries: [
      ['max(tidemark_alert_behind_seconds)', 'behind'],
      ['min(tidemark_alert_canary_age_seconds)', 'canary'],
    ],
  },
  {
    title: 'Requests to the API, by status',
    unit: 'ops',
    queries: [[rate('tidemark_http_request_seconds_count', 'status'), '{{status}}']],
  },
  {
    title: 'API, slowest of a hundred, by route',
    unit: 's',
    queries: [[slowest('tidemark_http_request_seconds', 'route'), '{{route}}']],
  },
  {
    title: 'InfluxDB and registry, slowest of a hundred',
    unit: 's',
    queries: [
      [slowest('tidemark_influx_request_seconds', 'kind'), 'InfluxDB {{kind}}'],
      [slowest('tidemark_registry_seconds', 'kind'), 'registry {{kind}}'],
    ],
  },
  {
    title: 'Event loop: how late it comes',
    unit: 's',
    queries: [['max by (instance) (nodejs_eventloop_lag_p99_seconds)', '{{instance}}']],
  },
  {
    title: 'Memory',
    unit: 'bytes',
    queries: [['process_resident_memory_bytes{job="tidemark"}', '{{instance}}']],
  },
];
