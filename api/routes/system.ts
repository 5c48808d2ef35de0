import { setMaxListeners } from 'node:events';
import { messageOf } from '../../core/errors.ts';
import type { Dependencies } from '../app.ts';
import type { Probe, ProbeResult } from '../contract.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { healthAnswer, indexAnswer, noQuery, type ReadyAnswer, readyAnswer } from '../schemas.ts';
import { asksForPage, sendAsset } from './assets.ts';

const PROBE_TIMEOUT_MS = 2000;
const PROMETHEUS_TEXT = { about: 'Prometheus text format', media: ['text/plain'] };

const open = { method: 'get', access: 'open', query: noQuery } as const;

interface SystemRoutes {
  /** Health, readiness and metrics: every process has them. */
  readonly health: readonly Route[];
  readonly indexes: readonly Route[];
}

/** What a process says of itself. */
export function systemRoutes(dependencies: Dependencies): SystemRoutes {
  return { health: healthRoutes(dependencies), indexes: indexRoutes(dependencies) };
}

function healthRoutes(dependencies: Dependencies): readonly Route[] {
  const { metrics } = dependencies;
  return [
    defineRoute({
      ...open,
      id: 'health',
      path: '/healthz',
      summary: 'The process answers',
      answers: { 200: { about: 'It does', schema: healthAnswer } },
      handle: async () => ({ status: 'ok' }),
    }),
    defineRoute({
      ...open,
      id: 'ready',
      path: '/readyz',
      summary: 'Everything that the process needs works',
      answers: {
        200: { about: 'Ready', schema: readyAnswer },
        503: { about: 'Not ready: what is wrong and how to fix it', schema: readyAnswer },
      },
      async handle({ ctx, caller, signal }) {
        const answer = await probeAll(dependencies, signal);
        if (answer.status !== 'ready') {
          ctx.status = 503;
          ctx.set('Retry-After', '5');
        }
        // Reasons name addresses and settings: not for strangers.
        if (caller !== undefined) return answer;
        return { ...answer, checks: answer.checks.map(({ name, ok }) => ({ name, ok })) };
      },
    }),
    defineRoute({
      ...open,
      id: 'metrics',
      path: '/metrics',
      summary: 'Metrics for Prometheus',
      access: 'read',
      answers: { 200: PROMETHEUS_TEXT },
      async handle({ ctx }) {
        const { contentType, text } = await metrics.read();
        ctx.set('Content-Type', contentType);
        return text;
      },
    }),
  ];
}

function indexRoutes({ version, assets }: Dependencies): readonly Route[] {
  const index = async () => ({ name: 'tidemark', version, links: LINKS });
  const dashboard = assets.get('index.html');
  return [
    defineRoute({
      ...open,
      id: 'index',
      path: '/',
      summary: 'Where everything is; for browsers the dashboard',
      answers: { 200: { about: 'Links', schema: indexAnswer } },
      async handle({ ctx }) {
        if (!asksForPage(ctx) || dashboard === undefined) return index();
        sendAsset(ctx, dashboard);
        return undefined;
      },
    }),
    defineRoute({
      ...open,
      id: 'apiIndex',
      path: '/api/v1',
      summary: 'The same',
      hidden: true,
      answers: {},
      handle: index,
    }),
  ];
}

const LINKS = {
  prices: '/{pair}?duration=-24h&exchange=',
  pairs: '/api/v1/pairs',
  exchanges: '/api/v1/exchanges',
  recorded: '/api/v1/metrics',
  backfills: '/api/v1/backfills',
  monitors: '/monitors',
  feeds: '/feeds',
  rules: '/rules',
  articles: '/articles',
  jobs: '/jobs',
  events: '/api/v1/events',
  docs: '/docs',
  openapi: '/openapi.json',
  health: '/healthz',
  ready: '/readyz',
  metrics: '/metrics',
};

async function probeAll(
  { probes, clock }: Dependencies,
  caller: AbortSignal,
): Promise<ReadyAnswer> {
  const done = new AbortController();
  const signal = AbortSignal.any([caller, done.signal]);
  // Each check may wait for it, and there are many.
  setMaxListeners(0, signal);
  const slow: ProbeResult = { ok: false, reason: `no answer within ${PROBE_TIMEOUT_MS} ms` };
  const late = clock.sleep(PROBE_TIMEOUT_MS, signal).then(
    () => slow,
    () => slow,
  );
  try {
    const checks = await Promise.all(
      probes.map(async (probe) => {
        const result = await Promise.race([runProbe(probe, signal), late]);
        return { name: probe.name, ...result };
      }),
    );
    return { status: checks.every(({ ok }) => ok) ? 'ready' : 'not-ready', checks };
  } finally {
    done.abort();
  }
}

async function runProbe(probe: Probe, signal: AbortSignal): Promise<ProbeResult> {
  try {
    return await probe.check(signal);
  } catch (error) {
    return { ok: false, reason: messageOf(error) };
  }
}
