import { formatMs } from '../../core/duration.ts';
import { isCode, TidemarkError } from '../../core/errors.ts';
import type { ExchangeEntry } from '../../registry/catalog.ts';
import type { PriceMode } from '../../registry/exchange-choices.ts';
import { nearNames } from '../../registry/near.ts';
import type { Dependencies } from '../app.ts';
import { exchangeAddition, exchangeChange, slotsAnswer, slotsQuery } from '../choice-schemas.ts';
import { createAdmission } from '../http/admission.ts';
import { HttpProblem } from '../http/errors.ts';
import { readRange } from '../http/moment.ts';
import { page, sendPage } from '../http/page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { numberText } from '../rows/format.ts';
import { type Cells, pageOf, readParts } from '../rows/parts.ts';
import {
  type ExchangeAnswer,
  type ExchangesAnswer,
  exchangeAnswer,
  exchangesAnswer,
  exchangesQuery,
  noQuery,
} from '../schemas.ts';

const NEAR_MAX = 5;

const params = { exchange: 'Its id, as in the list.' };
const answers = { 200: { about: 'It, as it is from now on', schema: exchangeAnswer } };

/** Exchanges: how they do, whether, how often and in which way their prices are taken. */
export function exchangeRoutes(dependencies: Dependencies): readonly Route[] {
  return [...reading(dependencies), ...changing(dependencies)];
}

function reading(dependencies: Dependencies): readonly Route[] {
  const { catalog, knownExchanges } = dependencies;
  return [
    defineRoute({
      id: 'exchanges',
      method: 'get',
      path: '/api/v1/exchanges',
      summary: 'Exchanges: state, last success, lateness, rows, and what was chosen',
      access: 'read',
      query: exchangesQuery,
      answers: { 200: { about: 'One page, sorted by exchange', schema: exchangesAnswer } },
      async handle({ query: { limit, after } }): Promise<ExchangesAnswer> {
        const all = await catalog.exchanges();
        const rest = after === undefined ? all : all.filter(({ exchange }) => exchange > after);
        const { items, next } = page(rest, limit, ({ exchange }) => exchange);
        return { items: items.map((entry) => exchangeItem(entry, knownExchanges)), next };
      },
    }),
    defineRoute({
      id: 'exchange',
      method: 'get',
      path: '/api/v1/exchanges/:exchange',
      summary: 'One exchange',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', schema: exchangeAnswer } },
      handle: ({ params: { exchange = '' } }) => demandListed(dependencies, exchange),
    }),
    slotsRoute(dependencies),
  ];
}

const ANSWERS_MAX = 64;
const DAY_MS = 86_400_000;

function slotsRoute(dependencies: Dependencies): Route {
  const { influx, metricQueries, clock, retentionMs } = dependencies;
  const admitted = createAdmission(ANSWERS_MAX);
  return defineRoute({
    id: 'exchangeSlots',
    method: 'get',
    path: '/api/v1/exchanges/:exchange/slots',
    summary: 'How punctual its slots were and what came of each',
    access: 'read',
    query: slotsQuery,
    params,
    answers: { 200: { about: 'Newest last; `Tidemark-Next`, `Link`: more', schema: slotsAnswer } },
    handle: ({ ctx, params, query, signal: leaving }) =>
      admitted(async () => {
        const { exchange } = await demandListed(dependencies, params.exchange ?? '');
        const range = readRange(query, { nowMs: clock.nowMs(), retentionMs });
        await sendPage({ ctx, leaving }, (signal) => {
          const fluxOf = (start: string, stop: string) =>
            metricQueries.slots({ exchange, start, stop });
          const rows = readParts({
            influx,
            fluxOf,
            labels: SLOT,
            ...range,
            partMs: DAY_MS,
            signal,
          });
          return pageOf(rows, slotText, query.limit);
        });
      }),
  });
}

const SLOT = ['_time', 'late_ms', 'took_ms', 'rows', 'ok'];

function slotText([slot = '', late = '', took = '', rows = '', ok = '']: Cells): string {
  const [lateMs, tookMs] = [late, took].map((cell) => numberText(cell) ?? 'null');
  return `{"slot":"${slot}","lateMs":${lateMs},"tookMs":${tookMs},"rows":${rows},"ok":${ok}}`;
}

function changing(dependencies: Dependencies): readonly Route[] {
  const { choices } = dependencies;
  const changed = { access: 'write', query: noQuery, answers } as const;
  return [
    defineRoute({
      ...changed,
      id: 'addExchange',
      method: 'post',
      path: '/api/v1/exchanges',
      summary: 'Take the prices of an exchange, from now on and after a restart',
      body: exchangeAddition,
      answers: { ...answers, 201: { about: 'It was not in the list', schema: exchangeAnswer } },
      async handle({ ctx, body }) {
        const exchange = await demandKnown(dependencies, body.exchange.toLowerCase());
        demandMode(dependencies, exchange, body.mode);
        const old = await findListed(dependencies, exchange);
        await choices.changeExchange(exchange, changeOf(body));
        ctx.status = old === undefined ? 201 : 200;
        ctx.set('Location', `/api/v1/exchanges/${encodeURIComponent(exchange)}`);
        return demandListed(dependencies, exchange);
      },
    }),
    defineRoute({
      ...changed,
      id: 'changeExchange',
      method: 'patch',
      path: '/api/v1/exchanges/:exchange',
      summary:
        'Switch an exchange on or off, change its interval or mode; null: as the settings say',
      params,
      body: exchangeChange,
      async handle({ params, body }) {
        const { exchange } = await demandListed(dependencies, params.exchange ?? '');
        demandMode(dependencies, exchange, body.mode);
        await choices.changeExchange(exchange, changeOf(body));
        return demandListed(dependencies, exchange);
      },
    }),
    defineRoute({
      ...changed,
      id: 'deleteExchange',
      method: 'delete',
      path: '/api/v1/exchanges/:exchange',
      summary: 'Switch an exchange off. It stays in the list, its stored points stay',
      params,
      async handle({ params }) {
        const { exchange } = await demandListed(dependencies, params.exchange ?? '');
        await choices.changeExchange(exchange, { enabled: false });
        return demandListed(dependencies, exchange);
      },
    }),
  ];
}

interface Body {
  readonly enabled?: boolean | null | undefined;
  readonly interval?: number | null | undefined;
  readonly mode?: PriceMode | null | undefined;
}

function changeOf({ enabled, interval, mode }: Body) {
  return {
    ...(enabled !== undefined && { enabled }),
    ...(interval !== undefined && { intervalMs: interval }),
    ...(mode !== undefined && { mode }),
  };
}

async function findListed({ catalog, knownExchanges }: Dependencies, exchange: string) {
  const entry = (await catalog.exchanges()).find((one) => one.exchange === exchange);
  return entry && exchangeItem(entry, knownExchanges);
}

async function demandListed(dependencies: Dependencies, name: string): Promise<ExchangeAnswer> {
  const exchange = name.toLowerCase();
  const found = await findListed(dependencies, exchange);
  if (found) return found;
  const listed = (await dependencies.catalog.exchanges()).map((entry) => entry.exchange);
  const known = dependencies.knownExchanges.ids.includes(exchange);
  throw new TidemarkError('not-found', `no exchange ${exchange.slice(0, 64)}`, {
    details: {
      near: nearNames(exchange, listed, { limit: NEAR_MAX }),
      exchanges: listed,
      ...(known && { add: 'POST it to /api/v1/exchanges' }),
    },
  });
}

/** The id of an exchange that can be taken prices from. Throws 422 with names like it. */
async function demandKnown({ knownExchanges }: Dependencies, name: string): Promise<string> {
  const { ids } = knownExchanges;
  const near = nearNames(name, ids, { limit: NEAR_MAX });
  const details = { field: 'exchange', near, known: ids };
  const found = await knownExchanges.find(name).catch((error: unknown) => {
    if (!isCode(error, 'invalid')) throw error;
    throw new HttpProblem(422, 'unprocessable', error.message, { details });
  });
  if (found !== undefined) return found;
  const message = `no exchange ${name.slice(0, 64)} is known`;
  throw new HttpProblem(422, 'unprocessable', message, { details });
}

/** Throws 422 for a stream where there is none. */
function demandMode(
  { knownExchanges }: Dependencies,
  exchange: string,
  mode: PriceMode | null | undefined,
): void {
  if (mode !== 'stream' || knownExchanges.streams(exchange)) return;
  throw new HttpProblem(422, 'unprocessable', `${exchange} has no stream that is known here`, {
    details: { field: 'mode', allowed: ['poll'] },
  });
}

function exchangeItem(entry: ExchangeEntry, known: Dependencies['knownExchanges']): ExchangeAnswer {
  const { lastSuccessMs, lastAttemptMs, pausedUntilMs, latenessMs, intervalMs, ...rest } = entry;
  // Where there is no stream, prices are asked for whatever the settings say.
  const streams = rest.mode === 'stream' && known.streams(entry.exchange);
  return {
    ...rest,
    interval: formatMs(intervalMs),
    mode: streams ? 'stream' : 'poll',
    dropped: { ...rest.dropped },
    lastSuccess: isoTime(lastSuccessMs),
    lastAttempt: isoTime(lastAttemptMs),
    pausedUntil: isoTime(pausedUntilMs),
    latenessMs: latenessMs ?? null,
    error: rest.error ?? null,
  };
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
