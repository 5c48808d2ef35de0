/** The shapes of channels: where alerts are sent. */
import { z } from 'zod';
import { CHANNEL_KINDS } from '../../registry/channel-address.ts';
import { CHANNEL_STATES } from '../../registry/channels.ts';
import { idText, intervalOf, next, open, said, time } from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

const moment = (description: string) => time.nullable().meta({ description });

const shown = {
  id: said(z.int(), 'Its number, for ever.'),
  kind: z.enum(CHANNEL_KINDS),
  shown: said(z.string(), 'The address, without what is secret of it.'),
  state: z.enum(CHANNEL_STATES).meta({
    description: '`unconfirmed`: its owner has not agreed so far, and nothing else is sent to it.',
  }),
  reason: said(z.string().nullable(), 'Why it is off, or why the last message was not taken.'),
  since: time.meta({ description: 'It is in this state since then.' }),
  failures: said(z.int(), 'Attempts in a row that failed.'),
  failingSince: moment('The first of them.'),
  pausedUntil: moment('It is left alone until then.'),
  delivered: said(z.int(), 'How many messages it has taken.'),
  created: time,
};

export const channelAnswer = z.object(shown).meta({ id: 'Channel' });

export const channelsQuery = z.strictObject({
  kind: z.enum(CHANNEL_KINDS).optional().meta({ description: 'Only such.' }),
  state: z.enum(CHANNEL_STATES).optional().meta({ description: 'Only those that are so now.' }),
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
});

export const channelsAnswer = z
  .object({ items: said(z.array(channelAnswer), 'By number.'), next })
  .meta({ id: 'Channels' });

export const rotateWish = z
  .strictObject({
    grace: open(intervalOf('whole seconds, such as 1h or 1d')).meta({
      type: 'string',
      description:
        'Messages are signed with the old secret too for so long. Default 1d, at most 7d.',
    }),
  })
  .meta({ id: 'RotateWish' });

export const rotateAnswer = z
  .object({ ...shown, secret: said(z.string(), 'The new one. Never told again.') })
  .meta({ id: 'RotatedChannel' });

export const tokenQuery = z.strictObject({
  token: z.string().min(1).max(200).meta({ description: 'As it stands in the message.' }),
});
