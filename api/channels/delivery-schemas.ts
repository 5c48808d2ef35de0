/** The shapes of deliveries: messages that are to be sent, or were. */
import { z } from 'zod';
import { DELIVERY_KINDS, DELIVERY_STATES } from '../../registry/deliveries.ts';
import { idText, listOrder, momentText, next, open, said, time } from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

const moment = (description: string) => time.nullable().meta({ description });
const orNull = <T extends z.ZodType>(schema: T, description: string) =>
  said(schema.nullable(), description);

const shown = {
  id: said(z.int(), 'Its number, for ever.'),
  channel: said(z.int(), 'The number of the channel that it goes to.'),
  alert: orNull(z.int(), 'The number of the alert; null: it is of several, or of the channel.'),
  kind: z.enum(DELIVERY_KINDS).meta({ description: 'What it tells.' }),
  message: said(z.string(), 'The `webhook-id`: the same at every attempt, also of a replay.'),
  state: z.enum(DELIVERY_STATES).meta({
    description: '`failed`: it is tried again at `due`; `dead`: not any more, unless replayed.',
  }),
  attempts: said(z.int(), 'How often it was tried.'),
  due: moment('When it may be tried; null: it is under way, or over.'),
  waits: orNull(z.string(), 'What it waits for; null: for nothing.'),
  expires: moment('It is not tried after that.'),
  status: orNull(z.int(), 'Of HTTP, of the last attempt.'),
  reason: orNull(z.string(), 'Why it was not taken.'),
  moved: orNull(z.int(), 'The number of the delivery to the fallback.'),
  replays: said(z.int(), 'How often somebody asked for it again.'),
  created: time,
  ended: moment('When it was over.'),
};

export const deliveryAnswer = z.object(shown).meta({ id: 'Delivery' });

export const wholeDeliveryAnswer = z
  .object({
    ...shown,
    payload: said(z.record(z.string(), z.unknown()), 'What it says.'),
    tries: said(
      z.array(
        z.object({
          nr: z.int(),
          at: time,
          tookMs: z.number(),
          ok: z.boolean(),
          status: z.int().nullable(),
          reason: z.string().nullable(),
          answer: orNull(z.string(), 'The begin of what the receiver answered.'),
        }),
      ),
      'Every attempt.',
    ),
  })
  .meta({ id: 'WholeDelivery' });

const filter = {
  state: z.enum(DELIVERY_STATES).optional().meta({ description: 'Only those that are so now.' }),
  kind: z.enum(DELIVERY_KINDS).optional().meta({ description: 'Only such.' }),
};
const paging = {
  limit: limitOf({ max: 1000, usual: 100 }),
  order: listOrder,
  after: idText('The `next` of the page before.'),
};

export const alertDeliveriesQuery = z.strictObject({ ...filter, ...paging });

export const deliveriesQuery = z.strictObject({
  ...filter,
  alert: idText('Only of this alert.'),
  channel: idText('Only to this channel.'),
  ...paging,
});

export const deliveriesAnswer = z
  .object({ items: said(z.array(deliveryAnswer), 'By number, as `order` says.'), next })
  .meta({ id: 'Deliveries' });

export const replayWish = z
  .strictObject({
    alert: open(z.int().min(1)).meta({ description: 'Only of this alert.' }),
    channel: open(z.int().min(1)).meta({ description: 'Only to this channel.' }),
    since: open(momentText('Only those made since a time, or within a length such as 24h.')),
    limit: open(z.int().min(1).max(10_000)).meta({ description: 'At most so many. Default 1000.' }),
  })
  .meta({ id: 'ReplayWish' });

export const replayAnswer = z
  .object({ replayed: said(z.int(), 'How many dead ones are sent again, bit by bit.') })
  .meta({ id: 'Replayed' });
