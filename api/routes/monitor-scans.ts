import type { Dependencies } from '../app.ts';
import { createAdmission } from '../http/admission.ts';
import { mediaOf } from '../http/media.ts';
import { readRange } from '../http/moment.ts';
import { sendPage } from '../http/page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { demandMonitor } from '../monitors/desk.ts';
import { scansAnswer, scansQuery, summaryAnswer, summaryQuery } from '../monitors/scan-schemas.ts';
import { readScans } from '../monitors/scans.ts';
import { readSummary } from '../monitors/summary.ts';
import { formats, mediaTypes } from '../rows/format.ts';

const ANSWERS_MAX = 64;
const params = { id: 'The number of the monitor.' };

/** What was found out about monitors. */
export function monitorReadRoutes(dependencies: Dependencies): readonly Route[] {
  return [scansRoute(dependencies), summaryRoute(dependencies)];
}

function scansRoute(dependencies: Dependencies): Route {
  const { monitors: desk, clock, retentionMs } = dependencies;
  const admitted = createAdmission(ANSWERS_MAX);
  return defineRoute({
    id: 'monitorScans',
    method: 'get',
    path: '/api/v1/monitors/:id/scans',
    summary: 'The scans of a monitor by time',
    access: 'read',
    query: scansQuery,
    params,
    answers: {
      200: {
        about: 'Newest last; `Tidemark-Next`, `Link`: more',
        schema: scansAnswer,
        media: mediaTypes,
      },
    },
    handle: ({ ctx, params: { id = '' }, query, signal: leaving }) =>
      admitted(async () => {
        const media = mediaOf(ctx, query.format);
        const monitor = await demandMonitor(desk, id);
        const compiled = desk.compile(monitor.regexp ?? '');
        const asked = {
          ...{ monitor: monitor.id, intervalMs: monitor.intervalMs, media, limit: query.limit },
          groups: compiled.ok ? compiled.names : [],
          ...readRange(query, { nowMs: clock.nowMs(), retentionMs }),
        };
        const { type } = formats[media];
        await sendPage({ ctx, leaving, type }, (signal) => readScans(dependencies, asked, signal));
      }),
  });
}

function summaryRoute(dependencies: Dependencies): Route {
  const { monitors: desk, clock } = dependencies;
  const admitted = createAdmission(ANSWERS_MAX);
  return defineRoute({
    id: 'monitorSummary',
    method: 'get',
    path: '/api/v1/monitors/:id/summary',
    summary: 'How the scans of a monitor ended and how long they took',
    access: 'read',
    query: summaryQuery,
    params,
    answers: { 200: { about: 'Over the window up to now', schema: summaryAnswer } },
    handle: ({ params: { id = '' }, query: { window, every }, signal }) =>
      admitted(async () => {
        const { id: monitor } = await demandMonitor(desk, id);
        const asked = { monitor, window, every, nowMs: clock.nowMs() };
        const { meaningOf } = desk;
        return readSummary(dependencies, asked, { meaningOf, signal });
      }),
  });
}
