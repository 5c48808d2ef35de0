import { z } from 'zod';
import { durationHelp, durationPattern } from '../core/duration.ts';
import { TidemarkError } from '../core/errors.ts';

/**
 * One place for the shapes of requests and answers: they validate, are the types, and are
 * OpenAPI.
 */

export const rankText = z
  .string()
  .regex(/^[0-9]+\/[0-9]+$/)
  .meta({
    description: 'Position by volatility over the last 24 h, 1 is the most volatile, of how many.',
    examples: ['4/9'],
  });

const time = z.iso.datetime().meta({ description: 'UTC, milliseconds.' });

export const priceRow = z
  .object({
    price: z.number().nullable().meta({ description: 'Last trade; null if not a finite number.' }),
    time,
    exchange: z.string(),
  })
  .meta({ id: 'Price' });

export const priceAnswer = z
  .object({
    pair: z.string(),
    rank: rankText.nullable(),
    duration: z.string(),
    prices: z.array(priceRow).meta({ description: 'Ordered by exchange, then time.' }),
  })
  .meta({ id: 'Prices' });

export const onlyExchange = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .meta({ description: 'Only this exchange.', examples: ['kraken'] });

export const priceQuery = z.strictObject({
  duration: z
    .string()
    .default('-24h')
    .meta({
      pattern: durationPattern,
      maxLength: 64,
      description: `How far back: ${durationHelp}. With or without a minus; at most the retention.`,
      examples: ['-1h', '90m', '1d12h'],
    }),
  exchange: onlyExchange,
});

/**
 * A whole number in a query; number coercion would let `0x1F`, `1e2` and the empty text through.
 */
export const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,10}$/, `expected a whole number from 1 to ${max}`)
    .transform(Number)
    .pipe(z.number().min(1).max(max))
    .meta({ type: 'integer', minimum: 1, maximum: max });

export const limitOf = ({ max, usual }: { readonly max: number; readonly usual: number }) =>
  wholeNumber(max)
    .default(usual)
    .meta({ type: 'integer', minimum: 1, maximum: max, default: usual, description: 'On a page.' });

const limit = limitOf({ max: 1000, usual: 100 });

const after = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .meta({ description: 'The `next` of the page before.' });

export const pairsQuery = z.strictObject({
  q: z.string().min(1).max(64).optional().meta({ description: 'Part of the name.' }),
  exchange: z.string().min(1).max(64).optional().meta({ description: 'Listed there.' }),
  limit,
  after,
});

export const exchangesQuery = z.strictObject({ limit, after });
export const noQuery = z.strictObject({});

const next = z.string().nullable().meta({ description: 'Pass as `after` for the next page.' });

const pairAnswer = z
  .object({
    pair: z.string(),
    base: z.string(),
    quote: z.string(),
    exchanges: z.array(z.string()),
    rank: rankText.nullable(),
  })
  .meta({ id: 'Pair' });

export const pairsAnswer = z.object({ items: z.array(pairAnswer), next }).meta({ id: 'Pairs' });

export const exchangeAnswer = z
  .object({
    exchange: z.string(),
    enabled: z.boolean().meta({ description: 'Whether its prices are to be taken.' }),
    interval: z.string().meta({ description: 'How often.', examples: ['1m', '5s'] }),
    mode: z.string().meta({ examples: ['poll', 'stream'] }),
    streaming: z
      .boolean()
      .meta({ description: 'Whether the last prices came from its stream, wholly or in part.' }),
    state: z.string().meta({ examples: ['ok', 'failing', 'paused', 'starting', 'off'] }),
    lastSuccess: time.nullable(),
    lastAttempt: time.nullable(),
    pausedUntil: time.nullable(),
    latenessMs: z
      .number()
      .nullable()
      .meta({ description: 'From the slot to the moment its points were accepted.' }),
    rows: z.int().meta({ description: 'Accepted at the last success.' }),
    dropped: z.record(z.string(), z.int()).meta({ description: 'Left out then, by reason.' }),
    consecutiveFailures: z.int(),
    error: z.string().nullable(),
  })
  .meta({ id: 'Exchange' });

export const exchangesAnswer = z
  .object({ items: z.array(exchangeAnswer), next })
  .meta({ id: 'Exchanges' });

export const healthAnswer = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

export const readyAnswer = z
  .object({
    status: z.enum(['ready', 'not-ready']),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z.boolean(),
        reason: z.string().optional(),
        fix: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

export const indexAnswer = z
  .object({ name: z.string(), version: z.string(), links: z.record(z.string(), z.string()) })
  .meta({ id: 'Index' });

export const errorAnswer = z
  .object({
    error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
  })
  .meta({ id: 'ErrorAnswer' });

export type PairsAnswer = z.infer<typeof pairsAnswer>;
export type ExchangeAnswer = z.infer<typeof exchangeAnswer>;
export type ExchangesAnswer = z.infer<typeof exchangesAnswer>;
export type ReadyAnswer = z.infer<typeof readyAnswer>;

/**
 * Checks a query string against its schema: unknown and repeated names, bad escapes and control
 * characters are refused, so that a misspelt parameter never goes unnoticed.
 * @throws TidemarkError `invalid` naming each parameter that is wrong and those that are allowed.
 */
export function readQuery<Q extends z.ZodObject>(schema: Q, querystring: string): z.output<Q> {
  const allowed = Object.keys(schema.shape);
  const found = new Map<string, string>();
  for (const [name, value] of pairsOf(querystring)) {
    if (!allowed.includes(name)) fail(`unknown parameter ${shown(name)}`, allowed);
    if (found.has(name)) fail(`parameter ${name} is given more than once`, allowed);
    found.set(name, value);
  }
  const parsed = schema.safeParse(Object.fromEntries(found));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return fail(`parameter ${issue?.path.join('.')}: ${issue?.message}`, allowed);
}

function* pairsOf(querystring: string): Iterable<[string, string]> {
  for (const part of querystring.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    yield [decode(name), at < 0 ? '' : decode(part.slice(at + 1))];
  }
}

/** Strict percent-decoding of a part of a query string. Throws `invalid`. */
function decode(text: string): string {
  return decodeStrictly(text.replaceAll('+', ' '));
}

const CONTROL = /\p{Cc}/u;

/** Percent-decodes UTF-8. Throws `invalid` for bad escapes, bad UTF-8 and control characters. */
export function decodeStrictly(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw new TidemarkError('invalid', 'the URL is not percent-encoded UTF-8');
  }
  if (CONTROL.test(decoded)) {
    throw new TidemarkError('invalid', 'the URL holds a control character');
  }
  return decoded;
}

function fail(message: string, allowed: readonly string[]): never {
  throw new TidemarkError('invalid', message, { details: { allowed } });
}

function shown(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}...` : name);
}
