import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { Context } from 'koa';

const CHUNK_CHARS = 65_536;

/**
 * Joins small texts to pieces of about 64 kB, since each write costs a system call and a chunk
 * header. The first text goes out alone: the client sees at once that the answer has begun.
 */
export async function* inChunks(texts: AsyncIterable<string>): AsyncGenerator<string, void> {
  let pending = '';
  let begun = false;
  for await (const text of texts) {
    pending += text;
    if (pending.length < CHUNK_CHARS && begun) continue;
    if (pending !== '') yield pending;
    begun = true;
    pending = '';
  }
  if (pending !== '') yield pending;
}

/**
 * Sends pieces as the body with back-pressure: the next piece is asked for only when the client
 * has taken the last. When `pieces` fails, the connection is reset without the end mark of the body,
 * so that no client takes half an answer for the whole, not even one of HTTP/1.0.
 */
export async function sendStream(ctx: Context, pieces: AsyncIterable<string>): Promise<void> {
  ctx.respond = false;
  ctx.res.statusCode = 200;
  const source = resettingOnFailure(pieces, ctx);
  if (ctx.acceptsEncodings('gzip', 'identity') !== 'gzip') return pipeline(source, ctx.res);
  ctx.set('Content-Encoding', 'gzip');
  // Flushed with every piece: a client sees the first rows while the last ones are not read yet.
  const gzip = createGzip({ level: 1, flush: constants.Z_SYNC_FLUSH });
  return pipeline(source, gzip, ctx.res);
}

async function* resettingOnFailure(pieces: AsyncIterable<string>, ctx: Context) {
  try {
    yield* pieces;
  } catch (error) {
    reset(ctx.req.socket);
    throw error;
  }
}

/**
 * Ends a connection by RST. `resetAndDestroy` ends the socket's stream first, which would send a FIN
 * (the regular end of a body in HTTP/1.0); that is what `_final` does, so it does nothing here.
 */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  socket._final = (done) => done();
  socket.resetAndDestroy();
}
