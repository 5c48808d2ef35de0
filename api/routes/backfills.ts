import { TidemarkError } from '../../core/errors.ts';
import type { BackfillProgress } from '../../registry/backfill-progress.ts';
import type { Dependencies } from '../app.ts';
import {
  type BackfillAnswer,
  type BackfillOfferAnswer,
  backfillAnswer,
  backfillOffer,
  backfillsAnswer,
  backfillsQuery,
  backfillWish,
} from '../backfill-schemas.ts';
import { readMoment } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

interface Cost {
  readonly markets: number;
  readonly requests: number;
  readonly durationMs: number;
}

interface Wish {
  readonly exchanges: readonly string[];
  readonly pairs: readonly string[];
  readonly fromMs: number;
  readonly toMs?: number | undefined;
}

interface Offer extends Cost {
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly notes: readonly string[];
  readonly exchanges: readonly (Cost & { readonly exchange: string })[];
}

type View = BackfillProgress & { readonly leftMs: number };

/** Where backfills are asked for and watched. The work is that of the price ingest. */
export interface BackfillDesk {
  offer(wish: Wish): Promise<Offer>;
  open(wish: Wish): Promise<Offer & { readonly id: number; readonly resumed: boolean }>;
  get(id: number): Promise<View | undefined>;
  list(page: { limit: number; before?: number | undefined }): Promise<readonly View[]>;
  cancel(id: number): Promise<boolean>;
}

const params = { id: 'As the answer to the wish says.' };
const one = { 200: { about: 'How far it is', schema: backfillAnswer } };

/** Backfills: missing minutes, filled from the exchanges' candles. */
export function backfillRoutes({ backfills, clock }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'addBackfill',
      method: 'post',
      path: '/api/v1/backfills',
      summary: "Fill minutes without a price from the exchanges' candles",
      access: 'write',
      query: noQuery,
      body: backfillWish,
      answers: {
        200: { about: 'With dryRun, or gone on with', schema: backfillOffer },
        201: { about: 'Begun', schema: backfillOffer },
      },
      async handle({ ctx, body }): Promise<BackfillOfferAnswer> {
        const { exchanges, pairs, dryRun } = body;
        const nowMs = clock.nowMs();
        const fromMs = minute(readMoment('from', body.from, nowMs));
        const toMs = body.to === undefined ? undefined : minute(readMoment('to', body.to, nowMs));
        const wish = { exchanges, pairs, fromMs, toMs };
        if (dryRun) return offerOf(await backfills.offer(wish));
        const { id, resumed, ...offer } = await backfills.open(wish);
        ctx.status = resumed ? 200 : 201;
        ctx.set('Location', `/api/v1/backfills/${id}`);
        return { id, resumed, ...offerOf(offer) };
      },
    }),
    defineRoute({
      id: 'backfills',
      method: 'get',
      path: '/api/v1/backfills',
      summary: 'Backfills, asked for or found as gaps, the newest first',
      access: 'read',
      query: backfillsQuery,
      answers: { 200: { about: 'One page', schema: backfillsAnswer } },
      async handle({ query: { limit, after } }) {
        const before = after === undefined ? undefined : Number(after);
        const found = await backfills.list({ limit: limit + 1, before });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(viewOf), next };
      },
    }),
    defineRoute({
      id: 'backfill',
      method: 'get',
      path: '/api/v1/backfills/:id',
      summary: 'How far a backfill is',
      access: 'read',
      query: noQuery,
      params,
      answers: one,
      handle: async ({ params: { id = '' } }) => viewOf(await demand(backfills, id)),
    }),
    defineRoute({
      id: 'deleteBackfill',
      method: 'delete',
      path: '/api/v1/backfills/:id',
      summary: 'Stop a backfill. What it wrote stays',
      access: 'write',
      query: noQuery,
      params,
      answers: one,
      async handle({ params: { id = '' } }) {
        await backfills.cancel((await demand(backfills, id)).id);
        return viewOf(await demand(backfills, id));
      },
    }),
  ];
}

const MINUTE_MS = 60_000;

function minute(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}

async function demand(backfills: BackfillDesk, id: string): Promise<View> {
  const found = /^[1-9]\d{0,14}$/.test(id) ? await backfills.get(Number(id)) : undefined;
  if (found) return found;
  throw new TidemarkError('not-found', `no backfill ${id.slice(0, 64)}`);
}

function offerOf({ range, notes, exchanges, markets, requests, durationMs }: Offer) {
  return {
    ...{ from: iso(range.fromMs), to: iso(range.toMs), markets, requests, durationMs },
    notes: [...notes],
    exchanges: exchanges.map((exchange) => ({ ...exchange })),
  };
}

function viewOf({ lanes, fromMs, toMs, createdMs, finishedMs, ...rest }: View): BackfillAnswer {
  const { id, cause, state, leftMs, notes } = rest;
  return {
    ...{ id, cause, state, from: iso(fromMs), to: iso(toMs), created: iso(createdMs) },
    finished: finishedMs === null ? null : iso(finishedMs),
    ...{ leftMs, notes },
    exchanges: lanes.map(({ backfill: _, adapter: __, rows: points, error, ...lane }) => {
      return { ...lane, points, error };
    }),
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
