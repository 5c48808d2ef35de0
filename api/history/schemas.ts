/** The shapes of prices over any time, and of the ranks. */
import { z } from 'zod';
import { secondsPattern } from '../../core/duration.ts';
import { rangeOrEpoch } from '../http/range-schemas.ts';
import { onlyExchange, priceRow } from '../schemas.ts';

export const historyFns = ['mean', 'ohlc', 'min', 'max', 'first', 'last', 'count'] as const;
export const historyFormats = ['json', 'ndjson', 'csv'] as const;

export const historyQuery = z.strictObject({
  ...rangeOrEpoch,
  every: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({
      pattern: secondsPattern,
      description:
        'Length of the windows, whole seconds; they begin at multiples of it since the epoch ' +
        '(UTC). Default: what gives at most 1,500 of them; up to 1 h without fn: no windows.',
      examples: ['5m'],
    }),
  fn: z
    .enum(historyFns)
    .optional()
    .meta({ description: 'What of each window; default mean, of all its prices.' }),
  exchange: onlyExchange,
  format: z.enum(historyFormats).optional().meta({ description: 'Wins over `Accept`.' }),
});

const { time, exchange } = priceRow.shape;
const number = z.number().nullable();
const count = z.int().meta({ description: 'How many prices there were; never 0.' });

export const historyAnswer = z
  .object({
    pair: z.string(),
    start: time.meta({ description: 'From when: earlier than asked where only steps are kept.' }),
    stop: time,
    every: z.string().nullable().meta({ description: 'Null: prices as they were written.' }),
    fn: z.enum(historyFns).nullable(),
    sources: z
      .array(z.string())
      .meta({ description: 'What it was read from.', examples: [['1h', '5m', 'raw']] }),
    prices: z
      .array(
        z.union([
          z.strictObject({ price: number, time, exchange }),
          z.strictObject({ count, time, exchange }),
          z.strictObject({
            ...{ open: number, high: number, low: number, close: number, count },
            ...{ time, exchange },
          }),
        ]),
      )
      .meta({ description: 'Ordered by exchange, then time: the beginning of the window.' }),
  })
  .meta({ id: 'History' });
