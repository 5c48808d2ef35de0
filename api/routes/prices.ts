import {
  absoluteText,
  durationHelp,
  formatMs,
  parseDuration,
  spanMs,
} from '../../core/duration.ts';
import { TidemarkError } from '../../core/errors.ts';
import { pairSpellings } from '../../core/pair.ts';
import type { Catalog } from '../../registry/catalog.ts';
import type { Dependencies } from '../app.ts';
import { HttpProblem } from '../errors.ts';
import { type AnswerHead, createFormat, type MediaType, mediaTypes } from '../format.ts';
import { isReserved } from '../reserved.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import { priceAnswer, priceQuery } from '../schemas.ts';
import { type PickedRows, pickRows } from '../store.ts';
import { inChunks, sendStream } from '../stream.ts';

type PriceCall = Call<{ duration: string; exchange?: string | undefined }>;

export function priceRoutes(dependencies: Dependencies): readonly Route[] {
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
      handle: (call) => answerPrices(dependencies, call, call.params.pair ?? ''),
    }),
    defineRoute({
      ...shared,
      id: 'pricesBySlash',
      path: '/:base/:quote',
      hidden: true,
      handle(call) {
        if (isReserved(call.params.base ?? '')) throw nothingHere(call.ctx.path);
        return answerPrices(dependencies, call, `${call.params.base}/${call.params.quote}`);
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
    const prices = pickRows(influx, queries.prices({ pair, exchange, start }), PRICE, signal);
    const rankRows = pickRows(influx, queries.rank({ pair, exchange }), RANK, signal);
    // The rank precedes the prices in the text, so both are waited for; a failure of either is
    // still a clean answer, because nothing has been sent.
    const [rank, first] = await Promise.all([readRank(rankRows), prices.next()]);
    const answer = { pair, rank, duration: call.query.duration };
    await send(call, media, answer, following(first, prices));
  } finally {
    ending.abort();
  }
}

const PRICE = ['_value', '_time', 'exchange'] as const;
const RANK = ['rank', 'of'] as const;

async function send(
  { ctx }: PriceCall,
  media: MediaType,
  answer: AnswerHead,
  batches: AsyncIterable<PickedRows>,
): Promise<void> {
  const format = createFormat(media);
  ctx.set({
    'Content-Type': format.type,
    'Cache-Control': 'no-cache',
    Vary: 'Accept, Accept-Encoding, Authorization',
    'Tidemark-Pair': encodeURIComponent(answer.pair),
    'Tidemark-Rank': answer.rank ?? 'none',
  });
  if (ctx.method === 'HEAD') {
    ctx.status = 200;
    return;
  }
  await sendStream(ctx, inChunks(texts()));

  async function* texts(): AsyncGenerator<string, void> {
    let begun = false;
    for await (const { rows, indexes } of batches) {
      const [price = 0, time = 0, exchange = 0] = indexes;
      let text = begun ? '' : format.head(answer);
      for (const row of rows) {
        const cells = { price: row[price]!, time: row[time]!, exchange: row[exchange]! };
        text += format.row(cells, !begun);
        begun = true;
      }
      yield text;
    }
    yield begun ? format.tail : format.head(answer) + format.tail;
  }
}

async function* following<T>(
  first: IteratorResult<T, void>,
  rest: AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  if (first.done) return;
  yield first.value;
  yield* rest;
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

/** How far back to read, as Flux writes it without a sign. Throws `invalid` saying what is allowed. */
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

const NEAR_MAX = 5;

/** The series tag of what was asked for. Throws `not-found` with what there is instead. */
async function findPair(
  catalog: Catalog,
  spelling: string,
  exchange: string | undefined,
): Promise<string> {
  const spellings = pairSpellings(spelling);
  const listed = await Promise.all(spellings.map((pair) => catalog.exchangesOf(pair)));
  const index = listed.findIndex((places) =>
    exchange === undefined ? places.length > 0 : places.includes(exchange),
  );
  if (index >= 0) return spellings[index]!;
  if (exchange !== undefined) {
    const known = (await catalog.exchanges()).map((entry) => entry.exchange);
    if (!known.includes(exchange)) {
      throw new TidemarkError('not-found', `no exchange ${exchange}`, {
        details: { exchanges: known },
      });
    }
  }
  const pair = spellings.at(-1)!;
  const elsewhere = [...new Set(listed.flat())].sort();
  if (elsewhere.length > 0) {
    throw new TidemarkError('not-found', `${pair} is not on ${exchange}`, {
      details: { pair, exchanges: elsewhere },
    });
  }
  throw new TidemarkError('not-found', `no pair ${pair}`, {
    details: { near: await catalog.nearPairs(pair, NEAR_MAX) },
  });
}

function nothingHere(path: string): TidemarkError {
  return new TidemarkError('not-found', `nothing at ${path}`, { details: { index: '/api/v1' } });
}
