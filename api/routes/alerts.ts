import { TidemarkError } from '../../core/errors.ts';
import type { AlertEventFilter } from '../../registry/alert-events.ts';
import type { Alert } from '../../registry/alerts.ts';
import type { AlertDesk } from '../alerts/desk.ts';
import {
  alertAnswer,
  alertEventsAnswer,
  alertEventsQuery,
  alertMade,
  alertPatch,
  alertsAnswer,
  alertsQuery,
  alertTested,
  alertWish,
  allAlertEventsQuery,
  previewAnswer,
  previewWish,
} from '../alerts/schemas.ts';
import { shownAlert, shownEvent, shownMade, shownPreview } from '../alerts/views.ts';
import { readAlertPatch, readAlertWish, readPreviewWish } from '../alerts/wish.ts';
import type { Dependencies } from '../app.ts';
import { createAdmission } from '../http/admission.ts';
import { demand, notThere, readId } from '../http/ids.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const PREVIEWS_MAX = 2;

const path = '/api/v1/alerts';
const params = { id: 'The number of the alert.' };
const made = { schema: alertMade };

/** Who is told of what. Everything is also at the short address, `/alerts`. */
export function alertRoutes(dependencies: Dependencies): readonly Route[] {
  return alsoShort([
    // Before the alerts: `events` is the number of none.
    ...eventRoutes(dependencies),
    ...reading(dependencies),
    addRoute(dependencies),
    ...changing(dependencies),
    ...trying(dependencies),
  ]);
}

function eventRoutes({ alerts: desk }: Dependencies): readonly Route[] {
  const about = 'One page, the newest first';
  return [
    defineRoute({
      id: 'allAlertEvents',
      method: 'get',
      path: `${path}/events`,
      summary: 'What was found, of every alert: one a series and window, and what came of it',
      access: 'read',
      query: allAlertEventsQuery,
      answers: { 200: { about, schema: alertEventsAnswer } },
      handle: ({ query: { after, ...query } }) => eventPage(desk, { before: after, ...query }),
    }),
    defineRoute({
      id: 'alertEvents',
      method: 'get',
      path: `${path}/:id/events`,
      summary: 'What was found, of one alert',
      access: 'read',
      query: alertEventsQuery,
      params,
      answers: { 200: { about, schema: alertEventsAnswer } },
      async handle({ params: { id = '' }, query: { after, ...query } }) {
        const { id: alert } = await demand('alert', id, desk.find);
        return eventPage(desk, { before: after, alert, ...query });
      },
    }),
  ];
}

async function eventPage(desk: AlertDesk, { limit, ...filter }: AlertEventFilter) {
  const found = await desk.events({ ...filter, limit: limit + 1 });
  const { items, next } = page(found, limit, ({ id }) => String(id));
  return { items: items.map(shownEvent), next };
}

function reading({ alerts: desk }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'alerts',
      method: 'get',
      path,
      summary: 'Alerts, and what they are about',
      access: 'read',
      query: alertsQuery,
      answers: { 200: { about: 'One page, by number', schema: alertsAnswer } },
      async handle({ query: { active, kind, channel, limit, after = 0 } }) {
        const found = await desk.list({
          ...{ after, kind, channel, limit: limit + 1 },
          active: active === undefined ? undefined : active === 'true',
        });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shownAlert), next };
      },
    }),
    defineRoute({
      id: 'alert',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One alert, and what keeps it from being told',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', ...made } },
      handle: async ({ params: { id = '' } }) => whole(desk, await demand('alert', id, desk.find)),
    }),
  ];
}

async function whole(desk: AlertDesk, alert: Alert) {
  const channel = await desk.findChannel(alert.channel);
  if (channel === undefined) throw notThere('channel', alert.channel);
  return shownMade(alert, { channel });
}

function addRoute({ alerts: desk }: Dependencies): Route {
  return defineRoute({
    id: 'addAlert',
    method: 'post',
    path,
    summary:
      'Be told when something is remarkable: by default any price or volume above 3 x its mean',
    access: 'write',
    query: noQuery,
    body: alertWish,
    answers: {
      201: { about: 'Made; a new channel is asked to confirm', ...made },
      200: { about: 'The same was there: it is active', ...made },
    },
    async handle({ ctx, body }) {
      const wanted = await readAlertWish(desk, body);
      const fallback = wanted.fallback && (await desk.channel(wanted.fallback));
      const first = await desk.channel(wanted.address);
      const { alert, made: isNew } = await desk.add({
        ...wanted.alert,
        channel: first.channel.id,
        fallback: fallback?.channel.id ?? null,
      });
      ctx.status = isNew ? 201 : 200;
      ctx.set('Location', `${ctx.path.replace(/\/+$/, '')}/${alert.id}`);
      return shownMade(alert, first);
    },
  });
}

function changing({ alerts: desk, clock }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'changeAlert',
      method: 'patch',
      path: `${path}/:id`,
      summary: 'Change anything of an alert but its kind and address; null: the default',
      access: 'write',
      query: noQuery,
      params,
      body: alertPatch,
      answers: { 200: { about: 'It, as it is from now on', ...made } },
      async handle({ params: { id = '' }, body: patch }) {
        const alert = await demand('alert', id, desk.find);
        const read = await readAlertPatch(desk, alert, { patch, nowMs: clock.nowMs() });
        const { fallback, ...change } = read;
        const other = fallback && (await desk.channel(fallback)).channel.id;
        const after = await desk.change(alert.id, {
          ...change,
          ...(other !== undefined && { fallback: other }),
        });
        if (after === undefined) throw notThere('alert', id);
        return whole(desk, after);
      },
    }),
    defineRoute({
      id: 'deleteAlert',
      method: 'delete',
      path: `${path}/:id`,
      summary: 'Switch an alert off; what waits to be sent is not. It stays in the list',
      access: 'write',
      query: noQuery,
      params,
      answers: { 200: { about: 'It, not active', schema: alertAnswer } },
      async handle({ params: { id = '' } }) {
        const after = await desk.remove(readId('alert', id));
        if (after === undefined) throw notThere('alert', id);
        return shownAlert(after);
      },
    }),
  ];
}

function trying({ alerts: desk, clock }: Dependencies): readonly Route[] {
  const admitted = createAdmission(PREVIEWS_MAX);
  return [
    defineRoute({
      id: 'testAlert',
      method: 'post',
      path: `${path}/:id/test`,
      summary: 'Send a message that says that it is a test; at most one in ten seconds',
      access: 'write',
      query: noQuery,
      params,
      answers: { 202: { about: 'Its number', schema: alertTested } },
      async handle({ ctx, params: { id = '' } }) {
        const alert = await demand('alert', id, desk.find);
        if (!alert.active) {
          throw new TidemarkError('conflict', `alert ${alert.id} is switched off`);
        }
        ctx.status = 202;
        return { alert: alert.id, delivery: await desk.test(alert) };
      },
    }),
    defineRoute({
      id: 'previewAlert',
      method: 'post',
      path: `${path}/preview`,
      summary: 'How often an alert would have been told, on stored data; nothing is recorded',
      access: 'write',
      query: noQuery,
      body: previewWish,
      answers: { 200: { about: 'When, and of which series', schema: previewAnswer } },
      handle: ({ body, signal }) =>
        admitted(async () => {
          const { rangeMs, ...asked } = await readPreviewWish(desk, body);
          const toMs = clock.nowMs();
          const range = { fromMs: toMs - rangeMs, toMs };
          return shownPreview(await desk.preview({ ...asked, ...range, signal }), range);
        }),
    }),
  ];
}
