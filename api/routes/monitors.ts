import type { Monitor } from '../../registry/monitors.ts';
import type { Dependencies } from '../app.ts';
import { createAdmission, createShares } from '../http/admission.ts';
import { tagOf } from '../http/field-schemas.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { demandMonitor, noMonitor, readMonitorId } from '../monitors/desk.ts';
import { scanTraceAnswer } from '../monitors/scan-schemas.ts';
import {
  monitorAnswer,
  monitorChanged,
  monitorDetail,
  monitorPatch,
  monitorQuery,
  monitorsAnswer,
  monitorsQuery,
  monitorWish,
} from '../monitors/schemas.ts';
import { shownEvidence, shownMonitor, shownTrace, warningsOf } from '../monitors/views.ts';
import { readPatch, readWish } from '../monitors/wish.ts';
import { noQuery } from '../schemas.ts';
import { monitorReadRoutes } from './monitor-scans.ts';

const SCANS_MAX = 8;
const SCANS_OF_ONE_MAX = 2;

const LONG = '/api/v1/monitors';
const params = { id: 'The number of the monitor.' };
const changed = { schema: monitorChanged };

/** URLs that are scanned. Everything is also at the short address, `/monitors`. */
export function monitorRoutes(dependencies: Dependencies): readonly Route[] {
  return alsoShort([
    ...reading(dependencies),
    ...changing(dependencies),
    scanRoute(dependencies),
    ...monitorReadRoutes(dependencies),
  ]);
}

function reading({ monitors: desk }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'monitors',
      method: 'get',
      path: LONG,
      summary: 'Monitors: URLs that are scanned, and how they stand',
      access: 'read',
      query: monitorsQuery,
      answers: { 200: { about: 'One page, by number', schema: monitorsAnswer } },
      async handle({ query: { active, state, text, tag, limit, after = 0 } }) {
        const found = await desk.list({
          ...{ after, state, text, limit: limit + 1 },
          active: active === undefined ? undefined : active === 'true',
          tag: tag === undefined ? undefined : tagOf(tag),
        });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shownMonitor), next };
      },
    }),
    defineRoute({
      id: 'monitor',
      method: 'get',
      path: `${LONG}/:id`,
      summary: 'One monitor, how it stands, and the last evidence',
      access: 'read',
      query: monitorQuery,
      params,
      answers: { 200: { about: 'It', schema: monitorDetail } },
      async handle({ params: { id = '' }, query }) {
        const monitor = await demandMonitor(desk, id);
        if (query.evidence === 'false') return shownMonitor(monitor);
        const kept = await desk.evidence(monitor.id);
        return { ...shownMonitor(monitor), evidence: kept ? shownEvidence(kept) : null };
      },
    }),
  ];
}

function changing({ monitors: desk }: Dependencies): readonly Route[] {
  const withWarnings = async (monitor: Monitor) => ({
    ...shownMonitor(monitor),
    warnings: await warningsOf(desk, monitor),
  });
  return [
    defineRoute({
      id: 'addMonitor',
      method: 'post',
      path: LONG,
      summary: 'Scan a URL from now on. The same URL and pattern are the same monitor',
      access: 'write',
      query: noQuery,
      body: monitorWish,
      answers: {
        201: { about: 'Made; it is scanned at once', ...changed },
        200: { about: 'It was there: switched on, what was given is changed', ...changed },
      },
      async handle({ ctx, body }) {
        const { wanted, given } = await readWish(desk, body);
        const { monitor, created } = await desk.ensure(wanted, given);
        ctx.status = created ? 201 : 200;
        ctx.set('Location', `${ctx.path.replace(/\/+$/, '')}/${monitor.id}`);
        return withWarnings(monitor);
      },
    }),
    defineRoute({
      id: 'changeMonitor',
      method: 'patch',
      path: `${LONG}/:id`,
      summary: 'Change anything of a monitor but its URL and pattern; null: the default',
      access: 'write',
      query: noQuery,
      params,
      body: monitorPatch,
      answers: { 200: { about: 'It, as it is from now on', ...changed } },
      async handle({ params: { id = '' }, body }) {
        const monitor = await demandMonitor(desk, id);
        const after = await desk.change(monitor.id, readPatch(desk, monitor, body));
        if (after === undefined) throw noMonitor(id);
        return withWarnings(after);
      },
    }),
    defineRoute({
      id: 'deleteMonitor',
      method: 'delete',
      path: `${LONG}/:id`,
      summary: 'Switch a monitor off. It stays in the list, and so do its scans',
      access: 'write',
      query: noQuery,
      params,
      answers: { 200: { about: 'It, not active', schema: monitorAnswer } },
      async handle({ params: { id = '' } }) {
        const after = await desk.change(readMonitorId(id), { active: false });
        if (after === undefined) throw noMonitor(id);
        return shownMonitor(after);
      },
    }),
  ];
}

function scanRoute({ monitors: desk }: Dependencies): Route {
  const admitted = createAdmission(SCANS_MAX);
  const shared = createShares(SCANS_OF_ONE_MAX);
  return defineRoute({
    id: 'scanMonitor',
    method: 'post',
    path: `${LONG}/:id/scan`,
    summary: 'Scan now and tell everything; nothing is recorded',
    access: 'write',
    query: noQuery,
    params,
    answers: { 200: { about: 'What was found out', schema: scanTraceAnswer } },
    async handle({ params: { id = '' }, caller, signal }) {
      const monitor = await demandMonitor(desk, id);
      const trace = await shared(caller?.name ?? '', () =>
        admitted(() => desk.scanNow(monitor, signal)),
      );
      return shownTrace(monitor.id, trace, desk);
    },
  });
}
