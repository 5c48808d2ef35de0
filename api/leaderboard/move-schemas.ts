/** The shapes of what moved, and of how a rank went. */
import { z } from 'zod';
import { defaultRankWindow, rankWindows } from '../../core/rollups.ts';
import { range } from '../http/range-schemas.ts';
import { limitOf } from '../schemas.ts';

export const moversQuery = z.strictObject({
  window: z
    .enum(rankWindows)
    .default('1h')
    .meta({ description: 'How long ago the price was that the newest is compared with.' }),
  direction: z
    .enum(['both', 'up', 'down'])
    .default('both')
    .meta({ description: 'Only what rose, or only what fell.' }),
  quote: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Only what is quoted in this.', examples: ['usd'] }),
  limit: limitOf({ max: 1000, usual: 20 }),
});

const mover = z
  .object({
    position: z.int().meta({ description: '1 moved most.' }),
    pair: z.string(),
    base: z.string().nullable().meta({ description: 'Null: no exchange lists it any more.' }),
    quote: z.string().nullable(),
    change: z.number().meta({
      description: 'A part of one: 0.02 rose by 2 %. The median over its exchanges.',
    }),
    price: z.number().meta({ description: 'The newest: the median over the same exchanges.' }),
    before: z.number().meta({ description: 'The one that it is compared with, likewise.' }),
    exchanges: z.int().meta({ description: 'On how many it has both prices.' }),
  })
  .meta({ id: 'Mover' });

export const moversAnswer = z
  .object({
    window: z.enum(rankWindows),
    time: z.iso.datetime().meta({ description: 'When the newest prices were read.' }),
    items: z.array(mover).meta({ description: 'The largest change first.' }),
  })
  .meta({ id: 'Movers' });

export type MoversAnswer = z.infer<typeof moversAnswer>;

export const rankRunsQuery = z.strictObject({
  window: z
    .enum(rankWindows)
    .default(defaultRankWindow)
    .meta({ description: 'How much time before a run counts.' }),
  ...range,
});

export const rankRunsAnswer = z
  .object({
    pair: z.string(),
    window: z.enum(rankWindows),
    every: z.string().meta({ description: 'One run of each of these; at most 1,500 of them.' }),
    items: z.array(
      z.object({
        time: z.iso.datetime().meta({ description: 'The end of the window of the run.' }),
        rank: z.int().meta({ description: '1 moves most.' }),
        of: z.int().meta({ description: 'How many were ranked.' }),
        stddev: z.number().meta({ description: 'Population standard deviation of its prices.' }),
      }),
    ),
  })
  .meta({ id: 'RankRuns' });

export type RankRunsAnswer = z.infer<typeof rankRunsAnswer>;
