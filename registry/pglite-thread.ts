import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { messageOf } from '../core/errors.ts';
import type { Row } from './database.ts';
import {
  type LiteReply,
  type LiteRequest,
  type LiteStart,
  type NumberedRequest,
  OPENED,
} from './pglite-messages.ts';

/** PostgreSQL in a thread: a statement of it holds nobody up but the statements after it. */
const port = parentPort;
if (!port) throw new Error('the embedded PostgreSQL runs in a thread of its own');

const tell = (reply: LiteReply): void => port.postMessage(reply);
const unlisten = new Map<number, () => Promise<void>>();

async function perform(lite: PGlite, request: LiteRequest): Promise<readonly Row[]> {
  switch (request.kind) {
    case 'query':
      return (await lite.query<Row>(request.text, [...request.parameters])).rows;
    case 'script':
      await lite.exec(request.text);
      return [];
    case 'listen': {
      const { channel, listening } = request;
      const heard = (payload: string) => tell({ listening, payload });
      unlisten.set(listening, await lite.listen(channel, heard));
      return [];
    }
    case 'unlisten':
      await unlisten.get(request.listening)?.();
      unlisten.delete(request.listening);
      return [];
    case 'close':
      await lite.close();
      return [];
  }
}

async function answer(id: number, work: () => Promise<readonly Row[]>): Promise<void> {
  try {
    tell({ id, rows: await work() });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const told = { message: messageOf(error), code: typeof code === 'string' ? code : undefined };
    tell({ id, error: told });
  }
}

const { dir, startParameters } = workerData as LiteStart;
void answer(OPENED, async () => {
  const lite = await PGlite.create({ dataDir: dir, startParams: [...startParameters] });
  // PGlite keeps the order in which it is asked.
  port.on('message', (request: NumberedRequest) => {
    void answer(request.id, () => perform(lite, request));
  });
  return [];
});
