/** The shapes of silences: alerts that are noted but not sent, for a while. */
import { z } from 'zod';
import { alertBounds } from '../../core/alert-rules.ts';
import { ALERT_KINDS } from '../../registry/alerts.ts';
import {
  idText,
  label,
  momentText,
  next,
  open,
  pairPattern,
  plain,
  said,
  time,
  untilText,
} from '../http/field-schemas.ts';
import { limitOf } from '../schemas.ts';

const MATCHED_MAX = alertBounds.names;

const ids = (what: string) =>
  z.array(z.int().min(1)).min(1).max(MATCHED_MAX).optional().meta({ description: what });
const names = (what: string, name = label(128)) =>
  z.array(name).min(1).max(MATCHED_MAX).optional().meta({ description: what });

const matcher = {
  alerts: ids('Only these alerts.'),
  exchanges: names('Only of these exchanges.'),
  pairs: names('Only of these pairs.', plain(128).meta({ pattern: pairPattern })),
  monitors: ids('Only of these monitors.'),
  kinds: z
    .array(z.enum(ALERT_KINDS))
    .min(1)
    .max(ALERT_KINDS.length)
    .optional()
    .meta({ description: 'Only alerts of these kinds.' }),
};

const when = {
  from: open(momentText('A time, or a length back from now. Default now.')),
  until: untilText('A time, or a length from `from` on, such as 2h; at most a year.')
    .optional()
    .meta({ examples: ['2h', '2026-12-24T18:00:00Z'] }),
  comment: open(label(500)).meta({ description: 'For people.' }),
};

/** All that is named has to fit, and something is named. */
export const silenceWish = z.strictObject({ ...matcher, ...when }).meta({
  id: 'SilenceWish',
  examples: [{ exchanges: ['kraken'], until: '2h' }],
});

/** What is named of the matcher takes the place of all of it. */
export const silencePatch = z
  .strictObject({ ...matcher, ...when })
  .refine((change) => Object.keys(change).length > 0, { message: 'there is nothing to change' })
  .meta({ id: 'SilenceChange', minProperties: 1 });

const SILENCE_STATES = ['waiting', 'active', 'over'] as const;

export const silenceAnswer = z
  .object({
    id: said(z.int(), 'Its number, for ever.'),
    ...matcher,
    comment: z.string().nullable(),
    from: time,
    until: time,
    state: z.enum(SILENCE_STATES),
    held: said(z.int(), 'How many alerts it has held back.'),
    created: time,
  })
  .meta({ id: 'Silence' });

export const silencesQuery = z.strictObject({
  state: z.enum(SILENCE_STATES).optional().meta({ description: 'Only those that are so now.' }),
  limit: limitOf({ max: 1000, usual: 100 }),
  after: idText('The `next` of the page before.'),
});

export const silencesAnswer = z
  .object({ items: said(z.array(silenceAnswer), 'By number.'), next })
  .meta({ id: 'Silences' });
