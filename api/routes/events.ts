import type { Context } from 'koa';
import { isCode } from '../../core/errors.ts';
import type { Dependencies } from '../app.ts';
import { whileAdmitted } from '../events/admitted.ts';
import type { Seat } from '../events/contract.ts';
import { eventsAnswer, eventsQuery, liveQuery } from '../events/schemas.ts';
import { openSocket } from '../events/socket.ts';
import { isEventSource, streamEvents, streamLater } from '../events/stream.ts';
import { asksForSocket } from '../events/upgrades.ts';
import { HttpProblem } from '../http/errors.ts';
import { page } from '../http/page.ts';
import { type Answer, defineRoute, type Route } from '../http/route.ts';
import type { Caller } from '../keys/auth.ts';
import { ANYBODY } from '../keys/keyring.ts';
import { demandSameOrigin } from '../keys/origin.ts';
import { errorAnswer } from '../schemas.ts';

const SSE = 'text/event-stream';
const JSON_TYPE = 'application/json';

interface Live {
  readonly after?: string | undefined;
  readonly kinds?: string | undefined;
}

/** What happened: as a list, and as it happens. */
export function eventRoutes(dependencies: Dependencies): readonly Route[] {
  const { monitors: desk, hub, clock, keyring } = dependencies;
  const seatOf = async (ctx: Context, wanted: Live): Promise<Seat> => {
    const { caller = ANYBODY } = ctx.state as { readonly caller?: Caller };
    return whileAdmitted(await hub.seat(wantedOf(wanted)), { caller, keyring, clock });
  };
  const stream = async (ctx: Context, { after, kinds }: Live): Promise<undefined> => {
    const last = lastEventId(ctx) ?? after;
    try {
      streamEvents(ctx, await seatOf(ctx, { after: last, kinds }));
    } catch (error) {
      if (!isCode(error, 'unavailable') || !isEventSource(ctx)) throw error;
      streamLater(ctx, error.message);
    }
  };
  return [
    defineRoute({
      id: 'events',
      method: 'get',
      path: '/api/v1/events',
      summary: 'What happened lately, the oldest first; with Accept, as it happens',
      access: 'read',
      keyInQuery: true,
      query: eventsQuery,
      answers: { 200: { about: 'One page, or a stream', schema: eventsAnswer } },
      async handle({ ctx, query: { kinds, limit, after } }) {
        ctx.vary('Accept');
        if (ctx.accepts([JSON_TYPE, SSE]) === SSE) return stream(ctx, { after, kinds });
        const found = await desk.events({
          ...{ after: Number(after ?? 0), limit: limit + 1 },
          ...(kinds !== undefined && { kinds: kinds.split(',') }),
        });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return {
          items: items.map(({ id, kind, at, data }) => ({ id, kind, at: at.toISOString(), data })),
          next,
        };
      },
    }),
    defineRoute({
      id: 'liveEvents',
      method: 'get',
      path: '/events',
      summary: 'What happens, as Server-Sent Events',
      access: 'read',
      keyInQuery: true,
      query: liveQuery,
      answers: { 200: STREAM },
      handle: ({ ctx, query }) => stream(ctx, query),
    }),
    defineRoute({
      id: 'socket',
      method: 'get',
      path: '/ws',
      summary: 'What happens, over a websocket',
      access: 'read',
      keyInQuery: true,
      query: liveQuery,
      answers: {
        101: { about: 'A websocket: each message is an event', media: [] },
        426: { about: 'The request asks for no websocket', schema: errorAnswer },
      },
      async handle({ ctx, query }) {
        if (!asksForSocket(ctx.req)) {
          throw new HttpProblem(426, 'upgrade-required', 'this is a websocket', {
            details: { events: '/events' },
            headers: { Upgrade: 'websocket' },
          });
        }
        // No browser asks another origin whether its page may read a websocket.
        demandSameOrigin(ctx);
        const seat = await seatOf(ctx, query);
        const mayAsk = query.after === undefined && query.kinds === undefined;
        openSocket(ctx, seat, { clock, mayAsk });
        return undefined;
      },
    }),
  ];
}

const STREAM: Answer = { about: 'Events for as long as the client stays', media: [SSE] };

function wantedOf({ after, kinds }: Live) {
  return { after: after === undefined ? undefined : Number(after), kinds: kinds?.split(',') };
}

/** Where a browser was when it lost the connection; its address still says where it began. */
function lastEventId(ctx: Context): string | undefined {
  const text = ctx.get('last-event-id').trim();
  if (text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return text;
  throw new HttpProblem(400, 'invalid', 'Last-Event-ID is the number of an event', {
    details: { header: 'Last-Event-ID', expected: 'digits' },
  });
}
