import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';
import type { Clock } from '../core/clock.ts';
import { TidemarkError } from '../core/errors.ts';
import { portTaken } from '../core/port-taken.ts';
import { routeUpgrades } from './events/upgrades.ts';
import { refuseUnread } from './http/unread.ts';
import { assertSafeHost } from './keys/auth.ts';
import type { Keyring } from './keys/keyring.ts';

export interface ServerOptions {
  readonly app: Koa;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly keyring: Pick<Keyring, 'hasLiveKey'>;
  readonly clock: Clock;
  /** How long answers may go on after `close()`; 5 s by default. */
  readonly graceMs?: number;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, lets answers end for `graceMs`, then cuts the rest. Twice is allowed. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks whether a request is late; its own 30 s would make 40 s of 10. */
const TIMEOUTS_LOOK_MS = 5_000;
const KEEP_ALIVE_TIMEOUT_MS = 15_000;
/** A connection on which nothing moves, such as a client that stopped reading its answer. */
const SILENCE_TIMEOUT_MS = 120_000;
const GRACE_MS = 5000;

/**
 * Listens with the application.
 * @throws TidemarkError `invalid` for a host that needs API keys, `conflict` for a port in use.
 */
export async function listen(options: ServerOptions): Promise<ApiServer> {
  const { app, host, port, keyring } = options;
  assertSafeHost(host, keyring.hasLiveKey());
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUTS_LOOK_MS,
      // What it answers without one has no body; api/keys/origin.ts does it.
      requireHostHeader: false,
    },
    app.callback(),
  );
  server.timeout = SILENCE_TIMEOUT_MS;
  refuseUnread(server, { headersMs: HEADERS_TIMEOUT_MS, requestMs: REQUEST_TIMEOUT_MS });
  const cutUpgraded = routeUpgrades(server, app);
  server.on('request', (_request, response) => {
    // While closing, a kept-alive connection would hold the server open once its answer is done.
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
  });
  await bound(server, host, port);
  const { port: actual } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    port: actual,
    close: () => {
      closing ??= closeServer(server, cutUpgraded, options);
      return closing;
    },
  };
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const other = `cannot listen on ${host}:${port}: ${cause.message}`;
      reject(
        cause.code === 'EADDRINUSE'
          ? portTaken({ host, port, setting: 'PORT', cause })
          : new TidemarkError('conflict', other, { cause }),
      );
    });
    server.listen(port, host.replace(/^\[|\]$/g, ''), resolve);
  });
}

async function closeServer(
  server: Server,
  cutUpgraded: () => void,
  { clock, graceMs }: ServerOptions,
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.prependListener('request', (_request, response) => {
    response.setHeader('Connection', 'close');
  });
  const inTime = new AbortController();
  const grace = clock.sleep(graceMs ?? GRACE_MS, inTime.signal).then(
    () => {
      server.closeAllConnections();
      cutUpgraded();
    },
    () => undefined,
  );
  await closed;
  inTime.abort();
  await grace;
}
