import { hubMetrics } from '../api/events/hub.ts';
import { httpMetrics } from '../api/http/observe.ts';
import { countLost, countSkipped } from '../api/keys/audit.ts';
import { countLimited, countUnknownKeys } from '../api/keys/guard.ts';
import { createMetrics, type MetricEntry } from '../core/metrics.ts';
import { traceMetrics } from '../core/otel.ts';
import { createArticleMetrics, showArticles } from '../ingest/articles/article-metrics.ts';
import { countForgotten } from '../ingest/articles/retention.ts';
import { createIngestMetrics } from '../ingest/metrics.ts';
import { createBackfillMetrics } from '../ingest/prices/backfill/metrics.ts';
import { createStreamMetrics } from '../ingest/prices/streams/metrics.ts';
import { createWorkerMetrics, showWorker } from '../ingest/scans/worker-metrics.ts';
import { createAlertMetrics } from '../tasks/alerts/metrics.ts';
import { createDeliveryMetrics, showDeliveries } from '../tasks/notify/delivery-metrics.ts';
import {
  countUntold,
  showBuild,
  showCanary,
  showEvaluation,
  showProbes,
  showSpool,
  showTasks,
  showWorkers,
  timeRequests,
  timeStatements,
} from './levels.ts';
import { writerMetrics } from './writer.ts';

const nothing = (): never => {
  throw new Error('only what metrics are called is known here');
};

/**
 * Our metrics of a process that has every role, with nothing behind them: what docs/metrics.md
 * shows. A test compares it with a process that runs.
 */
export function metricList(): readonly MetricEntry[] {
  const metrics = createMetrics();
  showBuild(metrics, '', '');
  showProbes(metrics, [], { sleep: nothing });
  timeRequests(metrics);
  timeStatements(metrics);
  traceMetrics(metrics);
  httpMetrics(metrics);
  hubMetrics(metrics);
  countLimited(metrics);
  countUnknownKeys(metrics);
  countLost(metrics);
  countSkipped(metrics);
  for (const prefix of ['', 'scan_', 'article_']) {
    writerMetrics(metrics, prefix);
    showSpool(metrics, prefix, nothing);
  }
  createIngestMetrics(metrics);
  createStreamMetrics(metrics);
  createBackfillMetrics(metrics);
  countUntold(metrics);
  createWorkerMetrics(metrics);
  showWorker(metrics, nothing, nothing);
  createArticleMetrics(metrics);
  showArticles(metrics, nothing, nothing);
  countForgotten(metrics);
  for (const role of ['scans', 'articles'] as const) showWorkers(metrics, role, nothing);
  showTasks(metrics, nothing, nothing);
  createAlertMetrics(metrics);
  showEvaluation(metrics, nothing);
  showCanary(metrics, nothing);
  createDeliveryMetrics(metrics);
  showDeliveries(metrics, nothing, nothing);
  return metrics.entries();
}
