import Router from '@koa/router';
import Koa, { type Context, type Next } from 'koa';
import type { Clock } from '../core/clock.ts';
import { TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Trace } from '../core/trace.ts';
import type { MetricQueries } from '../flux/metric-queries.ts';
import type { PriceQueries } from '../flux/price-queries.ts';
import type { ScanQueries } from '../flux/scan-queries.ts';
import type { Catalog } from '../registry/catalog.ts';
import type { AlertDesk } from './alert-desk.ts';
import type { ArticleDesk, JobDesk } from './article-desk.ts';
import type { Assets } from './assets.ts';
import { createGuard, type Guard } from './auth.ts';
import { readBody } from './body.ts';
import type { ChannelDesk, DeliveryDesk } from './channel-desk.ts';
import { conditional } from './conditional.ts';
import type { ApiKey, Choices, Influx, KnownExchanges, Probe } from './contract.ts';
import { catchErrors, HttpProblem } from './errors.ts';
import type { Hub } from './events/contract.ts';
import type { FeedDesk } from './feed-desk.ts';
import type { Runs } from './leaderboard/runs.ts';
import type { MonitorDesk } from './monitor-desk.ts';
import { observe } from './observe.ts';
import { openApiOf } from './openapi.ts';
import { refuseStrangers } from './origin.ts';
import type { Ranks } from './ranks.ts';
import { isReserved } from './reserved.ts';
import { defineRoute, type Route } from './route.ts';
import { alertRoutes } from './routes/alerts.ts';
import { articleRoutes } from './routes/articles.ts';
import { assetRoutes } from './routes/assets.ts';
import { type BackfillDesk, backfillRoutes } from './routes/backfills.ts';
import { channelRoutes } from './routes/channels.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { eventRoutes } from './routes/events.ts';
import { exchangeRoutes } from './routes/exchanges.ts';
import { feedRoutes } from './routes/feeds.ts';
import { fluxRoutes } from './routes/flux.ts';
import { type History, historyRoutes } from './routes/history.ts';
import { jobRoutes } from './routes/jobs.ts';
import { listRoutes } from './routes/lists.ts';
import { metricRoutes } from './routes/metrics.ts';
import { monitorRoutes } from './routes/monitors.ts';
import { priceRoutes } from './routes/prices.ts';
import { rankRoutes } from './routes/ranks.ts';
import { ruleRoutes } from './routes/rules.ts';
import { silenceRoutes } from './routes/silences.ts';
import { systemRoutes } from './routes/system.ts';
import { taskRoutes } from './routes/tasks.ts';
import type { RuleDesk } from './rule-desk.ts';
import { decodeStrictly, noQuery, readQuery } from './schemas.ts';
import type { SilenceDesk } from './silence-desk.ts';
import type { TaskDesk } from './task-desk.ts';

export interface Dependencies {
  /** `health`: only health, readiness and metrics, for a process that has another role. */
  readonly serves?: 'everything' | 'health';
  readonly influx: Influx;
  /** Its bucket of prices, which examples and proposals name. */
  readonly bucket: string;
  readonly catalog: Catalog;
  /** The scripts of flux/, with their parameters in place. */
  readonly queries: PriceQueries;
  readonly metricQueries: MetricQueries;
  readonly history: History;
  readonly runs: Runs;
  readonly choices: Choices;
  readonly backfills: BackfillDesk;
  readonly monitors: MonitorDesk;
  readonly scanQueries: ScanQueries;
  readonly feeds: FeedDesk;
  readonly rules: RuleDesk;
  readonly articles: ArticleDesk;
  readonly jobs: JobDesk;
  readonly alerts: AlertDesk;
  readonly channels: ChannelDesk;
  readonly deliveries: DeliveryDesk;
  readonly silences: SilenceDesk;
  readonly tasks: TaskDesk;
  readonly hub: Hub;
  /** The files of the dashboard. */
  readonly assets: Assets;
  readonly knownExchanges: KnownExchanges;
  readonly ranks: Ranks;
  readonly probes: readonly Probe[];
  readonly metrics: Metrics;
  /** Spans of requests; none by default. */
  readonly trace?: Trace;
  readonly clock: Clock;
  readonly log: Log;
  /** Longest range that can be asked for. */
  readonly retentionMs: number;
  readonly keys: readonly ApiKey[];
  /** Where it listens; the name that requests have to use while there are no keys. */
  readonly host: string;
  readonly version: string;
  /** A fresh id for a request that brings none. */
  readonly newId: () => string;
}

/** Every route, in the order of matching: a pair's address is the last. */
export function routesOf(dependencies: Dependencies): readonly Route[] {
  const system = systemRoutes(dependencies);
  if (dependencies.serves === 'health') return system.health;
  const routes: Route[] = [
    ...system.health,
    ...system.indexes,
    ...listRoutes(dependencies),
    ...exchangeRoutes(dependencies),
    ...metricRoutes(dependencies),
    ...historyRoutes(dependencies),
    ...rankRoutes(dependencies),
    ...backfillRoutes(dependencies),
    ...monitorRoutes(dependencies),
    ...feedRoutes(dependencies),
    ...ruleRoutes(dependencies),
    ...articleRoutes(dependencies),
    ...jobRoutes(dependencies),
    ...alertRoutes(dependencies),
    ...channelRoutes(dependencies),
    ...deliveryRoutes(dependencies),
    ...silenceRoutes(dependencies),
    ...taskRoutes(dependencies),
    ...eventRoutes(dependencies),
    ...fluxRoutes(dependencies),
    ...assetRoutes(dependencies),
    defineRoute({
      id: 'openapi',
      method: 'get',
      path: '/openapi.json',
      summary: 'This document',
      access: 'open',
      query: noQuery,
      answers: { 200: { about: 'OpenAPI 3.1', media: ['application/json'] } },
      handle: async () => document,
    }),
    ...priceRoutes(dependencies),
  ];
  const document = openApiOf(routes, dependencies.version);
  return routes;
}

/** The API as a Koa application: requests in, no state of its own. `server.ts` listens with it. */
export function createApp(dependencies: Dependencies): Koa {
  const { log, keys } = dependencies;
  const app = new Koa();
  // Whatever still reaches Koa after the catch below is a failure to answer at all.
  app.on('error', (error: Error) => log.debug({ reason: error.message }, 'answer not delivered'));
  app.use(observe(dependencies));
  app.use(securityHeaders);
  app.use(catchErrors(log));
  app.use(checkPath);
  app.use(refuseStrangers(dependencies));
  const router = routerOf(routesOf(dependencies), createGuard(keys));
  app.use(answerOthers);
  app.use(router.routes());
  return app;
}

function routerOf(routes: readonly Route[], guard: Guard): Router {
  const router = new Router();
  for (const route of routes) {
    router[route.method](route.path, async (ctx) => {
      ctx.state.route = route.id;
      const caller = guard.identify(credentialsOf(ctx, route));
      if (route.access !== 'open') guard.demand(caller, route.access);
      const query = readQuery(route.query, ctx.querystring);
      const body = route.body && (await readBody(ctx.req, route.body));
      const { params } = ctx;
      const answer = await route.handle({ ctx, params, query, body, caller, signal: leaving(ctx) });
      if (answer !== undefined) conditional(ctx, answer);
    });
  }
  return router;
}

function credentialsOf(ctx: Context, { keyInQuery = false }: Route): string {
  const { key } = keyInQuery ? ctx.query : {};
  return ctx.get('authorization') || (typeof key === 'string' ? `Bearer ${key}` : '');
}

/** Aborts when the connection closes before the answer is complete. */
function leaving(ctx: Context): AbortSignal {
  const controller = new AbortController();
  ctx.res.once('close', () => {
    if (ctx.res.writableFinished) return;
    controller.abort(new TidemarkError('cancelled', 'the client left'));
  });
  return controller.signal;
}

async function securityHeaders(ctx: Context, next: Next): Promise<void> {
  ctx.set({
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
  await next();
}

/** Refuses paths that no route could read; the router itself takes bad escapes as they stand. */
async function checkPath(ctx: Context, next: Next): Promise<void> {
  decodeStrictly(ctx.path);
  await next();
}

/** OPTIONS, 405 with what is allowed, and 404, for everything that no route has taken. */
async function answerOthers(ctx: Context, next: Next): Promise<void> {
  await next();
  if (ctx.state.route !== undefined) return;
  const methods = methodsAt(ctx);
  if (methods.length === 0) {
    throw new TidemarkError('not-found', `nothing at ${ctx.path}`, {
      details: { index: '/api/v1' },
    });
  }
  const Allow = [...methods, 'OPTIONS'].sort().join(', ');
  if (ctx.method !== 'OPTIONS') {
    throw new HttpProblem(405, 'method-not-allowed', `${ctx.method} is not allowed here`, {
      details: { allowed: Allow.split(', ') },
      headers: { Allow },
    });
  }
  ctx.set('Allow', Allow);
  ctx.status = 204;
}

/**
 * What can be done at this path. A pair's route matches any path, so reserved words are no match.
 */
function methodsAt(ctx: Context): readonly string[] {
  const layers = (ctx.matched ?? []) as readonly { path: string; methods: string[] }[];
  const reserved = isReserved(ctx.path.split('/')[1] ?? '');
  const matching = layers.filter(({ path }) => !(reserved && path.startsWith('/:')));
  return [...new Set(matching.flatMap((layer) => layer.methods))];
}
