/** The shapes of what happened. */
import { z } from 'zod';
import { limitOf } from '../schemas.ts';

const said = <T extends z.ZodType>(schema: T, description: string) => schema.meta({ description });
const time = z.iso.datetime().meta({ description: 'UTC, milliseconds.' });
const next = said(z.string().nullable(), 'Pass as `after` for the next page; null: the end.');

/** `article`, `scan`, `alert`, `price`. */
export const eventKind = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

const kinds = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}(?:,[a-z][a-z0-9-]{0,39}){0,15}$/, 'expected kinds with commas')
  .optional()
  .meta({ description: 'Only of these kinds, commas between.', examples: ['scan'] });
const after = z
  .string()
  .regex(/^[0-9]{1,15}$/, 'expected the number of an event')
  .optional()
  .meta({ description: 'Those after this one: the `next` of before, or the last number seen.' });
const key = z.string().min(1).max(500).optional().meta({
  description: 'The secret of an API key, where no header can be sent. Never logged here.',
});

/** From where on, and of what. */
export const liveQuery = z.strictObject({ kinds, after, key });

export const eventsQuery = z.strictObject({
  ...liveQuery.shape,
  limit: limitOf({ max: 1000, usual: 100 }),
});

const eventAnswer = z
  .object({
    id: said(z.int(), 'Rises with each event.'),
    kind: z.string().meta({ description: 'What it is about.', examples: ['scan'] }),
    at: time,
    data: z.record(z.string(), z.unknown()).meta({
      description: 'Of a monitor: `monitor`, `url`, `from`, `to`, `reason`, ...',
    }),
  })
  .meta({ id: 'Event' });

export const eventsAnswer = z
  .object({ items: said(z.array(eventAnswer), 'The oldest first.'), next })
  .meta({ id: 'Events' });
