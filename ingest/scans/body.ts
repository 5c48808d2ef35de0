import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { codeOf, ScanFailure } from './outcome.ts';

export interface BodyOptions {
  /** The header's value. */
  readonly encoding: string | undefined;
  /** Most bytes after decompression. */
  readonly bytesMax: number;
  /** How many of them are kept; the rest is only counted. */
  readonly keepMax: number;
  /** No more is needed: the cap was reached. */
  readonly onFull: () => void;
  readonly onError: (error: ScanFailure) => void;
  /** The decoder has room again, after `write` said false. */
  readonly onDrain: () => void;
}

/** RFC 9110 lets encodings be nested without end; nobody does it in earnest. */
const NESTED_MAX = 2;
/** What comes compressed may be larger than what it holds, but not much. */
const WIRE_EXTRA = 64 * 1024;
const EMPTY = Buffer.alloc(0);
/** The first byte of the wrapped format, as nearly everybody writes it. */
const ZLIB = 0x78;
const CHUNK = { chunkSize: 16 * 1024 };

/** Takes a body as it comes and keeps the beginning of what it decodes to. */
export class BodyReader {
  wireBytes = 0;
  /** After decompression, as far as it was read. */
  decodedBytes = 0;
  /** The cap was reached: there may be more. */
  truncated = false;
  readonly #options: BodyOptions;
  readonly #encodings: readonly string[];
  /** Grows as needed. Copied: a body of one-byte chunks would cost a hundred times its size. */
  #kept: Buffer = EMPTY;
  #keptBytes = 0;
  #first: Transform | undefined;
  #last: Transform | undefined;
  #over = false;

  /** @throws ScanFailure `encoding` for one that nobody asked for. */
  constructor(options: BodyOptions) {
    this.#options = options;
    this.#encodings = encodingsOf(options.encoding);
  }

  /** False when the sender should wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    this.wireBytes += chunk.length;
    if (this.#over) return true;
    if (this.#encodings.length === 0) {
      this.#take(chunk);
      return true;
    }
    if (this.wireBytes > this.#options.bytesMax + WIRE_EXTRA) {
      this.#full();
      return true;
    }
    if (!this.#first) this.#open(chunk[0] ?? 0);
    return this.#first?.write(chunk) ?? true;
  }

  /** The body is whole: `done` once everything is decoded. */
  end(done: () => void): void {
    if (this.#over || !this.#first) {
      done();
      return;
    }
    this.#last?.once('end', done);
    this.#first.end();
  }

  /** Nothing more is taken, whatever comes. */
  close(): void {
    this.#over = true;
    this.#first?.destroy();
    this.#last?.destroy();
  }

  /** What was kept. */
  bytes(): Buffer {
    return this.#kept.subarray(0, this.#keptBytes);
  }

  #open(firstByte: number): void {
    const decoders = this.#encodings.map((name, at) =>
      decoderOf(name, at === 0 ? firstByte : ZLIB),
    );
    const fail = (error: Error): void => this.#fail(error);
    for (const [at, decoder] of decoders.entries()) {
      decoder.on('error', fail);
      const next = decoders[at + 1];
      if (next) decoder.pipe(next);
    }
    this.#first = decoders[0];
    this.#last = decoders.at(-1);
    this.#first?.on('drain', () => this.#options.onDrain());
    this.#last?.on('data', (chunk: Buffer) => {
      if (!this.#over) this.#take(chunk);
    });
  }

  #take(chunk: Buffer): void {
    const { bytesMax, keepMax } = this.#options;
    const room = bytesMax - this.decodedBytes;
    const taken = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.decodedBytes += taken.length;
    this.#keep(taken, Math.min(taken.length, keepMax - this.#keptBytes));
    if (chunk.length > room) this.#full();
  }

  #keep(chunk: Buffer, bytes: number): void {
    if (bytes <= 0) return;
    const needed = this.#keptBytes + bytes;
    if (needed > this.#kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#kept.length));
      this.#kept.copy(grown, 0, 0, this.#keptBytes);
      this.#kept = grown;
    }
    chunk.copy(this.#kept, this.#keptBytes, 0, bytes);
    this.#keptBytes = needed;
  }

  #full(): void {
    this.truncated = true;
    this.close();
    this.#options.onFull();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.close();
    const cut = codeOf(error) === 'Z_BUF_ERROR' || /unexpected end/.test(error.message);
    const reason = cut ? 'incomplete' : 'encoding';
    const detail = cut ? 'the compressed body ends early' : `not ${this.#encodings.join(', ')}`;
    this.#options.onError(new ScanFailure(reason, detail, error));
  }
}

/** In the order in which they are to be undone. */
function encodingsOf(header: string | undefined): readonly string[] {
  const names = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  const odd = names.find((name) => !/^(x-)?gzip$|^br$|^deflate$/.test(name));
  if (odd !== undefined) throw new ScanFailure('encoding', `encoded as ${odd.slice(0, 20)}`);
  if (names.length > NESTED_MAX) throw new ScanFailure('encoding', 'encoded too many times over');
  return names.reverse();
}

function decoderOf(name: string, firstByte: number): Transform {
  if (name === 'br') return createBrotliDecompress(CHUNK);
  if (name !== 'deflate') return createGunzip(CHUNK);
  // Some servers send the bare format (RFC 1951) instead of the wrapped one (RFC 1950).
  return (firstByte & 0x0f) === 8 ? createInflate(CHUNK) : createInflateRaw(CHUNK);
}
