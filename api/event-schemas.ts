/** The shapes of what happened. */
import { z } from 'zod';
import { limitOf } from './schemas.ts';

const said = <T extends z.ZodType>(schema: T, description: string) => schema.meta({ description });
const time = z.iso.datetime().meta({ description: 'UTC, milliseconds.' });
const next = said(z.string().nullable(), 'Pass as `after` for the next page; null: the end.');

export const eventsQuery = z.strictObject({
  kinds: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}(?:,[a-z][a-z0-9-]{0,39}){0,15}$/, 'expected kinds with commas')
    .optional()
    .meta({ description: 'Only of these kinds, commas between.', examples: ['scan'] }),
  limit: limitOf({ max: 1000, usual: 100 }),
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the number of an event')
    .optional()
    .meta({ description: 'Those after this one: the `next` of before, or the last number seen.' }),
});

export const eventsAnswer = z
  .object({
    items: z
      .array(
        z.object({
          id: said(z.int(), 'Rises with each event.'),
          kind: z.string().meta({ description: 'What it is about.', examples: ['scan'] }),
          at: time,
          data: z.record(z.string(), z.unknown()).meta({
            description: 'Of a monitor: `monitor`, `url`, `from`, `to`, `reason`, ...',
          }),
        }),
      )
      .meta({ description: 'The oldest first.' }),
    next,
  })
  .meta({ id: 'Events' });
