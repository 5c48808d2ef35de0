import { parentPort } from 'node:worker_threads';
import { ColumnWriter, movedBuffers } from './columns.ts';
import { exchanges } from './exchanges/list.ts';
import { BodyReader, readRefusal } from './parser.ts';
import type { ParserAnswers, ParserReply, ParserRequest } from './parser-messages.ts';

/** The parser's thread: one request after the other, each answered once. */
const port = parentPort;
if (!port) throw new Error('the parser runs in a thread of its own');

interface Source {
  readonly reader: BodyReader;
  readonly columns: ColumnWriter;
}

const sources = new Map<number, Source>();

function sourceOf({ source, exchange }: ParserRequest): Source {
  const open = sources.get(source);
  if (open) return open;
  const adapter = exchanges.find(({ id }) => id === exchange);
  if (!adapter) throw new Error(`no exchange ${exchange}`);
  const made = { reader: new BodyReader(adapter), columns: new ColumnWriter() };
  sources.set(source, made);
  return made;
}

function perform(request: ParserRequest): ParserAnswers[ParserRequest['task']] {
  if (request.task === 'close') return void sources.delete(request.source);
  const { reader, columns } = sourceOf(request);
  switch (request.task) {
    case 'lists':
      return reader.readLists(request.bodies);
    case 'paths':
      return reader.tickerPaths();
    case 'symbols':
      return reader.symbols;
    case 'tickers':
      return columns.write(reader.readTickers(request.bodies));
  }
}

function answer(request: ParserRequest): ParserReply {
  const { id } = request;
  try {
    return { id, value: perform(request) };
  } catch (error) {
    const { reason, message, pauseMs, cause } = readRefusal(error);
    const stack = reason === 'internal' && cause instanceof Error ? cause.stack : undefined;
    return { id, refusal: { reason, message, pauseMs, stack } };
  }
}

port.on('message', (request: ParserRequest) => {
  const reply = answer(request);
  const value = 'value' in reply ? reply.value : undefined;
  const columns = value !== null && typeof value === 'object' && 'ends' in value;
  port.postMessage(reply, columns ? movedBuffers(value) : []);
});
