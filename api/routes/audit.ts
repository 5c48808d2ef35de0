import type { Dependencies } from '../app.ts';
import { readMoment } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { auditAnswer, auditQuery } from '../keys/audit-schemas.ts';
import { shownEntry } from '../keys/views.ts';

/** Who changed what. Also at the short address, `/audit`. */
export function auditRoutes(dependencies: Dependencies): readonly Route[] {
  return alsoShort([
    defineRoute({
      id: 'audit',
      method: 'get',
      path: '/api/v1/audit',
      summary: 'Who changed what, or was refused to: the newest first',
      access: 'admin',
      query: auditQuery,
      answers: { 200: { about: 'One page', schema: auditAnswer } },
      async handle({ query: { key, route, from, to, limit, after: before } }) {
        const nowMs = dependencies.clock.nowMs();
        const found = await dependencies.auditDesk.list({
          ...{ key, route, before, limit: limit + 1 },
          ...(from !== undefined && { fromMs: readMoment('from', from, nowMs) }),
          ...(to !== undefined && { toMs: readMoment('to', to, nowMs) }),
        });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shownEntry), next };
      },
    }),
  ]);
}
