/** Answers to what never comes to the application: the same body as every other error. */
import { type IncomingMessage, maxHeaderSize, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Refusal {
  readonly status: string;
  readonly code: string;
  readonly message: string;
  /** One line. */
  readonly header?: string;
}

const BAD = '400 Bad Request';

const notHttp = (why = ''): Refusal => {
  return { status: BAD, code: 'invalid', message: `the request is not HTTP as we read it${why}` };
};
export const UPGRADE_WITH_BODY: Refusal = {
  status: BAD,
  code: 'invalid',
  message: 'only GET may ask for another protocol',
};
const CONNECT: Refusal = {
  status: '405 Method Not Allowed',
  code: 'method-not-allowed',
  message: 'CONNECT is not allowed here: this is no proxy',
  header: 'Allow: ',
};

interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
}

const refusalsOf = ({ headersMs, requestMs }: Patience): Readonly<Record<string, Refusal>> => ({
  HPE_INVALID_METHOD: notHttp(': its method is none of those, in capitals, that HTTP has'),
  HPE_INVALID_VERSION: notHttp(': its version is not 1.1 or 1.0'),
  HPE_INVALID_CHUNK_SIZE: notHttp(': its body does not come in chunks, as Transfer-Encoding says'),
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'too-large',
    message: `the address and the headers of a request are at most ${maxHeaderSize} bytes`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'timeout',
    message: `headers have to come within ${headersMs / 1000} s, the whole request within ${requestMs / 1000} s`,
  },
});

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What Node cannot read as HTTP gets an answer, and so does what it would hang up on. */
export function refuseUnread(server: Server, patience: Patience): void {
  const refusals = refusalsOf(patience);
  const newest = new WeakMap<Duplex, Exchange>();
  server.on('request', (request, response) => {
    newest.set(request.socket, { request, response });
  });
  // Node would answer without a body; the application says what it expects.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    refuse(socket, CONNECT);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const lost = error.code === 'ECONNRESET' || !socket.writable;
    if (lost || !mayAnswer(newest.get(socket))) socket.destroy();
    else refuse(socket, refusals[error.code ?? ''] ?? notHttp());
  });
}

/**
 * Whether what is written now is taken as the answer to what was wrong: to a request that has none
 * so far, and not to one before it.
 */
function mayAnswer(newest: Exchange | undefined): boolean {
  if (newest === undefined) return true;
  const { request, response } = newest;
  if (request.complete) return response.writableEnded;
  // Without a socket it still waits for the answer to the one before.
  return !response.headersSent && response.socket !== null;
}

/** Answers on a connection that nothing else is written to, and ends it. */
export function refuse(socket: Duplex, { status, code, message, header }: Refusal): void {
  const body = JSON.stringify({ error: { code, message } });
  const lines = header === undefined ? '' : `${header}\r\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\n${lines}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
