import Router from '@koa/router';
import Koa, { type Context, type Next } from 'koa';
import type { AddressRanges } from '../core/address-ranges.ts';
import type { Clock } from '../core/clock.ts';
import { TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Trace } from '../core/trace.ts';
import type { MetricQueries } from '../flux/metric-queries.ts';
import type { PriceQueries } from '../flux/price-queries.ts';
import type { ScanQueries } from '../flux/scan-queries.ts';
import type { Catalog } from '../registry/catalog.ts';
import type { AlertDesk } from './alerts/desk.ts';
import type { SilenceDesk } from './alerts/silence-desk.ts';
import type { ArticleDesk, JobDesk } from './articles/desk.ts';
import type { FeedDesk } from './articles/feed-desk.ts';
import type { RuleDesk } from './articles/rule-desk.ts';
import type { Assets } from './assets.ts';
import type { ChannelDesk, DeliveryDesk } from './channels/desk.ts';
import type { Choices, Influx, KnownExchanges, Probe } from './contract.ts';
import type { Hub } from './events/contract.ts';
import { readBody } from './http/body.ts';
import { conditional } from './http/conditional.ts';
import { catchErrors, HttpProblem } from './http/errors.ts';
import { observe } from './http/observe.ts';
import { isReserved } from './http/reserved.ts';
import { defineRoute, type Route } from './http/route.ts';
import { type AuditTrail, auditing } from './keys/audit.ts';
import { createOrigins, shareWith } from './keys/cors.ts';
import type { AuditDesk, KeyDesk } from './keys/desk.ts';
import { createGuard, type Guard } from './keys/guard.ts';
import type { Keyring } from './keys/keyring.ts';
import { refuseStrangers } from './keys/origin.ts';
import type { Ranks } from './leaderboard/ranks.ts';
import type { Runs } from './leaderboard/runs.ts';
import type { MonitorDesk } from './monitors/desk.ts';
import { openApiOf } from './openapi/document.ts';
import { alertRoutes } from './routes/alerts.ts';
import { articleRoutes } from './routes/articles.ts';
import { assetRoutes } from './routes/assets.ts';
import { auditRoutes } from './routes/audit.ts';
import { type BackfillDesk, backfillRoutes } from './routes/backfills.ts';
import { channelRoutes } from './routes/channels.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/events.ts';
import { exchangeRoutes } from './routes/exchanges.ts';
import { feedRoutes } from './routes/feeds.ts';
import { fluxRoutes } from './routes/flux.ts';
import { type History, historyRoutes } from './routes/history.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { listRoutes } from './routes/lists.ts';
import { metricRoutes } from './routes/metrics.ts';
import { monitorRoutes } from './routes/monitors.ts';
import { moveRoutes } from './routes/moves.ts';
import { priceRoutes } from './routes/prices.ts';
import { rankRoutes } from './routes/ranks.ts';
import { ruleRoutes } from './routes/rules.ts';
import { silenceRoutes } from './routes/silences.ts';
import { systemRoutes } from './routes/system.ts';
import { taskRoutes } from './routes/tasks.ts';
import { decodeStrictly, noQuery, readQuery } from './schemas.ts';
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
  /** The keys that open the API, as of now. */
  readonly keyring: Keyring;
  readonly keyDesk: KeyDesk;
  readonly auditDesk: AuditDesk;
  /** Who changed what is written there. */
  readonly auditTrail: Pick<AuditTrail, 'note'>;
  /** Requests a second of a key that has no rate of its own; 0: as many as come. */
  readonly apiRate: number;
  /** Origins whose pages may use the API, or `*` alone. */
  readonly corsOrigins: readonly string[];
  /** Whose word on the client's address counts. */
  readonly proxies: AddressRanges;
  /** People reach it by https. */
  readonly secure: boolean;
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
    ...moveRoutes(dependencies),
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
    ...docsRoutes(dependencies),
    ...keyRoutes(dependencies),
    ...auditRoutes(dependencies),
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
  const { log, keyring, host, corsOrigins, auditTrail: trail, clock, metrics } = dependencies;
  const origins = createOrigins({ origins: corsOrigins, isOpen: () => keyring.isOpen() });
  const app = new Koa();
  // Whatever still reaches Koa after the catch below is a failure to answer at all.
  app.on('error', (error: Error) => log.debug({ reason: error.message }, 'answer not delivered'));
  app.use(observe(dependencies));
  app.use(securityHeaders(dependencies.secure));
  app.use(auditing({ trail, clock, metrics }));
  app.use(shareWith(origins));
  app.use(catchErrors(log));
  app.use(checkPath);
  app.use(checkExpectation);
  app.use(refuseStrangers({ keyring, host, origins }));
  const router = routerOf(routesOf(dependencies), createGuard(dependencies));
  app.use(answerOthers);
  app.use(router.routes());
  return app;
}

function routerOf(routes: readonly Route[], guard: Guard): Router {
  const router = new Router();
  const isPlain = plainPathsOf(routes);
  for (const route of routes) {
    const hasPlaces = /[:*]/.test(route.path);
    router[route.method](route.path, async (ctx, next) => {
      if (hasPlaces && isPlain(ctx.path)) return next();
      ctx.state.route = route.id;
      const caller = guard.admit(ctx, route);
      const query = readQuery(route.query, ctx.querystring);
      const body = route.body && (await readBody(ctx.req, route.body));
      const { params } = ctx;
      const answer = await route.handle({ ctx, params, query, body, caller, signal: leaving(ctx) });
      if (answer !== undefined) conditional(ctx, answer);
    });
  }
  return router;
}

/**
 * Tells whether a path is one that some route writes out, such as `/rules/test`. It is then no
 * `/rules/:id` with another method.
 */
function plainPathsOf(routes: readonly Pick<Route, 'path'>[]): (path: string) => boolean {
  const plain = new Set(routes.filter((route) => !/[:*]/.test(route.path)).map(({ path }) => path));
  return (path) => plain.has(path.toLowerCase().replace(/(?<=.)\/$/, ''));
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

/** What a handler sets wins. `secure`: browsers are told to come by https alone, for a year. */
function securityHeaders(secure: boolean) {
  const headers = {
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    ...(secure && { 'Strict-Transport-Security': 'max-age=31536000' }),
  };
  return async (ctx: Context, next: Next): Promise<void> => {
    ctx.set(headers);
    await next();
  };
}

/** Refuses paths that no route could read; the router itself takes bad escapes as they stand. */
async function checkPath(ctx: Context, next: Next): Promise<void> {
  decodeStrictly(ctx.path);
  await next();
}

const CONTINUE = /^\s*100-continue\s*$/i;

/** Of what a client may expect before it sends its body there is only one thing (RFC 9110). */
async function checkExpectation(ctx: Context, next: Next): Promise<void> {
  const expectation = ctx.get('expect');
  if (expectation !== '' && !CONTINUE.test(expectation)) {
    throw new HttpProblem(417, 'expectation-failed', 'nothing of that kind can be expected here', {
      details: { header: 'Expect', expected: '100-continue, or none' },
    });
  }
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
  const here = layers.filter(({ path }) => !(reserved && path.startsWith('/:')));
  // A path that is written out is not one with a place for a name.
  const plain = here.filter(({ path }) => !/[:*]/.test(path));
  const matching = plain.length > 0 ? plain : here;
  return [...new Set(matching.flatMap((layer) => layer.methods))];
}
