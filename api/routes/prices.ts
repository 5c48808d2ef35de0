import {
  absoluteText,
  durationHelp,
  formatMs,
  parseDuration,
  spanMs,
} from '../../core/duration.ts';
import { TidemarkError } from '../../core/errors.ts';
import type { Dependencies } from '../app.ts';
import { createAdmission } from '../http/admission.ts';
import { HttpProblem } from '../http/errors.ts';
import { isReserved, versionedPath } from '../http/reserved.ts';
import { type Call, defineRoute, type Route } from '../http/route.ts';
import { sendStream } from '../http/stream.ts';
import { findPair } from '../pair.ts';
import {
  type AnswerHead,
  formats,
  type MediaType,
  mediaTypes,
  type PriceFormat,
} from '../rows/format.ts';
import { type PickedRows, pickRows, readPrices } from '../rows/store.ts';
import { priceAnswer, priceQuery } from '../schemas.ts';

type PriceCall = Call<{ duration: string; exchange?: string | undefined }>;

/** Answers in work at once; more would only wait for InfluxDB and hold memory meanwhile. */
const ANSWERS_MAX = 256;

export function priceRoutes(dependencies: Dependencies): readonly Route[] {
  const admitted = createAdmission(ANSWERS_MAX);
  const shared = {
    method: 'get',
    summary: 'Prices of one pair, streamed, with its rank',
    access: 'read',
    query: priceQuery,
    answers: {
      200: { about: 'Every price in the range', schema: priceAnswer, media: mediaTypes },
    },
  } as const;
  return [
    defineRoute({
      ...shared,
      id: 'prices',
      path: '/:pair',
      params: { pair: 'Base and quote: `btcusd`; also `BTC/USD`, `btc-usd`, `BTC_USD`.' },
      handle: (call) => admitted(() => answerPrices(dependencies, call, call.params.pair ?? '')),
    }),
    defineRoute({
      ...shared,
      id: 'pricesBySlash',
      path: '/:base/:quote',
      hidden: true,
      handle(call) {
        if (isReserved(call.params.base ?? '')) throw nothingHere(call.ctx.path);
        const spelling = `${call.params.base}/${call.params.quote}`;
        return admitted(() => answerPrices(dependencies, call, spelling));
      },
    }),
  ];
}

async function answerPrices(
  dependencies: Dependencies,
  call: PriceCall,
  spelling: string,
): Promise<undefined> {
  if (isReserved(spelling)) throw nothingHere(call.ctx.path);
  const media = negotiate(call);
  const start = readStart(dependencies, call.query.duration);
  const exchange = call.query.exchange?.toLowerCase();
  const pair = await findPair(dependencies.catalog, spelling, exchange);
  // Ends both queries as soon as one fails, the client leaves or the answer is done.
  const ending = new AbortController();
  const signal = AbortSignal.any([call.signal, ending.signal]);
  try {
    const { queries, influx } = dependencies;
    const format = formats[media];
    const rankRows = pickRows(influx, queries.rank({ pair, exchange }), RANK, signal);
    const flux = queries.prices({ pair, exchange, start });
    const prices = readPrices(influx, { flux, format, signal });
    // The rank precedes the prices in the text, so both are waited for; a failure of either is
    // still a clean answer, because nothing has been sent.
    const [rank, first] = await Promise.all([readRank(rankRows), prices.next()]);
    const answer = { pair, rank, duration: call.query.duration };
    setHead(call, format, answer);
    await sendStream(call.ctx, bodyOf(format, answer, first, prices));
  } finally {
    ending.abort();
  }
}

const RANK = ['rank', 'of'] as const;

function setHead({ ctx }: PriceCall, { type }: PriceFormat, { pair, rank }: AnswerHead): void {
  ctx.status = 200;
  ctx.set({
    'Content-Type': type,
    'Cache-Control': 'no-cache',
    'Tidemark-Pair': encodeURIComponent(pair),
    'Tidemark-Rank': rank ?? 'none',
  });
  ctx.vary('Accept, Accept-Encoding, Authorization');
}

/** Head, rows and tail of an answer; the first rows go out with the head. */
async function* bodyOf(
  format: PriceFormat,
  answer: AnswerHead,
  first: IteratorResult<Buffer, void>,
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  const head = Buffer.from(format.head(answer));
  const tail = Buffer.from(format.tail);
  if (first.done) {
    yield Buffer.concat([head, tail]);
    return;
  }
  yield Buffer.concat([head, first.value]);
  yield* rest;
  if (tail.length > 0) yield tail;
}

/** `4/9` from the only row, or null until a rank has been computed. */
async function readRank(rows: AsyncIterable<PickedRows>): Promise<string | null> {
  let rank: string | null = null;
  for await (const batch of rows) {
    const [position = 0, of = 0] = batch.indexes;
    const row = batch.rows.at(-1);
    if (row?.[position] && row[of]) rank = `${row[position]}/${row[of]}`;
  }
  return rank;
}

function negotiate({ ctx }: PriceCall): MediaType {
  const media = ctx.accepts([...mediaTypes]);
  if (typeof media === 'string') return media as MediaType;
  throw new HttpProblem(406, 'not-acceptable', 'prices do not come in such a format', {
    details: { available: mediaTypes },
  });
}

/**
 * How far back to read, as Flux writes it without a sign. Throws `invalid` saying what is
 * allowed.
 */
function readStart({ clock, retentionMs }: Dependencies, text: string): string {
  const longest = formatMs(retentionMs);
  const details = { parameter: 'duration', expected: durationHelp, longest };
  let duration: ReturnType<typeof parseDuration>;
  try {
    duration = parseDuration(text);
  } catch (cause) {
    throw new TidemarkError('invalid', `parameter duration: ${text.slice(0, 64)}`, {
      details,
      cause,
    });
  }
  const span = spanMs(duration, clock.nowMs());
  if (span <= 0) throw new TidemarkError('invalid', 'parameter duration: it is empty', { details });
  if (span > retentionMs) {
    const message = `parameter duration: prices are kept for ${longest}`;
    throw new TidemarkError('invalid', message, { details });
  }
  return absoluteText(duration);
}

function nothingHere(path: string): TidemarkError {
  const near = versionedPath(path);
  return new TidemarkError('not-found', `nothing at ${path}`, {
    details: { index: '/api/v1', ...(near !== undefined && { near: [near] }) },
  });
}
