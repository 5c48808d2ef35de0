import { TidemarkError } from '../../core/errors.ts';
import { pairSpellings } from '../../core/pair.ts';
import type { MetricEntry } from '../../registry/metrics.ts';
import type { Dependencies } from '../app.ts';
import {
  metricAddition,
  metricAnswer,
  metricsAnswer,
  metricsQuery,
  rankedMetricAnswer,
  recordsAnswer,
  recordsQuery,
} from '../choice-schemas.ts';
import { createAdmission } from '../http/admission.ts';
import { HttpProblem } from '../http/errors.ts';
import { linkNext, page, sendPage } from '../http/page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { listedPair } from '../pair.ts';
import { readRecords, readRecordsQuery } from '../rows/records.ts';
import { pickRows } from '../rows/store.ts';
import { noQuery } from '../schemas.ts';

const ANSWERS_MAX = 64;
const ID_MAX = 2 ** 31 - 1;

const id = { id: 'The number of the metric.' };

/** What can be asked of pairs, under numbers that stay. */
export function metricRoutes(dependencies: Dependencies): readonly Route[] {
  return [...listing(dependencies), ...changing(dependencies), recordsRoute(dependencies)];
}

function listing(dependencies: Dependencies): readonly Route[] {
  const { choices } = dependencies;
  return [
    defineRoute({
      id: 'listMetrics',
      method: 'get',
      path: '/api/v1/metrics',
      summary: 'What is recorded: a number for each metric of each pair',
      access: 'read',
      query: metricsQuery,
      answers: {
        200: { about: 'One page by number; `Tidemark-Next`, `Link`: more', schema: metricsAnswer },
      },
      async handle({ ctx, query: { pair, metric, limit, after } }) {
        const filter = { metric, limit: limit + 1, afterId: after };
        const found = await ofPair(pair, (pairs) => choices.listMetrics({ ...filter, pairs }));
        const { items, next } = page(found, limit, (entry) => String(entry.id));
        linkNext(ctx, 'after', next);
        return items.map(shown);
      },
    }),
    defineRoute({
      id: 'getMetric',
      method: 'get',
      path: '/api/v1/metrics/:id',
      summary: 'One metric, with the rank of its pair over all exchanges',
      access: 'read',
      query: noQuery,
      params: id,
      answers: { 200: { about: 'It', schema: rankedMetricAnswer } },
      async handle({ params, signal }) {
        const entry = await demandMetric(dependencies, params.id ?? '');
        return { rank: await rankOf(dependencies, entry.pair, signal), ...shown(entry) };
      },
    }),
  ];
}

function changing(dependencies: Dependencies): readonly Route[] {
  const { choices } = dependencies;
  return [
    defineRoute({
      id: 'addMetric',
      method: 'post',
      path: '/api/v1/metrics',
      summary: 'Add a metric of a pair; `price` switches a pair on that was off',
      access: 'write',
      query: noQuery,
      body: metricAddition,
      answers: {
        201: { about: 'Added, under the number that it had before if it had one', ...oneMetric },
        200: { about: 'It was there already', ...oneMetric },
      },
      async handle({ ctx, body: { pair, metric } }) {
        const tag = await demandPair(dependencies, pair);
        const { entry, added } = await choices.addMetric({ pair: tag, metric });
        ctx.status = added ? 201 : 200;
        ctx.set('Location', `/api/v1/metrics/${entry.id}`);
        return shown(entry);
      },
    }),
    defineRoute({
      id: 'deleteMetric',
      method: 'delete',
      path: '/api/v1/metrics/:id',
      summary: 'Remove a metric; with `price` the pair is no longer recorded. Stored points stay',
      access: 'write',
      query: noQuery,
      params: id,
      answers: { 204: { about: 'Removed', media: [] } },
      async handle({ ctx, params }) {
        const removed = await choices.removeMetric(readId(params.id ?? ''));
        if (!removed) throw noMetric(params.id ?? '');
        ctx.status = 204;
      },
    }),
  ];
}

const oneMetric = { schema: metricAnswer };

function recordsRoute(dependencies: Dependencies): Route {
  const { influx, metricQueries: queries, clock, retentionMs } = dependencies;
  const admitted = createAdmission(ANSWERS_MAX);
  return defineRoute({
    id: 'metricRecords',
    method: 'get',
    path: '/api/v1/metrics/:id/records',
    summary: 'The values of a metric by time: of all exchanges together, or as one wrote them',
    access: 'read',
    query: recordsQuery,
    params: id,
    answers: {
      200: { about: 'Newest last; `Tidemark-Next`, `Link`: more', schema: recordsAnswer },
    },
    handle: ({ ctx, params, query, signal: leaving }) =>
      admitted(async () => {
        const entry = await demandMetric(dependencies, params.id ?? '');
        const asked = readRecordsQuery(query, { nowMs: clock.nowMs(), retentionMs });
        if (asked.exchange !== undefined) await demandListed(dependencies, entry, asked.exchange);
        await sendPage({ ctx, leaving }, (signal) =>
          readRecords({ influx, queries, entry, signal }, asked),
        );
      }),
  });
}

function shown({ id, name, metric }: MetricEntry) {
  return { id, pair: name, metric };
}

/** Of the spellings that a pair may have, the first that finds something. */
async function ofPair<T>(
  pair: string | undefined,
  find: (pairs: readonly string[] | undefined) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  if (pair === undefined) return find(undefined);
  for (const tag of pairSpellings(pair)) {
    const found = await find([tag]);
    if (found.length > 0) return found;
  }
  return [];
}

function readId(text: string): number {
  const number = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= ID_MAX) return number;
  throw noMetric(text);
}

function noMetric(id: string): TidemarkError {
  return new TidemarkError('not-found', `no metric ${id.slice(0, 20)}`, {
    details: { list: '/api/v1/metrics' },
  });
}

async function demandMetric({ choices }: Dependencies, text: string): Promise<MetricEntry> {
  const entry = await choices.findMetric(readId(text));
  if (entry === undefined) throw noMetric(text);
  return entry;
}

/** The tag of a pair that some exchange lists. Throws 422 with names like it. */
async function demandPair({ catalog }: Dependencies, spelling: string): Promise<string> {
  const found = await listedPair(catalog, pairSpellings(spelling));
  if ('pair' in found) return found.pair;
  throw new HttpProblem(422, 'unprocessable', `no exchange lists ${spelling.slice(0, 64)}`, {
    details: { field: 'pair', near: found.near },
  });
}

async function demandListed(
  { catalog }: Dependencies,
  { pair, name }: MetricEntry,
  exchange: string,
): Promise<void> {
  const exchanges = await catalog.exchangesOf(pair, exchange);
  if (exchanges.includes(exchange)) return;
  throw new TidemarkError('not-found', `${name} is not on ${exchange}`, { details: { exchanges } });
}

async function rankOf(
  { influx, queries }: Dependencies,
  pair: string,
  signal: AbortSignal,
): Promise<number | null> {
  let rank: number | null = null;
  const flux = queries.rank({ pair, exchange: undefined });
  for await (const { rows, indexes } of pickRows(influx, flux, ['rank'], signal)) {
    const cell = rows.at(-1)?.[indexes[0] ?? 0];
    if (cell) rank = Number(cell);
  }
  return rank;
}
