import { TidemarkError } from '../../core/errors.ts';
import type { Delivery, DeliveryFilter, WholeDelivery } from '../../registry/deliveries.ts';
import type { Dependencies } from '../app.ts';
import {
  alertDeliveriesQuery,
  deliveriesAnswer,
  deliveriesQuery,
  deliveryAnswer,
  replayAnswer,
  replayWish,
  wholeDeliveryAnswer,
} from '../channels/delivery-schemas.ts';
import type { DeliveryDesk } from '../channels/desk.ts';
import { demand, notThere, readId } from '../http/ids.ts';
import { isoOf, isoOrNull, readMoment } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const path = '/api/v1/deliveries';
const params = { id: 'The number of the delivery.' };
const list = { 200: { about: 'One page, by number', schema: deliveriesAnswer } };
const REPLAYED = 1_000;

/** Messages that are to be sent, or were. Everything is also at the short address. */
export function deliveryRoutes(dependencies: Dependencies): readonly Route[] {
  return alsoShort([...reading(dependencies), ...replaying(dependencies)]);
}

function shown(delivery: Delivery) {
  const { id, channel, alert, kind, message, state, attempts, status, reason } = delivery;
  const { waits, moved, replays } = delivery;
  const over = delivery.endedMs !== null;
  return {
    ...{ id, channel, alert, kind, message, state, attempts },
    due: isoOrNull(delivery.dueMs),
    waits,
    expires: over ? null : isoOf(delivery.expiresMs),
    ...{ status, reason, moved, replays },
    created: isoOf(delivery.createdMs),
    ended: isoOrNull(delivery.endedMs),
  };
}

function whole(delivery: WholeDelivery) {
  const tries = delivery.attemptsMade.map(({ atMs, ...attempt }) => {
    return { ...attempt, at: isoOf(atMs) };
  });
  return { ...shown(delivery), payload: delivery.payload, tries };
}

async function pageOf(desk: DeliveryDesk, { limit, ...filter }: DeliveryFilter) {
  const found = await desk.list({ ...filter, limit: limit + 1 });
  const { items, next } = page(found, limit, ({ id }) => String(id));
  return { items: items.map(shown), next };
}

function reading({ deliveries: desk, alerts }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'deliveries',
      method: 'get',
      path,
      summary: 'Messages that are to be sent, or were',
      access: 'read',
      query: deliveriesQuery,
      answers: list,
      handle: ({ query }) => pageOf(desk, query),
    }),
    defineRoute({
      id: 'alertDeliveries',
      method: 'get',
      path: '/api/v1/alerts/:id/deliveries',
      summary: 'Messages of one alert; digests are of several, and at /deliveries',
      access: 'read',
      query: alertDeliveriesQuery,
      params: { id: 'The number of the alert.' },
      answers: list,
      async handle({ params: { id = '' }, query }) {
        const { id: alert } = await demand('alert', id, alerts.find);
        return pageOf(desk, { ...query, alert });
      },
    }),
    defineRoute({
      id: 'delivery',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One message: what it says, and every attempt',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', schema: wholeDeliveryAnswer } },
      handle: async ({ params: { id = '' } }) => whole(await demand('delivery', id, desk.find)),
    }),
  ];
}

function replaying({ deliveries: desk, clock }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'replayDeliveries',
      method: 'post',
      path: `${path}/replay`,
      summary: 'Send what is dead again, one after the other, under the keys that they had',
      access: 'write',
      query: noQuery,
      body: replayWish,
      answers: { 200: { about: 'How many', schema: replayAnswer } },
      async handle({ body: { alert, channel, since, limit } }) {
        const sinceMs = since == null ? undefined : readMoment('since', since, clock.nowMs());
        const { replayed } = await desk.replay({
          ...{ alert: alert ?? undefined, channel: channel ?? undefined, sinceMs },
          limit: limit ?? REPLAYED,
        });
        return { replayed };
      },
    }),
    defineRoute({
      id: 'replayDelivery',
      method: 'post',
      path: `${path}/:id/replay`,
      summary: 'Send a message again that is over, under the key that it had',
      access: 'write',
      query: noQuery,
      params,
      answers: { 200: { about: 'It, as it is from now on', schema: deliveryAnswer } },
      async handle({ params: { id: text = '' } }) {
        const id = readId('delivery', text);
        const { refused } = await desk.replay({ id, limit: 1 });
        if (refused === 'open') throw conflict(id, 'is not over: it will be sent by itself');
        if (refused === 'disabled') throw conflict(id, 'is for a channel that is switched off');
        const after = await desk.find(id);
        if (after === undefined) throw notThere('delivery', id);
        return shown(after);
      },
    }),
  ];
}

function conflict(id: number, why: string): TidemarkError {
  return new TidemarkError('conflict', `delivery ${id} ${why}`);
}
