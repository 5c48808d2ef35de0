import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { Context } from 'koa';

/**
 * Sends pieces as the body with back-pressure: the next piece is asked for only when the client has
 * taken the last. When `pieces` fails, the connection is reset without the end mark of the body, so
 * that no client takes half an answer for the whole, not even one of HTTP/1.0. A HEAD gets the head
 * that it would have, and no piece is asked for.
 */
export async function sendStream(ctx: Context, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const packed = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  if (packed) ctx.set('Content-Encoding', 'gzip');
  ctx.status = 200;
  if (ctx.method === 'HEAD') return;
  ctx.respond = false;
  const source = resettingOnFailure(pieces, ctx);
  if (!packed) return pipeline(source, ctx.res);
  // Flushed with every piece: a client sees the first rows while the last ones are not read yet.
  const gzip = createGzip({ level: 1, flush: constants.Z_SYNC_FLUSH });
  return pipeline(source, gzip, ctx.res);
}

async function* resettingOnFailure(pieces: AsyncIterable<Uint8Array>, ctx: Context) {
  try {
    yield* pieces;
  } catch (error) {
    reset(ctx.req.socket);
    throw error;
  }
}

/**
 * Ends a connection by RST. `resetAndDestroy` ends the socket's stream first, which would send a
 * FIN (the regular end of a body in HTTP/1.0); that is what `_final` does, so it does nothing here.
 */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  socket._final = (done) => done();
  socket.resetAndDestroy();
}
