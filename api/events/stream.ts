import type { Context } from 'koa';
import type { Peer, Seat } from './contract.ts';

/** How long a browser waits before it comes back, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * Answers with Server-Sent Events for as long as the client stays. The first thing is the number
 * that it reads on from, so that it misses nothing even if it loses the connection at once. A HEAD
 * gets the head, and ends.
 */
export function streamEvents(ctx: Context, seat: Seat): void {
  ctx.status = 200;
  ctx.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // nginx would keep events back until there is a lot of them.
    'X-Accel-Buffering': 'no',
  });
  const { res } = ctx;
  const ends = ctx.method === 'HEAD';
  ctx.respond = ends;
  if (ends || res.destroyed) {
    seat.leave();
    return;
  }
  res.once('close', seat.leave);
  // Written to after it has closed: `close` says all that there is to say.
  res.on('error', seat.leave);
  res.write(`retry: ${RETRY_MS}\nid: ${seat.position}\n\n`);
  seat.start(peerOf(ctx));
}

/** How long a browser waits before it asks again for what could not be had. */
const LATER_MS = 5_000;

/** Whether a browser's own reader of events asks: no other names this type alone. */
export function isEventSource(ctx: Context): boolean {
  return ctx.get('accept').trim() === 'text/event-stream';
}

/**
 * Answers with an empty stream, which says why, and when to come back. A browser never comes back
 * after an answer with an error.
 */
export function streamLater(ctx: Context, why: string): void {
  ctx.status = 200;
  ctx.set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
  ctx.body = `retry: ${LATER_MS}\n: ${why.replace(/[\r\n]+/g, ' ')}\n\n`;
}

function peerOf({ res }: Context): Peer {
  const write = (bytes: Buffer | string, done?: () => void): void => {
    if (res.destroyed || res.writableEnded) done?.();
    else res.write(bytes, () => done?.());
  };
  return {
    wire: 'sse',
    write,
    notice: (kind, data) => write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`),
    // An id without data is no event; who reads on from it skips what was not of its kinds.
    beat: (position) => write(position === undefined ? ':\n\n' : `:\nid: ${position}\n\n`),
    end: () => void res.end(),
    cut: () => void res.destroy(),
  };
}
