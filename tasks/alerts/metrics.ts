import type { Count, Metrics, Spread } from '../../core/metrics.ts';

export interface AlertMetrics {
  /** Steps of rules, by `result`: evaluated, late, missed (no task had written it), again. */
  readonly steps: Count;
  readonly firings: Count;
  /** What became of alerts, by `outcome`. */
  readonly events: Count;
  /** From a point's time to its event. */
  readonly seconds: Spread;
}

export function createAlertMetrics(metrics: Metrics): AlertMetrics {
  return {
    steps: metrics.count({
      name: 'alert_steps_total',
      help: 'Steps of alert rules, by result: evaluated, late, missed by their task, again',
      labels: ['result'],
    }),
    firings: metrics.count({
      name: 'alert_firings_total',
      help: 'Series that steps of alert rules have found',
    }),
    events: metrics.count({
      name: 'alert_events_total',
      help: 'Alerts by what became of them',
      labels: ['outcome'],
    }),
    seconds: metrics.spread({
      name: 'alert_event_seconds',
      help: 'From the time of a point to the alert that it caused',
      buckets: [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 900, 3_600],
    }),
  };
}
