import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { EVENTS_CHANNEL } from './events.ts';
import { slices } from './slices.ts';
import { jsonOf, NOW_MS, textOf } from './sql-values.ts';

const point = z.object({
  /** feed, event, and rule or symbol. */
  tags: z.record(z.string(), z.string()),
  article: z.int(),
  title: z.string(),
  url: z.string().nullable(),
  /** From when it was published to when it was seen; null: nobody knows. */
  lagMs: z.number().nullable(),
  /** Nanoseconds since the epoch; no two points have the same. */
  ns: z.string().transform(BigInt),
});

/** Something of an article, to be written as a time series. */
export type ArticlePoint = z.output<typeof point>;

/** What there is to tell of one article after a save. */
export interface ArticleNews {
  readonly article: number;
  readonly feed: number;
  readonly title: string;
  readonly url: string | null;
  readonly publishedMs: number | null;
  readonly symbols: readonly string[];
  /** Of these, those that it speaks of for the first time. */
  readonly mentions: readonly string[];
  /** It was not there, or is not what it was; undefined: neither. */
  readonly event?: 'new' | 'updated' | undefined;
  /** Rules that it matches, and of these those that it did not match before. */
  readonly rules: readonly number[];
  readonly matched: readonly number[];
  readonly lagMs: number | null;
  /** Of the first check of its feed. */
  readonly initial: boolean;
}

/** A title is a line; more than this of it is told to nobody. */
const TITLE_MAX = 1_000;
const SYMBOLS_MAX = 20;

export interface ToldNews {
  /** What to forget when the points are in a spool. */
  readonly pointsIds: readonly number[];
  readonly points: readonly ArticlePoint[];
}

/**
 * Events for whoever listens, and points on their way to a spool. The last thing of a transaction:
 * from here to its end nobody else can tell anything.
 */
export async function tellNews(queries: Queries, news: readonly ArticleNews[]): Promise<ToldNews> {
  return (await tellAllNews(queries, [news]))[0]!;
}

/** The same of several, whose points are forgotten one by one. */
export async function tellAllNews(
  queries: Queries,
  lists: readonly (readonly ArticleNews[])[],
): Promise<readonly ToldNews[]> {
  const told = lists.map(() => ({ pointsIds: [] as number[], points: [] as ArticlePoint[] }));
  for (const some of packs(pointBatches(lists), (batch) => batch.wanted.length)) {
    for (const { of, id, points } of await keepPoints(queries, some)) {
      told[of]!.pointsIds.push(id);
      told[of]!.points.push(...points);
    }
  }
  for (const news of slices(lists.flat(), EVENTS_MAX / 2)) {
    const some = news.flatMap(eventsOf);
    if (some.length === 0) continue;
    await queries.query(
      `insert into events (kind, data)
       select 'article', data::jsonb from unnest($1::text[]) with ordinality as g (data, nr)
       order by nr returning pg_notify('${EVENTS_CHANNEL}', id::text)`,
      [some.map(jsonOf)],
    );
  }
  return told;
}

/** So many points are kept, and events told, in one statement; one batch is never divided. */
const POINTS_MAX = 400;
/** An article has two at most. */
const EVENTS_MAX = 200;

/** What a statement takes is made right before it: all at once would hold up everybody else. */
function* pointBatches(lists: readonly (readonly ArticleNews[])[]): Generator<PointBatch> {
  for (const [of, news] of lists.entries()) {
    for (const some of slices(news)) {
      const wanted = some.flatMap(pointsOf);
      if (wanted.length > 0) yield { of, wanted };
    }
  }
}

/** Lists of what is no more than `POINTS_MAX` together, or one. */
function* packs<T>(list: Iterable<T>, sizeOf: (one: T) => number): Generator<readonly T[]> {
  let pack: T[] = [];
  let size = 0;
  for (const one of list) {
    if (pack.length > 0 && size + sizeOf(one) > POINTS_MAX) {
      yield pack;
      [pack, size] = [[], 0];
    }
    pack.push(one);
    size += sizeOf(one);
  }
  if (pack.length > 0) yield pack;
}

function eventsOf(one: ArticleNews): Readonly<Record<string, unknown>>[] {
  const { article, feed, url, publishedMs, symbols, initial } = one;
  const title = one.title.slice(0, TITLE_MAX);
  const about = { article, feed, title, url, publishedMs, symbols, initial };
  return [
    ...(one.event === undefined ? [] : [{ event: one.event, ...about, rules: one.rules }]),
    ...(one.matched.length === 0 ? [] : [{ event: 'matched', ...about, rules: one.matched }]),
  ];
}

type NewPoint = Omit<ArticlePoint, 'ns'>;

function pointsOf(one: ArticleNews): NewPoint[] {
  const { article, url, lagMs, event } = one;
  const title = textOf(one.title.slice(0, TITLE_MAX));
  const tagged = (tags: Readonly<Record<string, string>>): NewPoint => ({
    tags: { feed: String(one.feed), ...tags },
    ...{ article, title, url: url === null ? null : textOf(url), lagMs },
  });
  return [
    ...(event === undefined ? [] : [tagged({ event })]),
    ...one.matched.map((rule) => tagged({ event: 'matched', rule: String(rule) })),
    ...one.mentions
      .slice(0, SYMBOLS_MAX)
      .map((symbol) => tagged({ event: 'mentioned', symbol: textOf(symbol) })),
  ];
}

interface PointBatch {
  /** Which list it is of. */
  readonly of: number;
  readonly wanted: readonly NewPoint[];
}

async function keepPoints(
  queries: Queries,
  batches: readonly PointBatch[],
): Promise<readonly (WaitingPoints & { readonly of: number })[]> {
  const many = batches.reduce((sum, { wanted }) => sum + wanted.length, 0);
  const times = await queries.query(
    `with clock as materialized (select ${NOW_MS} as now)
     select (now * 1000000 + nextval('article_moments'))::text as ns
     from clock, generate_series(1, $1)`,
    [many],
  );
  const ns = rowsOf(z.object({ ns: z.string() }), times);
  let at = 0;
  const kept = batches.map(({ of, wanted }) => ({
    of,
    points: wanted.map((one) => ({ ...one, ns: BigInt(ns[at++]!.ns) })),
  }));
  const rows = await queries.query(
    `insert into article_points (points) select points::jsonb
     from unnest($1::text[]) with ordinality as g (points, nr) order by nr returning id`,
    [kept.map(({ points }) => jsonOf(points.map((one) => ({ ...one, ns: String(one.ns) }))))],
  );
  const ids = rowsOf(z.object({ id: z.int() }), rows);
  return kept.map((batch, nr) => ({ ...batch, id: ids[nr]!.id }));
}

const waiting = z.object({ id: z.int(), points: z.array(point) });

export interface WaitingPoints {
  readonly id: number;
  readonly points: readonly ArticlePoint[];
}

/** Points that were saved so long ago and are in nobody's spool, as far as anybody has said. */
export async function waitingPoints(
  queries: Queries,
  { olderThanMs, limit }: { readonly olderThanMs: number; readonly limit: number },
): Promise<readonly WaitingPoints[]> {
  const rows = await queries.query(
    `select id, points from article_points
     where at <= clock_timestamp() - make_interval(secs => $1::float8 / 1000) order by id limit $2`,
    [olderThanMs, limit],
  );
  return rowsOf(waiting, rows);
}

/** The points are in the spool. */
export async function forgetPoints(queries: Queries, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await queries.query('delete from article_points where id = any($1::bigint[])', [ids]);
}
