import type { ProbeResult } from '../api/contract.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { createHttp } from '../core/http.ts';
import { version } from '../core/paths.ts';
import { createArticleMetrics, showArticles } from '../ingest/articles/article-metrics.ts';
import { openArticleLedger } from '../ingest/articles/ledger.ts';
import { createPageReader } from '../ingest/articles/pages/reader.ts';
import { createPreparer } from '../ingest/articles/preparer.ts';
import { createFeedReader } from '../ingest/articles/reader.ts';
import { startRetention } from '../ingest/articles/retention.ts';
import {
  type ArticleState,
  type ArticleWorkers,
  articleDefaults,
  startArticles,
} from '../ingest/articles/worker.ts';
import { JOBS_CHANNEL, jobCounts } from '../registry/article-jobs.ts';
import { FEEDS_CHANNEL } from '../registry/feeds.ts';
import { followChannel } from '../registry/follow.ts';
import { returnVisits } from '../registry/left-visits.ts';
import { RULES_CHANNEL } from '../registry/rules.ts';
import { countWorkers, leaveAll } from '../registry/workers.ts';
import { showWorkers } from './levels.ts';
import { createScanGate } from './scan-gate.ts';
import type { Base } from './start.ts';
import { newWorkerId } from './worker-id.ts';
import { openWriter } from './writer.ts';

/** A query that takes longer may have been carried out or not; much shorter than a lease. */
const REGISTRY_MS_MAX = 15_000;
const LISTEN_AGAIN_MS = 5_000;
const LEASES_SILENT = 2;

/** Feeds and pages that are due -> articles -> registry, writer -> InfluxDB. */
export async function startArticleIngest(base: Base): Promise<void> {
  const { config, log, metrics, trace, parts, probes, registry } = base;
  // Leases and deadlines are of real time, whatever the clock of the polls.
  const clock = systemClock;
  const sink = await openWriter(base, { dir: 'spool-articles', prefix: 'article_' });
  const http = createHttp({ clock, version, gate: createScanGate({ ...base, clock }) });
  parts.add('articles http', http.close);
  const reader = createFeedReader({ clock, log });
  parts.add('feed reader', reader.close);
  const preparer = createPreparer({ clock });
  parts.add('article preparer', preparer.close);
  const pages = createPageReader({ clock, log });
  parts.add('page reader', pages.close);
  const limits = {
    concurrency: config.articleConcurrency,
    spacingMs: config.articleHostSpacingMs,
    floorMs: config.feedIntervalMinMs,
    maxMs: Math.max(config.feedIntervalMinMs, config.feedIntervalMaxMs),
    leaseMs: articleDefaults.leaseMs + config.articleHostSpacingMs,
  };
  const { leaseMs } = limits;
  const worker = { ...newWorkerId(), slots: limits.concurrency, leaseMs };
  const ledger = openArticleLedger({
    database: registry,
    worker,
    clock,
    timeoutMs: REGISTRY_MS_MAX,
  });
  await leaveAll(registry, 'articles');
  await returnVisits(registry, { spacingMs: limits.spacingMs });
  const writeLine = (line: string): void => void process.stdout.write(`${line}\n`);
  const articles = startArticles({
    ...{ ledger, http, reader, preparer, pages, sink, clock, random: Math.random, log, limits },
    metrics: createArticleMetrics(metrics),
    trace,
    ...(config.articlesStdout && { writeLine }),
  });
  parts.add('articles', () => articles.close());
  listen(base, articles);
  const { articlesKeptMs: articlesMs, jobsKeptMs: doneJobsMs, eventsKeptMs: eventsMs } = config;
  const kept = { articlesMs, doneJobsMs, deadJobsMs: config.deadJobsKeptMs, eventsMs };
  const retention = startRetention({ database: registry, kept, clock, log, metrics });
  parts.add('article retention', retention.close);
  probes.push({ name: 'articles', check: async () => articlesProbe(articles.state(), leaseMs) });
  showArticles(
    metrics,
    () => articles.state(),
    () => jobCounts(registry),
  );
  showWorkers(metrics, 'articles', () => countWorkers(registry, 'articles'));
}

/** Woken when something is made or changed; what is not heard is found soon after. */
function listen({ registry, log, parts }: Base, articles: ArticleWorkers): void {
  const wakes = {
    [FEEDS_CHANNEL]: 'wake',
    [JOBS_CHANNEL]: 'wake',
    [RULES_CHANNEL]: 'rulesChanged',
  };
  for (const [channel, call] of Object.entries(wakes)) {
    const following = followChannel({
      ...{ database: registry, channel, clock: systemClock, everyMs: LISTEN_AGAIN_MS },
      round: (news) => {
        if (news) articles[call as 'wake' | 'rulesChanged']();
      },
      failed: (error) =>
        log.debug({ channel, error: messageOf(error) }, 'looked for, not heard of'),
    });
    parts.add(channel, following.close);
  }
}

function articlesProbe(state: ArticleState, leaseMs: number): ProbeResult {
  const { sinceAnswerMs, registryError, spoolError } = state;
  if (registryError !== undefined || (sinceAnswerMs ?? 0) > LEASES_SILENT * leaseMs) {
    const reason = `no feeds are checked: ${registryError ?? 'the registry does not answer'}`;
    return { ok: false, reason, fix: "look after the registry's database" };
  }
  if (spoolError === undefined) return { ok: true };
  const fix = 'make room below DATA_DIR: points wait in the registry';
  return { ok: false, reason: `points cannot be written to disk: ${spoolError}`, fix };
}
