import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Where the next line to send is. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

const positionSchema = z.object({
  segment: z.int().nonnegative(),
  offset: z.int().nonnegative(),
});

/** Not synced: an old position only means that some lines are sent again. */
export async function savePosition(dir: string, position: Position): Promise<void> {
  const path = positionPath(dir);
  await writeFile(`${path}.new`, JSON.stringify(position), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function readPosition(dir: string): Promise<Position> {
  try {
    return positionSchema.parse(JSON.parse(await readFile(positionPath(dir), 'utf8')));
  } catch {
    // Absent, or cut by a crash: from the oldest segment that is there.
    return { segment: 0, offset: 0 };
  }
}

function positionPath(dir: string): string {
  return join(dir, 'position.json');
}
