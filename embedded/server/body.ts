import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InfluxError } from './errors.ts';

/** Decoded bytes of one request; InfluxDB itself has no limit here. */
export const BODY_BYTES_MAX = 128 << 20;
/** Everything but points: scripts and records. */
export const JSON_BYTES_MAX = 4 << 20;

/** The whole body, decoded. Errors: `request too large`; a broken gzip is InfluxDB's 500. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  const packed = encoding === 'gzip' || encoding === 'x-gzip';
  if (!packed) return collect(request, bytesMax);
  // The callback's error is the one that reading the stream throws: it is handled there.
  const unpacked = pipeline(request, createGunzip(), () => {});
  try {
    return await collect(unpacked, bytesMax);
  } catch (error) {
    if (error instanceof InfluxError) throw error;
    throw new InfluxError(
      'internal error',
      'An internal error has occurred - check server logs',
      error,
    );
  }
}

async function collect(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > bytesMax) {
      throw new InfluxError(
        'request too large',
        `unable to read data: points batch is too large (limit ${bytesMax} bytes)`,
      );
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}
