/** The shapes of what is chosen at run time: exchanges and metrics. */
import { z } from 'zod';
import { fixedMsOrNone, formatMs, secondsPattern, wholeSecondsMs } from '../core/duration.ts';
import { priceModes } from '../registry/exchange-choices.ts';
import { metricKinds } from '../registry/metrics.ts';
import { pairPattern, plainPattern } from './http/field-schemas.ts';
import { pageOfRange } from './http/range-schemas.ts';
import { limitOf, wholeNumber } from './schemas.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const SECONDS = HOUR_MS / SECOND_MS;

/** Whole seconds that divide an hour, so that slots fall on the same moments of every hour. */
const INTERVALS_MS = Array.from({ length: SECONDS }, (_, index) => index + 1)
  .filter((seconds) => SECONDS % seconds === 0)
  .map((seconds) => seconds * SECOND_MS);

/** The two allowed ones around `ms`. */
function around(ms: number): string[] {
  const below = INTERVALS_MS.findLast((allowed) => allowed <= ms);
  const above = INTERVALS_MS.find((allowed) => allowed >= ms);
  return [...new Set([below, above])].flatMap((found) => (found ? [formatMs(found)] : []));
}

const expected = 'whole seconds that divide an hour, from 1s to 1h';

/** `5s` -> 5000. */
const interval = z
  .string()
  .max(64)
  .transform((text, context) => {
    const ms = wholeSecondsMs(text);
    if (ms !== undefined && INTERVALS_MS.includes(ms)) return ms;
    const nearMs = fixedMsOrNone(text);
    const near = nearMs === undefined ? ['10s', '1m'] : around(nearMs);
    context.addIssue({
      code: 'custom',
      message: `expected ${expected}; near: ${near.join(', ')}`,
      params: { expected, near, allowed: INTERVALS_MS.map(formatMs) },
    });
    return z.NEVER;
  })
  .meta({
    type: 'string',
    pattern: secondsPattern,
    description: `How often: ${expected}.`,
    examples: ['5s', '1m'],
  });

const enabled = z.boolean().meta({ description: 'Whether its prices are taken.' });
const mode = z.enum(priceModes).meta({ description: 'Asked for at each slot, or by its stream.' });

export const exchangeAddition = z
  .strictObject({
    exchange: z
      .string()
      .min(1)
      .max(64)
      .meta({ pattern: plainPattern, examples: ['kraken', 'ccxt:lbank'] }),
    enabled: enabled.default(true),
    interval: interval.optional(),
    mode: mode.optional(),
  })
  .meta({ id: 'ExchangeAddition' });

/** Null goes back to what the settings say; absent stays as it is. */
export const exchangeChange = z
  .strictObject({
    enabled: enabled.nullable().optional(),
    interval: interval.nullable().optional(),
    mode: mode.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, { message: 'there is nothing to change' })
  .meta({ id: 'ExchangeChange', minProperties: 1 });

const metric = z
  .enum(metricKinds)
  .meta({ description: '`spread` is ask less bid; `volume` is of the last 24 h, in base units.' });
const pair = z
  .string()
  .min(1)
  .max(128)
  .meta({ pattern: pairPattern, examples: ['BTC/USD', 'btcusd'] });

export const metricsQuery = z.strictObject({
  pair: pair.optional().meta({ description: 'Only of this pair, in any spelling.' }),
  metric: metric.optional().meta({ description: 'Only these.' }),
  limit: limitOf({ max: 10_000, usual: 1_000 }),
  after: wholeNumber(2 ** 31 - 1)
    .optional()
    .meta({ description: 'The `Tidemark-Next` of the page before.' }),
});

export const metricAddition = z
  .strictObject({ pair, metric: metric.default('price') })
  .meta({ id: 'MetricAddition' });

export const metricAnswer = z
  .object({ id: z.int(), pair: z.string(), metric: z.enum(metricKinds) })
  .meta({ id: 'Metric' });

export const metricsAnswer = z.array(metricAnswer);

export const rankedMetricAnswer = z
  .object({
    rank: z
      .int()
      .nullable()
      .meta({ description: 'Of the pair by volatility, 1 moves most; null until computed.' }),
    ...metricAnswer.shape,
  })
  .meta({ id: 'RankedMetric' });

export const slotsQuery = z.strictObject(pageOfRange);

const slotAnswer = z
  .object({
    slot: z.iso.datetime(),
    lateMs: z.number().meta({ description: 'From when its run was due to when it began.' }),
    tookMs: z
      .number()
      .meta({ description: 'Until its points went to the disk, or until it failed.' }),
    rows: z.int(),
    ok: z.boolean(),
  })
  .meta({ id: 'Slot' });

export const slotsAnswer = z.array(slotAnswer).meta({ id: 'Slots' });

export const recordsQuery = z.strictObject({
  ...pageOfRange,
  every: z
    .string()
    .max(64)
    .optional()
    .meta({
      pattern: secondsPattern,
      description: 'One value for each of these lengths: whole seconds, to 1d; default 1m.',
      examples: ['5m'],
    }),
  exchange: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'The values of this exchange as they were written.' }),
});

const recordAnswer = z
  .object({
    timestamp: z.iso.datetime(),
    value: z.number().nullable().meta({ description: 'Null if not a finite number.' }),
  })
  .meta({ id: 'RecordedValue' });

export const recordsAnswer = z.array(recordAnswer).meta({ id: 'Records' });
