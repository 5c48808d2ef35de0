import { crc32 } from 'node:zlib';

/**
 * One record of a spool segment, little endian: magic, payload bytes, lines, CRC-32 of all the
 * rest, accepted at (milliseconds, float64), then the payload: lines of line protocol, each with
 * its newline.
 */
export const HEADER_BYTES = 24;
/** A length above this is damage, not a record. */
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
const MAGIC = 0x314b4d54; // "TMK1"

export interface SpoolRecord {
  readonly payload: Buffer;
  readonly lines: number;
  readonly acceptedMs: number;
  /** Bytes of header and payload. */
  readonly size: number;
}

/**
 * What stands at a place of a segment. `partial`: the record of `size` bytes goes on beyond the
 * bytes given. `damaged`: not what was written.
 */
export type Found =
  | { readonly kind: 'record'; readonly record: SpoolRecord }
  | { readonly kind: 'partial'; readonly size: number }
  | { readonly kind: 'damaged' };

/** Header and a copy of the payload, ready to append. */
export function encodeRecord(payload: Uint8Array, lines: number, acceptedMs: number): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  record.writeUInt32LE(MAGIC, 0);
  record.writeUInt32LE(payload.length, 4);
  record.writeUInt32LE(lines, 8);
  record.writeDoubleLE(acceptedMs, 16);
  record.set(payload, HEADER_BYTES);
  const header = record.subarray(0, HEADER_BYTES);
  record.writeUInt32LE(checksum(header, record.subarray(HEADER_BYTES)), 12);
  return record;
}

/** Reads the record at `offset`; `bytes` may end anywhere. */
export function findRecord(bytes: Buffer, offset: number): Found {
  if (bytes.length - offset < HEADER_BYTES) return { kind: 'partial', size: HEADER_BYTES };
  const header = bytes.subarray(offset, offset + HEADER_BYTES);
  const length = header.readUInt32LE(4);
  if (header.readUInt32LE(0) !== MAGIC || length === 0 || length > PAYLOAD_BYTES_MAX) {
    return { kind: 'damaged' };
  }
  const size = HEADER_BYTES + length;
  if (bytes.length - offset < size) return { kind: 'partial', size };
  const payload = bytes.subarray(offset + HEADER_BYTES, offset + size);
  if (checksum(header, payload) !== header.readUInt32LE(12)) return { kind: 'damaged' };
  const lines = header.readUInt32LE(8);
  return {
    kind: 'record',
    record: { payload, lines, acceptedMs: header.readDoubleLE(16), size },
  };
}

/** Offset of the first sound record behind `from`, or undefined: how to go on after damage. */
export function nextRecord(bytes: Buffer, from: number): number | undefined {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC);
  let at = bytes.indexOf(magic, from);
  while (at !== -1) {
    if (findRecord(bytes, at).kind === 'record') return at;
    at = bytes.indexOf(magic, at + 1);
  }
  return undefined;
}

function checksum(header: Buffer, payload: Buffer): number {
  const start = crc32(header.subarray(0, 12));
  return crc32(payload, crc32(header.subarray(16, HEADER_BYTES), start));
}
