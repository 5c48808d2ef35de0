import { z } from 'zod';
import { momentText, pairPattern, plainPattern } from './http/field-schemas.ts';
import { limitOf } from './schemas.ts';

/** Shapes of what is asked and told about backfills. */

const NAMES_MAX = 100;
const namesOf = (pattern: string) =>
  z.array(z.string().min(1).max(64).meta({ pattern })).max(NAMES_MAX).default([]);
const moment = momentText(
  'A time such as 2026-10-01T00:00:00Z, or how far back, such as 24h.',
).meta({ examples: ['2026-10-01T00:00:00Z', '24h'] });

export const backfillWish = z
  .strictObject({
    exchanges: namesOf(plainPattern).meta({
      description: 'None: every exchange that lists the pairs.',
    }),
    pairs: namesOf(pairPattern).meta({
      description: 'None: every pair of the exchanges. In any spelling.',
    }),
    from: moment,
    to: moment.optional().meta({ description: 'Default: now.' }),
    dryRun: z.boolean().default(false).meta({ description: 'Only say what would be asked.' }),
  })
  .meta({ id: 'BackfillWish' });

const time = z.iso.datetime();
const cost = {
  markets: z.int(),
  requests: z.int().meta({ description: 'At most: what is there is not asked for.' }),
  durationMs: z.number().meta({ description: 'At most; exchanges are asked side by side.' }),
};

export const backfillOffer = z
  .object({
    id: z.int().optional().meta({ description: 'Absent with dryRun.' }),
    resumed: z
      .boolean()
      .optional()
      .meta({ description: 'The same was asked before and is gone on with.' }),
    from: time,
    to: time,
    ...cost,
    notes: z.array(z.string()).meta({ description: 'What is not asked, and why.' }),
    exchanges: z.array(z.object({ exchange: z.string(), ...cost })),
  })
  .meta({ id: 'BackfillOffer' });

export const backfillAnswer = z
  .object({
    id: z.int(),
    cause: z.string().meta({ examples: ['request', 'gap'] }),
    state: z.string().meta({ examples: ['open', 'done', 'cancelled'] }),
    from: time,
    to: time,
    created: time,
    finished: time.nullable(),
    leftMs: z.number().meta({ description: 'What is left takes at most this long.' }),
    notes: z.array(z.string()),
    exchanges: z.array(
      z.object({
        exchange: z.string(),
        markets: z.int(),
        done: z.int(),
        failed: z.int(),
        minutes: z.int().meta({ description: 'Of all markets together.' }),
        minutesDone: z.int(),
        requests: z.int(),
        candles: z.int(),
        points: z.int().meta({ description: 'Written.' }),
        error: z.string().nullable().meta({ description: 'Of one that failed.' }),
      }),
    ),
  })
  .meta({ id: 'Backfill' });

export const backfillsQuery = z.strictObject({
  limit: limitOf({ max: 100, usual: 20 }),
  after: z
    .string()
    .regex(/^[0-9]{1,15}$/)
    .optional()
    .meta({ description: 'The `next` of the page before.' }),
});

export const backfillsAnswer = z
  .object({
    items: z.array(backfillAnswer),
    next: z.string().nullable().meta({ description: 'Pass as `after` for the next page.' }),
  })
  .meta({ id: 'Backfills' });

export type BackfillAnswer = z.infer<typeof backfillAnswer>;
export type BackfillOfferAnswer = z.infer<typeof backfillOffer>;
