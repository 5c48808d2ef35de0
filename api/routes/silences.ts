import type { Silence } from '../../registry/silences.ts';
import type { SilenceDesk } from '../alerts/silence-desk.ts';
import {
  silenceAnswer,
  silencePatch,
  silencesAnswer,
  silencesQuery,
  silenceWish,
} from '../alerts/silence-schemas.ts';
import { readSilencePatch, readSilenceWish } from '../alerts/silence-wish.ts';
import type { Dependencies } from '../app.ts';
import { demand, notThere, readId } from '../http/ids.ts';
import { isoOf } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const path = '/api/v1/silences';
const params = { id: 'The number of the silence.' };
const one = { schema: silenceAnswer };

/** Alerts held back for a while. Everything is also at the short address, `/silences`. */
export function silenceRoutes(dependencies: Dependencies): readonly Route[] {
  return alsoShort([...reading(dependencies.silences), ...changing(dependencies)]);
}

function shown({ id, matcher, comment, fromMs, untilMs, state, held, createdMs }: Silence) {
  const times = { from: isoOf(fromMs), until: isoOf(untilMs), created: isoOf(createdMs) };
  return { id, ...matcher, comment, state, held, ...times };
}

function reading(desk: SilenceDesk): readonly Route[] {
  return [
    defineRoute({
      id: 'silences',
      method: 'get',
      path,
      summary: 'Alerts that are noted but not sent, for a while',
      access: 'read',
      query: silencesQuery,
      answers: { 200: { about: 'One page, by number', schema: silencesAnswer } },
      async handle({ query: { state, limit, after = 0 } }) {
        const found = await desk.list({ after, state, limit: limit + 1 });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shown), next };
      },
    }),
    defineRoute({
      id: 'silence',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One silence',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', ...one } },
      handle: async ({ params: { id = '' } }) => shown(await demand('silence', id, desk.find)),
    }),
  ];
}

function changing({ silences: desk, clock }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'addSilence',
      method: 'post',
      path,
      summary: 'Hold alerts back for a while; they are noted all the same',
      access: 'write',
      query: noQuery,
      body: silenceWish,
      answers: { 201: { about: 'Made', ...one } },
      async handle({ ctx, body }) {
        const silence = await desk.add(readSilenceWish(body, clock.nowMs()));
        ctx.status = 201;
        ctx.set('Location', `${ctx.path.replace(/\/+$/, '')}/${silence.id}`);
        return shown(silence);
      },
    }),
    defineRoute({
      id: 'changeSilence',
      method: 'patch',
      path: `${path}/:id`,
      summary: 'Change a silence. What it has held back is not sent later',
      access: 'write',
      query: noQuery,
      params,
      body: silencePatch,
      answers: { 200: { about: 'It, as it is from now on', ...one } },
      async handle({ params: { id = '' }, body }) {
        const silence = await demand('silence', id, desk.find);
        const change = readSilencePatch(silence, body, clock.nowMs());
        const after = await desk.change(silence.id, change);
        if (after === undefined) throw notThere('silence', id);
        return shown(after);
      },
    }),
    defineRoute({
      id: 'endSilence',
      method: 'delete',
      path: `${path}/:id`,
      summary: 'End a silence now. It stays in the list',
      access: 'write',
      query: noQuery,
      params,
      answers: { 200: { about: 'It, over', ...one } },
      async handle({ params: { id = '' } }) {
        const after = await desk.end(readId('silence', id));
        if (after === undefined) throw notThere('silence', id);
        return shown(after);
      },
    }),
  ];
}
