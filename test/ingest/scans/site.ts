import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { systemClock } from '../../../core/clock.ts';
import { createGate, type GateOptions } from '../../../core/targets.ts';
import type { Match, Pattern } from '../../../ingest/scans/pattern.ts';
import { compilePattern } from '../../../ingest/scans/pattern.ts';
import { createProber, type Prober, type ProberOptions } from '../../../ingest/scans/probe.ts';
import type { ScanResult } from '../../../ingest/scans/result.ts';
import { type ScanTarget, scanTarget } from '../../../ingest/scans/target.ts';

/** A server that speaks bytes, so that it can say anything. */
export interface Site {
  readonly port: number;
  /** `127.0.0.1:port`, as the gate's list has it. */
  readonly place: string;
  readonly url: string;
  /** How many connections were accepted, ever. */
  readonly connections: number;
  /** The heads of the requests that came whole, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export type OnRequest = (socket: Socket, head: string) => void;

export interface SiteOptions {
  readonly tls?: TlsOptions;
  readonly host?: string;
  /** Called for each connection, before anything was read. */
  readonly onConnect?: (socket: Socket) => void;
}

/** Calls `onRequest` once the head of a request has come; the handler writes what it likes. */
export async function startSite(onRequest: OnRequest, options: SiteOptions = {}): Promise<Site> {
  const { tls, host = '127.0.0.1', onConnect } = options;
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let connections = 0;
  const serve = (socket: Socket): void => {
    let head = '';
    socket.on('error', () => 'the client left');
    socket.on('data', (bytes: Buffer) => {
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const whole = head.slice(0, end);
      head = '';
      requests.push(whole);
      onRequest(socket, whole);
    });
  };
  const server: Server = tls ? createTlsServer(tls, serve) : createServer(serve);
  server.on('tlsClientError', () => 'the handshake failed, as it may');
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => 'the client left');
    socket.on('close', () => sockets.delete(socket));
    onConnect?.(socket);
  });
  await new Promise<void>((done) => server.listen(0, host, done));
  const { port } = server.address() as AddressInfo;
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    port,
    place,
    url: `${tls ? 'https' : 'http'}://${place}`,
    requests,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Writes an answer and ends the connection. */
export function answer(socket: Socket, head: string | readonly string[], body?: string | Buffer) {
  const lines = typeof head === 'string' ? [head] : head;
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (body !== undefined) socket.write(body);
  socket.end();
}

/** Answers 200 with a body of known length, and keeps the connection. */
export function ok(socket: Socket, body: string | Buffer, headers: readonly string[] = []): void {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  socket.write(`${['HTTP/1.1 200 OK', length, ...headers].join('\r\n')}\r\n\r\n`);
  socket.write(body);
}

export interface Probing extends Omit<Partial<ProberOptions>, 'gate'> {
  readonly resolve?: GateOptions['resolve'];
}

/** A prober that may reach these sites, each by its exact place, and nothing else private. */
export function proberFor(sites: readonly Site[], { resolve, ...more }: Probing = {}): Prober {
  const allowPrivate = sites.map(({ place }) => place);
  const gate = createGate({ allowPrivate, ...(resolve ? { resolve } : {}) });
  return createProber({ gate, clock: systemClock, version: 'test', ...more });
}

export interface Once extends Probing {
  readonly sites: readonly Site[];
}

/** One scan by a prober of its own. */
export async function scanOnce(
  given: Partial<ScanTarget> & { readonly url: string },
  { sites, ...probing }: Once,
): Promise<ScanResult> {
  const prober = proberFor(sites, probing);
  try {
    return await prober.scan(scanTarget(given));
  } finally {
    await prober.close();
  }
}

/** Scans a site that behaves like this. */
export async function scanSite(
  serve: OnRequest,
  more: Partial<ScanTarget> = {},
  options: SiteOptions = {},
): Promise<ScanResult> {
  const site = await startSite(serve, options);
  try {
    return await scanOnce({ url: `${site.url}/`, ...more }, { sites: [site] });
  } finally {
    await site.close();
  }
}

export function patternOf(source: string, flags = ''): Pattern {
  const compiled = compilePattern(source, flags);
  if (!compiled.ok) throw new Error(`${source}: ${compiled.refusal.message}`);
  return compiled.pattern;
}

/** What a pattern finds, for tables of cases. */
export function findIn(source: string, text: string, flags = ''): Match | undefined {
  return patternOf(source, flags).find(text);
}
