/** The shapes of the ranks. */
import { z } from 'zod';
import { defaultRankWindow, rankWindows } from '../../core/rollups.ts';
import { limitOf } from '../schemas.ts';

const name = z.string().min(1).max(64).optional();

export const ranksQuery = z.strictObject({
  window: z
    .enum(rankWindows)
    .default(defaultRankWindow)
    .meta({ description: 'How much time before the run counts.' }),
  by: z
    .enum(['stddev', 'volatility'])
    .default('stddev')
    .meta({ description: '`volatility` is stddev / mean: comparable across price levels.' }),
  exchange: name.meta({
    description: 'The markets of this exchange; default: pairs over all exchanges.',
    examples: ['kraken'],
  }),
  quote: name.meta({
    description: 'Only what is quoted in this; ranks stay those among all.',
    examples: ['usd'],
  }),
  limit: limitOf({ max: 1000, usual: 100 }),
  cursor: name.meta({
    pattern: '^[0-9]{1,13}-[0-9]{1,9}$',
    description: 'The `next` of the page before: more of the same run.',
  }),
});

const number = z.number().nullable().optional();

const rankedPair = z
  .object({
    rank: z.int().meta({ description: '1 moves most, by what was asked for.' }),
    of: z.int().meta({ description: 'How many were ranked.' }),
    position: z.int().meta({ description: 'Place among those that the filter leaves.' }),
    pair: z.string(),
    base: z.string().nullable().meta({ description: 'Null: no exchange lists it any more.' }),
    quote: z.string().nullable(),
    exchange: z.string().optional(),
    stddev: z.number().meta({ description: 'Population standard deviation of its prices.' }),
    mean: number.meta({ description: 'Of its prices; with by=volatility.' }),
    volatility: number.meta({ description: 'stddev / mean; null without a positive mean.' }),
  })
  .meta({ id: 'RankedPair' });

export const ranksAnswer = z
  .object({
    window: z.enum(rankWindows),
    by: z.enum(['stddev', 'volatility']),
    time: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'The end of the window; null: nothing has been ranked yet.' }),
    items: z.array(rankedPair),
    next: z.string().nullable().meta({ description: 'Pass as `cursor` for the next page.' }),
  })
  .meta({ id: 'Ranks' });

export type RanksAnswer = z.infer<typeof ranksAnswer>;
