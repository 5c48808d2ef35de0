import { formatMs } from '../../core/duration.ts';
import { TidemarkError } from '../../core/errors.ts';
import { momentLevel, type RankWindow, stepMs } from '../../core/rollups.ts';
import { nearNames } from '../../registry/near.ts';
import type { Dependencies } from '../app.ts';
import { createAdmission } from '../http/admission.ts';
import { readRange } from '../http/moment.ts';
import { type Call, defineRoute, type Route } from '../http/route.ts';
import {
  type MoversAnswer,
  moversAnswer,
  moversQuery,
  type RankRunsAnswer,
  rankRunsAnswer,
  rankRunsQuery,
} from '../leaderboard/move-schemas.ts';
import { createMoves, type Move } from '../leaderboard/moves.ts';
import { findPair } from '../pair.ts';
import { pickRows } from '../rows/store.ts';

const ANSWERS_MAX = 64;
const RUNS_MAX = 1_500;
const NEAR_MAX = 5;
/** Steps of runs that are shown, where there are too many of them. */
const LADDER_MS = [5, 10, 30, 60, 180, 360, 720, 1440, 10_080, 43_200].map((min) => min * 60_000);

/** What moved most, and how the rank of one pair went. */
export function moveRoutes(dependencies: Dependencies): readonly Route[] {
  const moves = createMoves(dependencies);
  const admitted = createAdmission(ANSWERS_MAX);
  const runs = {
    method: 'get',
    summary: 'How the rank of one pair over all exchanges went',
    access: 'read',
    query: rankRunsQuery,
    answers: { 200: { about: 'Its runs, the newest last', schema: rankRunsAnswer } },
  } as const;
  return [
    defineRoute({
      id: 'movers',
      method: 'get',
      path: '/api/v1/movers',
      summary: 'Pairs by how much their prices changed',
      access: 'read',
      query: moversQuery,
      answers: { 200: { about: 'The largest change first', schema: moversAnswer } },
      handle: ({ query }) =>
        admitted(async (): Promise<MoversAnswer> => {
          const { window, direction, limit } = query;
          const namesOf = await readNames(dependencies, query.quote?.toLowerCase());
          const { timeMs, pairs } = await moves(window);
          const wanted = ({ pair, change }: Move): boolean =>
            (query.quote === undefined || namesOf.get(pair)?.wanted === true) &&
            (direction === 'both' || (direction === 'up' ? change > 0 : change < 0));
          const items = pairs.filter(wanted).slice(0, limit);
          return {
            window,
            time: new Date(timeMs).toISOString(),
            items: items.map(({ pair, ...rest }, index) => {
              const { base = null, quote = null } = namesOf.get(pair) ?? {};
              return { position: index + 1, pair, base, quote, ...rest };
            }),
          };
        }),
    }),
    defineRoute({
      ...runs,
      id: 'rankRuns',
      path: '/api/v1/pairs/:pair/ranks',
      params: { pair: 'Base and quote: `btcusd`; also `BTC/USD`, `btc-usd`, `BTC_USD`.' },
      handle: (call) => admitted(() => readRuns(dependencies, call, call.params.pair ?? '')),
    }),
    defineRoute({
      ...runs,
      id: 'rankRunsBySlash',
      path: '/api/v1/pairs/:base/:quote/ranks',
      hidden: true,
      handle: (call) => {
        const { base, quote } = call.params;
        return admitted(() => readRuns(dependencies, call, `${base}/${quote}`));
      },
    }),
  ];
}

interface Names {
  readonly base: string;
  readonly quote: string;
  /** Quoted in what was asked for. */
  readonly wanted: boolean;
}

/** @throws TidemarkError `not-found` for a quote that no pair has */
async function readNames(
  { catalog }: Dependencies,
  wanted: string | undefined,
): Promise<ReadonlyMap<string, Names>> {
  const pairs = await catalog.pairs({ limit: Number.MAX_SAFE_INTEGER });
  const quotes = new Set(pairs.map(({ quote }) => quote));
  if (wanted !== undefined && !quotes.has(wanted)) {
    throw new TidemarkError('not-found', `no pair is quoted in ${wanted}`, {
      details: { near: nearNames(wanted, quotes, { limit: NEAR_MAX }) },
    });
  }
  return new Map(
    pairs.map(({ pair, base, quote }) => [pair, { base, quote, wanted: quote === wanted }]),
  );
}

type RunsCall = Call<{
  readonly window: RankWindow;
  readonly start: string;
  readonly stop: string;
}>;

async function readRuns(
  { catalog, influx, queries, clock, retentionMs }: Dependencies,
  { query, signal }: RunsCall,
  spelling: string,
): Promise<RankRunsAnswer> {
  const { startMs, stopMs } = readRange(query, { nowMs: clock.nowMs(), retentionMs });
  const { window } = query;
  const pair = await findPair(catalog, spelling, undefined);
  const leastMs = stepMs(momentLevel(window));
  const length = Math.max(0, stopMs - startMs);
  const fits = (ms: number): boolean => ms >= leastMs && length / ms <= RUNS_MAX - 1;
  const everyMs = LADDER_MS.find(fits) ?? LADDER_MS.at(-1)!;
  const every = formatMs(everyMs);
  const items = new Map<string, { time: string; rank: number; of: number; stddev: number }>();
  if (startMs >= stopMs) return { pair, window, every, items: [] };
  const flux = queries.rankRuns({
    ...{ pair, window, every },
    // A run is shown at its step's begin: whole steps, so that none is shown before its time.
    start: new Date(Math.floor(startMs / everyMs) * everyMs).toISOString(),
    stop: new Date(stopMs).toISOString(),
  });
  for await (const { rows, indexes } of pickRows(influx, flux, LABELS, signal)) {
    for (const row of rows) {
      const [time = '', field = '', value = ''] = indexes.map((at) => row[at]);
      const item = items.get(time) ?? { time: isoOfText(time), rank: 0, of: 0, stddev: 0 };
      items.set(time, item);
      if (field === 'rank' || field === 'of' || field === 'stddev') item[field] = Number(value);
    }
  }
  const found = [...items.values()].sort((a, b) => (a.time < b.time ? -1 : 1));
  return { pair, window, every, items: found };
}

const LABELS = ['_time', '_field', '_value'] as const;

function isoOfText(time: string): string {
  return new Date(time).toISOString();
}
