import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../core/errors.ts';
import { Context, type ServerParts } from './context.ts';
import { InfluxError, toInfluxError } from './errors.ts';
import { Router } from './router.ts';
import { authorizationRoutes } from './routes/authorizations.ts';
import { bucketRoutes } from './routes/buckets.ts';
import { deleteRoutes } from './routes/delete.ts';
import { healthRoutes, rootRoutes } from './routes/health.ts';
import { labelRoutes } from './routes/labels.ts';
import { orgRoutes } from './routes/orgs.ts';
import { queryRoutes } from './routes/query.ts';
import { runRoutes } from './routes/runs.ts';
import { setupRoutes } from './routes/setup.ts';
import { taskRoutes } from './routes/tasks.ts';
import { userRoutes } from './routes/users.ts';
import { writeRoutes } from './routes/write.ts';
import { VERSION } from './version.ts';

const HEADERS_TIMEOUT_MS = 10_000;
/** For a whole request to arrive: a slow sender of 100 MB included. */
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_MS = 75_000;
const HEADER_BYTES_MAX = 16_384;
const CONNECTIONS_MAX = 1_000;

/** Anybody may ask these; what needs a token is behind the others. */
const open = new Router(healthRoutes, setupRoutes);

const guarded = new Router(
  rootRoutes,
  writeRoutes,
  queryRoutes,
  deleteRoutes,
  bucketRoutes,
  orgRoutes,
  authorizationRoutes,
  userRoutes,
  labelRoutes,
  taskRoutes,
  runRoutes,
);

/** InfluxDB's HTTP API over the engine's parts. Not listening yet. */
export function createHttpServer(parts: ServerParts): Server {
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    void answer(request, response, parts);
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

const ALLOWED_HEADERS =
  'Accept, Content-Type, Content-Length, Accept-Encoding, Authorization, User-Agent';

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  parts: ServerParts,
): Promise<void> {
  response.setHeader('X-Influxdb-Build', 'OSS');
  response.setHeader('X-Influxdb-Version', VERSION);
  const { origin } = request.headers;
  if (origin !== undefined) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE, PATCH');
    response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
  }
  try {
    await route(request, response, parts);
  } catch (error) {
    fail(request, response, error, parts);
  }
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  parts: ServerParts,
): Promise<void> {
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const method = request.method ?? 'GET';
  const opened = open.find(method, path);
  const match = opened ?? guarded.find(method, path);
  if (match === undefined) throw new InfluxError('not found', 'path not found');
  if ('allow' in match) {
    const allow = ['OPTIONS', ...match.allow].sort().join(', ');
    throw new InfluxError('method not allowed', `allow: ${allow}`);
  }
  const target = { query: new URLSearchParams(query), params: match.params };
  const context = new Context(request, response, target, parts);
  if (!opened) context.identify();
  await match.handler(context);
}

/** Every error ends here: as JSON while nothing was sent, else by cutting the connection. */
function fail(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  parts: ServerParts,
): void {
  const failure = toInfluxError(error);
  const gone = response.destroyed || (request.destroyed && !request.complete);
  if (failure.status >= 500 && !gone) {
    const ids = { err: failure.cause ?? failure, method: request.method, status: failure.status };
    parts.log.error(ids, `request failed: ${messageOf(failure.cause ?? failure)}`);
  }
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify({ code: failure.code, message: failure.message }));
  response.writeHead(failure.status, {
    'Content-Type': 'application/json; charset=utf-8',
    'X-Platform-Error-Code': failure.code,
    'Content-Length': body.length,
    // The rest of a refused body is not worth reading.
    ...(!request.complete && { Connection: 'close' }),
  });
  response.end(body);
}
