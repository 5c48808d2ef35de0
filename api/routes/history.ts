import { formatMs } from '../../core/duration.ts';
import type { HistoryQueries } from '../../flux/history-queries.ts';
import type { Dependencies } from '../app.ts';
import { type HistoryPlan, planHistory, readHistoryQuery, sourcesOf } from '../history/ask.ts';
import { createRowsText, type HistoryHead, headText } from '../history/format.ts';
import type { Kept } from '../history/plan.ts';
import { type HistoryFn, readWindows } from '../history/read.ts';
import { historyAnswer, historyQuery } from '../history/schemas.ts';
import { createAdmission } from '../http/admission.ts';
import { type FormatName, mediaOf } from '../http/media.ts';
import { type Call, defineRoute, type Route } from '../http/route.ts';
import { sendStream } from '../http/stream.ts';
import { findPair } from '../pair.ts';
import { formats, type MediaType, mediaTypes } from '../rows/format.ts';
import { readPrices } from '../rows/store.ts';

/** What is needed to read prices of any age. */
export interface History {
  readonly queries: HistoryQueries;
  /** What there is to read from. */
  readonly kept: { at(nowMs: number): Promise<Kept> };
}

const ANSWERS_MAX = 64;
const PIECE_CHARS = 65_536;

type HistoryCall = Call<{
  readonly start: string;
  readonly stop: string;
  readonly every?: string | undefined;
  readonly fn?: HistoryFn | undefined;
  readonly exchange?: string | undefined;
  readonly format?: FormatName | undefined;
}>;

export function historyRoutes(dependencies: Dependencies): readonly Route[] {
  const admitted = createAdmission(ANSWERS_MAX);
  const shared = {
    method: 'get',
    summary: 'Prices of one pair in windows of any length, from the coarsest exact roll-ups',
    access: 'read',
    query: historyQuery,
    answers: {
      200: { about: 'Every window with prices', schema: historyAnswer, media: mediaTypes },
    },
  } as const;
  return [
    defineRoute({
      ...shared,
      id: 'history',
      path: '/api/v1/pairs/:pair/prices',
      params: { pair: 'Base and quote: `btcusd`; also `BTC/USD`, `btc-usd`, `BTC_USD`.' },
      handle: (call) => admitted(() => answer(dependencies, call, call.params.pair ?? '')),
    }),
    defineRoute({
      ...shared,
      id: 'historyBySlash',
      path: '/api/v1/pairs/:base/:quote/prices',
      hidden: true,
      handle: (call) =>
        admitted(() => answer(dependencies, call, `${call.params.base}/${call.params.quote}`)),
    }),
  ];
}

async function answer(
  dependencies: Dependencies,
  call: HistoryCall,
  spelling: string,
): Promise<undefined> {
  const { catalog, history, clock } = dependencies;
  const media = mediaOf(call.ctx, call.query.format);
  const nowMs = clock.nowMs();
  const asked = readHistoryQuery(call.query, nowMs);
  const exchange = call.query.exchange?.toLowerCase();
  const pair = await findPair(catalog, spelling, exchange);
  const [exchanges, kept] = await Promise.all([catalog.exchangesOf(pair), history.kept.at(nowMs)]);
  const plan = planHistory(asked, kept, exchange === undefined ? exchanges.length : 1);
  const head = headOf(pair, plan);
  // Ends the query as soon as the client leaves or the answer is done.
  const ending = new AbortController();
  const signal = AbortSignal.any([call.signal, ending.signal]);
  try {
    const market = { pair, exchange, exchanges, media, signal };
    const rows = rowsOf(dependencies, plan, market);
    const first = await rows.next();
    setHead(call, media, head);
    await sendStream(call.ctx, bodyOf({ media, head }, first, rows));
  } finally {
    ending.abort();
  }
}

interface Market {
  readonly pair: string;
  readonly exchange: string | undefined;
  readonly exchanges: readonly string[];
  readonly media: MediaType;
  readonly signal: AbortSignal;
}

/** The rows as text, in pieces. */
function rowsOf(
  { influx, history: { queries } }: Dependencies,
  plan: HistoryPlan,
  { media, ...market }: Market,
): AsyncGenerator<Buffer, void> {
  const { startMs, stopMs, everyMs, fn = 'mean', segments } = plan;
  const { pair, exchange, signal } = market;
  const format = formats[media];
  if (everyMs === undefined) {
    const start = new Date(startMs).toISOString();
    const range = { pair, exchange, start, stop: new Date(stopMs).toISOString() };
    return readPrices(influx, { flux: queries.raw(range), format, signal });
  }
  const textOf = createRowsText(media, fn, format.quote);
  const windows = readWindows({ ...market, influx, queries, fn, everyMs, segments });
  return piecesOf(windows, textOf);
}

/** The first piece goes out as soon as there is a row, the others when they are worth it. */
async function* piecesOf<T>(
  batches: AsyncIterable<T>,
  textOf: (batch: T) => string,
): AsyncGenerator<Buffer, void> {
  let text = '';
  let begun = false;
  for await (const batch of batches) {
    text += textOf(batch);
    if (text.length < (begun ? PIECE_CHARS : 1)) continue;
    begun = true;
    yield Buffer.from(text);
    text = '';
  }
  if (text.length > 0) yield Buffer.from(text);
}

async function* bodyOf(
  { media, head }: { readonly media: MediaType; readonly head: HistoryHead },
  first: IteratorResult<Buffer, void>,
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  const begin = Buffer.from(headText(media, head));
  const tail = Buffer.from(formats[media].tail);
  if (first.done) {
    yield Buffer.concat([begin, tail]);
    return;
  }
  yield Buffer.concat([begin, first.value]);
  yield* rest;
  if (tail.length > 0) yield tail;
}

function headOf(pair: string, plan: HistoryPlan): HistoryHead {
  return {
    pair,
    start: new Date(plan.startMs).toISOString(),
    stop: new Date(plan.stopMs).toISOString(),
    every: plan.everyMs === undefined ? null : formatMs(plan.everyMs),
    fn: plan.fn ?? null,
    sources: sourcesOf(plan),
  };
}

function setHead({ ctx }: HistoryCall, media: MediaType, head: HistoryHead): void {
  ctx.status = 200;
  ctx.set({
    'Content-Type': formats[media].type,
    'Cache-Control': 'no-cache',
    'Tidemark-Pair': encodeURIComponent(head.pair),
    'Tidemark-Source': head.sources.join(', '),
    'Tidemark-Every': head.every ?? 'none',
    'Tidemark-Start': head.start,
    'Tidemark-Stop': head.stop,
  });
  ctx.vary('Accept, Accept-Encoding, Authorization');
}
