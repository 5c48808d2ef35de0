import { TidemarkError } from '../../../core/errors.ts';
import { pairSpellings } from '../../../core/pair.ts';
import {
  type BackfillLane,
  type BackfillProgress,
  listBackfills,
} from '../../../registry/backfill-progress.ts';
import { type BackfillMarket, cancelBackfill, openBackfill } from '../../../registry/backfills.ts';
import type { Database } from '../../../registry/database.ts';
import { listMarkets, type Market } from '../../../registry/markets.ts';
import { nearNames } from '../../../registry/near.ts';
import type { TimeRange } from '../adapter.ts';
import type { ChosenExchange } from '../exchanges/list.ts';
import { type Estimate, estimate, pagesOf } from './estimate.ts';
import { fillStepMs, MINUTE_MS } from './minutes.ts';
import { byImportance, isoMinute, planMarkets } from './plan.ts';
import { adapterOf } from './sources.ts';
import type { StoredPrices } from './stored.ts';

export interface DeskOptions {
  readonly database: Database;
  readonly stored: Pick<StoredPrices, 'volumes'>;
  /** By an adapter's id, whether it is polled or not; undefined: nobody knows it. */
  readonly exchangeOf: (name: string) => Promise<ChosenExchange | undefined>;
  /** Names of all that could be asked, for who mistypes one. */
  readonly exchangeNames: readonly string[];
  /** Pairs whose points are not wanted, unless they are named. */
  readonly offPairs: () => Promise<ReadonlySet<string>>;
  /** How often an exchange is polled: its slots are filled, and no others. */
  readonly intervalMsOf: (exchange: string) => Promise<number>;
  /** Has the registry learn the markets of an exchange that was never polled. */
  readonly learnMarkets: (exchange: ChosenExchange) => Promise<void>;
  readonly retentionMs: number;
  readonly nowMs: () => number;
}

/** What somebody wants filled. One of the lists must not be empty. */
export interface BackfillWish {
  /** None: every exchange that lists the pairs. */
  readonly exchanges: readonly string[];
  /** None: every pair of the exchanges. Any spelling. */
  readonly pairs: readonly string[];
  readonly fromMs: number;
  /** Absent: up to now. */
  readonly toMs?: number | undefined;
}

export interface BackfillOffer extends Estimate {
  readonly range: TimeRange;
  readonly notes: readonly string[];
  readonly exchanges: readonly (Estimate & { readonly exchange: string })[];
}

export interface BackfillView extends BackfillProgress {
  /** What is left takes at most this long, in ms. */
  readonly leftMs: number;
}

/** Where backfills are asked for and watched, by people and by the API. */
export interface BackfillDesk {
  /** What would be asked. @throws TidemarkError `invalid` or `not-found` when nothing would. */
  offer(wish: BackfillWish): Promise<BackfillOffer>;
  /** Asks for it. The same again, while it is open, goes on with it. */
  open(wish: BackfillWish): Promise<BackfillOffer & { id: number; resumed: boolean }>;
  get(id: number): Promise<BackfillView | undefined>;
  /** The newest first; only those with a smaller id than `before`. */
  list(page: { limit: number; before?: number | undefined }): Promise<readonly BackfillView[]>;
  /** False when it was not open. */
  cancel(id: number): Promise<boolean>;
}

export function createDesk(options: DeskOptions): BackfillDesk {
  const { database } = options;
  const prepare = async (wish: BackfillWish) => {
    const range = rangeOf(wish, options.nowMs());
    const found = await chooseMarkets(wish, options);
    const planned: BackfillMarket[] = [];
    const notes: string[] = [...found.notes];
    for (const { exchange, markets } of found.lanes) {
      const plan = planMarkets(await inOrder(markets, options), {
        ...{ adapter: exchange.adapter, range, retentionMs: options.retentionMs },
        stepMs: fillStepMs(await options.intervalMsOf(exchange.adapter.id)),
        nowMs: options.nowMs(),
      });
      planned.push(...plan.markets);
      notes.push(...plan.notes);
    }
    if (planned.length === 0) throw nothing(notes);
    const adapters = new Map(found.lanes.map(({ exchange: { adapter } }) => [adapter.id, adapter]));
    const costOf = (markets: BackfillMarket[]) => estimate(markets, (id) => adapters.get(id));
    const names = [...new Set(planned.map(({ exchange }) => exchange))];
    const exchanges = names.map((exchange) => {
      return { exchange, ...costOf(planned.filter((market) => market.exchange === exchange)) };
    });
    const offer = { range: spanOf(planned), notes: [...new Set(notes)], exchanges };
    return { offer: { ...offer, ...costOf(planned) }, planned };
  };
  const view = async (progress: BackfillProgress): Promise<BackfillView> => {
    const left = await Promise.all(progress.lanes.map((lane) => leftMsOf(lane, options)));
    return { ...progress, leftMs: progress.state === 'open' ? Math.max(0, ...left) : 0 };
  };
  return {
    offer: async (wish) => (await prepare(wish)).offer,
    async open(wish) {
      const { offer, planned } = await prepare(wish);
      const opened = await openBackfill(database, {
        key: keyOf(wish),
        cause: 'request',
        range: offer.range,
        notes: offer.notes,
        markets: planned,
      });
      return { ...offer, ...opened };
    },
    async get(id) {
      const [found] = await listBackfills(database, { id, limit: 1 });
      return found && view(found);
    },
    list: async (page) => Promise.all((await listBackfills(database, page)).map(view)),
    cancel: (id) => cancelBackfill(database, id),
  };
}

function rangeOf({ fromMs, toMs }: BackfillWish, nowMs: number): TimeRange {
  const endMs = Math.min(toMs ?? nowMs, nowMs);
  if (fromMs < endMs) return { fromMs, toMs: endMs };
  const text = fromMs >= nowMs ? 'from is not in the past' : 'from is not before to';
  throw new TidemarkError('invalid', `nothing to fill: ${text}`, {
    details: { from: isoMinute(fromMs), to: isoMinute(endMs) },
  });
}

interface Chosen {
  readonly lanes: readonly { readonly exchange: ChosenExchange; readonly markets: Market[] }[];
  readonly notes: readonly string[];
}

async function chooseMarkets(wish: BackfillWish, options: DeskOptions): Promise<Chosen> {
  if (wish.exchanges.length === 0 && wish.pairs.length === 0) {
    throw new TidemarkError('invalid', 'nothing to fill: expected an exchange, a pair, or both');
  }
  const markets =
    wish.exchanges.length === 0
      ? await listMarkets(options.database)
      : await marketsOf(wish.exchanges, options);
  const off = wish.pairs.length === 0 ? await options.offPairs() : new Set();
  const wanted = select(markets, wish.pairs).filter(({ pair }) => !off.has(pair));
  for (const pair of wish.pairs) {
    if (select(wanted, [pair]).length === 0) throw unknownPair(pair, markets);
  }
  const byAdapter = new Map<string, Market[]>();
  for (const market of wanted) {
    const list = byAdapter.get(adapterOf(market));
    if (list) list.push(market);
    else byAdapter.set(adapterOf(market), [market]);
  }
  const lanes: { exchange: ChosenExchange; markets: Market[] }[] = [];
  const notes: string[] = [];
  for (const [adapter, list] of byAdapter) {
    const exchange = await options.exchangeOf(adapter);
    if (exchange) lanes.push({ exchange, markets: list });
    else notes.push(`${adapter} is no exchange that can be asked for candles`);
  }
  return { lanes, notes };
}

/** The markets of some exchanges; those of one that was never polled are learned first. */
async function marketsOf(names: readonly string[], options: DeskOptions): Promise<Market[]> {
  const all: Market[] = [];
  for (const name of new Set(names.map((text) => text.toLowerCase()))) {
    let markets = await listMarkets(options.database, name);
    if (markets.length === 0) {
      const exchange = await options.exchangeOf(name);
      if (!exchange) throw unknownExchange(name, options.exchangeNames);
      await options.learnMarkets(exchange);
      markets = await listMarkets(options.database, name);
    }
    all.push(...markets);
  }
  return all;
}

/** The markets of pairs in any spelling; all of them where no pair is named. */
function select(markets: readonly Market[], pairs: readonly string[]): readonly Market[] {
  if (pairs.length === 0) return markets;
  const tags = new Set(markets.map(({ pair }) => pair));
  const wanted = new Set(pairs.map((text) => pairSpellings(text).find((tag) => tags.has(tag))));
  return markets.filter(({ pair }) => wanted.has(pair));
}

async function inOrder(
  markets: readonly Market[],
  { stored }: DeskOptions,
): Promise<readonly Market[]> {
  const [first] = markets;
  // A few are soon done in any order.
  if (first === undefined || markets.length < 10) return markets;
  return byImportance(markets, await stored.volumes(first.exchange));
}

function spanOf(markets: readonly BackfillMarket[]): TimeRange {
  let { fromMs, toMs } = markets[0]!.range;
  for (const { range } of markets) {
    fromMs = Math.min(fromMs, range.fromMs);
    toMs = Math.max(toMs, range.toMs);
  }
  return { fromMs, toMs };
}

/** One spelling of a wish, so that the same one is known again. */
function keyOf({ exchanges, pairs, fromMs, toMs }: BackfillWish): string {
  const names = (list: readonly string[]) => [...new Set(list.map((name) => name.toLowerCase()))];
  return JSON.stringify([names(exchanges).sort(), names(pairs).sort(), fromMs, toMs ?? null]);
}

async function leftMsOf(lane: BackfillLane, { exchangeOf }: DeskOptions): Promise<number> {
  const candles = (await exchangeOf(lane.adapter))?.adapter.candles;
  const markets = lane.markets - lane.done - lane.failed;
  if (!candles || markets === 0) return 0;
  const minutes = (lane.minutes - lane.minutesDone) / markets;
  const pages = markets * pagesOf(Math.max(minutes, 1), candles.pageRowsMax);
  return pages * Math.max(candles.spacingMs, MINUTE_MS / 240);
}

function nothing(notes: readonly string[]): TidemarkError {
  const why = notes.length > 0 ? notes.join('; ') : 'the exchange lists no such market now';
  return new TidemarkError('invalid', `nothing to fill: ${why}`);
}

function unknownExchange(name: string, names: readonly string[]): TidemarkError {
  const near = nearNames(name, [...names].sort(), { limit: 3 });
  return new TidemarkError('not-found', `no exchange ${name}${meant(near)}`, {
    details: { near, expected: names },
  });
}

function meant(near: readonly string[]): string {
  return near.length > 0 ? `; is it ${near.join(', ')}?` : '';
}

function unknownPair(pair: string, markets: readonly Market[]): TidemarkError {
  const known = [...new Set(markets.map((market) => market.pair))].sort();
  const near = nearNames(pair, known, { limit: 5 });
  return new TidemarkError('not-found', `no such pair there: ${pair}${meant(near)}`, {
    details: near.length > 0 ? { near } : {},
  });
}
