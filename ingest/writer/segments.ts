import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What the spool needs of an open file; tests give one that runs out of space. */
export interface SegmentFile {
  write(bytes: Uint8Array, offset: number): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** Creates a file that must not exist yet. */
export type CreateFile = (path: string) => Promise<SegmentFile>;

export const createFile: CreateFile = (path) => open(path, 'wx', 0o600);

export interface Segment {
  readonly number: number;
  /** Bytes that may be read. */
  size: number;
}

const NAME = /^segment-(\d{12})\.log$/;

export function segmentPath(dir: string, number: number): string {
  return join(dir, `segment-${String(number).padStart(12, '0')}.log`);
}

/** The segments of a directory, oldest first. */
export async function listSegments(dir: string): Promise<Segment[]> {
  const numbers = (await readdir(dir))
    .map((name) => NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  return Promise.all(
    numbers.map(async (number) => ({ number, size: (await stat(segmentPath(dir, number))).size })),
  );
}

/** Makes the names in a directory durable, not only the bytes in its files. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
