import { TidemarkError } from '../../core/errors.ts';
import { nearNames } from '../../registry/near.ts';
import type { Dependencies } from '../app.ts';
import { createAdmission } from '../http/admission.ts';
import { HttpProblem } from '../http/errors.ts';
import { page } from '../http/page.ts';
import { invalidParameter } from '../http/parameter.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { Compared, Ranked } from '../leaderboard/board.ts';
import { type RanksAnswer, ranksAnswer, ranksQuery } from '../leaderboard/ranks-schemas.ts';
import type { Run } from '../leaderboard/runs.ts';

/** Whole lists are in work in so many answers at once; a list is read once for all of them. */
const ANSWERS_MAX = 256;
const NEAR_MAX = 5;

interface Names {
  readonly base: string;
  readonly quote: string;
}

/** Pairs, or the markets of an exchange, by how much they move. */
export function rankRoutes(dependencies: Dependencies): readonly Route[] {
  const { catalog, runs } = dependencies;
  const admitted = createAdmission(ANSWERS_MAX);
  return [
    defineRoute({
      id: 'ranks',
      method: 'get',
      path: '/api/v1/ranks',
      summary: 'What moves most: pairs over all exchanges, or the markets of one',
      access: 'read',
      query: ranksQuery,
      answers: { 200: { about: 'One page of one run', schema: ranksAnswer } },
      handle: ({ query }) =>
        admitted(async (): Promise<RanksAnswer> => {
          const { window, by, limit } = query;
          const quote = query.quote?.toLowerCase();
          const exchange = query.exchange?.toLowerCase();
          const from = readCursor(query.cursor);
          if (exchange !== undefined) await demandExchange(exchange);
          const namesOf = await readNames(quote);
          const kind = exchange === undefined ? 'pair_rank' : 'rank';
          const run = await (from === undefined
            ? runs.newest(kind, window)
            : runs.at(kind, window, from.timeMs));
          if (run === undefined) {
            if (from !== undefined) throw gone();
            return { window, by, time: null, items: [], next: null };
          }
          const board = await boardOf(run, by, exchange);
          const found = placed(board, (pair) => !quote || namesOf.get(pair)?.quote === quote);
          const behind = found.filter(({ rank }) => rank > (from?.rank ?? 0));
          const { items, next } = page(behind.slice(0, limit + 1), limit, ({ rank }) => {
            return `${run.timeMs}-${rank}`;
          });
          const time = new Date(run.timeMs).toISOString();
          const shown = items.map((item) => shownAs(item, namesOf.get(item.pair)));
          return { window, by, time, items: shown, next };
        }),
    }),
  ];

  async function demandExchange(exchange: string): Promise<void> {
    const known = await catalog.listedExchanges();
    if (known.includes(exchange)) return;
    const near = nearNames(exchange, known, { limit: NEAR_MAX });
    throw new TidemarkError('not-found', `no exchange ${exchange}`, {
      details: { near, exchanges: known },
    });
  }

  /** Base and quote of every pair. @throws TidemarkError `not-found` for a quote that none has */
  async function readNames(quote: string | undefined): Promise<ReadonlyMap<string, Names>> {
    const pairs = await catalog.pairs({ limit: Number.MAX_SAFE_INTEGER });
    if (quote !== undefined && !pairs.some((entry) => entry.quote === quote)) {
      const quotes = new Set(pairs.map((entry) => entry.quote));
      throw new TidemarkError('not-found', `no pair is quoted in ${quote}`, {
        details: { near: nearNames(quote, quotes, { limit: NEAR_MAX }) },
      });
    }
    return new Map(pairs.map((entry) => [entry.pair, entry]));
  }
}

function boardOf(run: Run, by: 'stddev' | 'volatility', exchange: string | undefined) {
  return by === 'stddev' ? run.byDeviation(exchange) : run.byVolatility(exchange);
}

type Placed = (Ranked | Compared) & { readonly position: number };

/** Those that are wanted, with their places among each other. */
function placed(
  board: readonly (Ranked | Compared)[],
  wanted: (pair: string) => boolean,
): readonly Placed[] {
  return board
    .filter(({ pair }) => wanted(pair))
    .map((one, index) => ({ ...one, position: index + 1 }));
}

function shownAs(item: Placed, names: Names | undefined): RanksAnswer['items'][number] {
  const { rank, of, position, pair, exchange, stddev } = item;
  return {
    ...{ rank, of, position, pair },
    base: names?.base ?? null,
    quote: names?.quote ?? null,
    ...(exchange !== undefined && { exchange }),
    stddev,
    ...('mean' in item && { mean: item.mean ?? null, volatility: item.volatility ?? null }),
  };
}

const CURSOR = /^(\d{1,13})-(\d{1,9})$/;

function readCursor(text: string | undefined): { timeMs: number; rank: number } | undefined {
  if (text === undefined) return undefined;
  const [, timeMs, rank] = CURSOR.exec(text) ?? [];
  if (timeMs !== undefined) return { timeMs: Number(timeMs), rank: Number(rank) };
  throw invalidParameter('cursor', 'not the next of a page before');
}

function gone(): HttpProblem {
  const message = 'the run that the cursor belongs to is gone: begin again without a cursor';
  return new HttpProblem(410, 'gone', message, { details: { parameter: 'cursor' } });
}
