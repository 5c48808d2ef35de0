import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  createConnect,
  type Socket,
  type SocketEnd,
} from '../../../../ingest/prices/streams/socket.ts';
import { eventually } from '../../../helpers/eventually.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const BYTES_MAX = 64 * 1024;

/** What the product heard of one connection. */
interface Heard {
  readonly socket: Socket;
  readonly frames: (string | undefined)[];
  opened: number;
  readonly ends: SocketEnd[];
}

describe('a websocket', () => {
  let server: Server;
  let sockets: WebSocketServer;
  let url: string;
  let tcp: Set<Duplex>;
  let clients: WebSocket[];
  let requests: IncomingMessage[];
  let accept: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

  beforeEach(async () => {
    clients = [];
    requests = [];
    tcp = new Set();
    server = createServer();
    sockets = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } });
    accept = (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (client) => clients.push(client));
    server.on('connection', (socket) => {
      tcp.add(socket);
      socket.on('close', () => tcp.delete(socket));
      socket.on('error', () => 'the other side left');
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      requests.push(request);
      accept(request, socket, head);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  });
  afterEach(async () => {
    await eventually(() => assert.equal(tcp.size, 0, 'a connection is left'), 5_000);
    await new Promise((done) => server.close(done));
  });

  const open = (at = url): Heard => {
    const connect = createConnect({
      userAgent: 'tidemark/test',
      bytesMax: BYTES_MAX,
      timeoutMs: 5_000,
      nowMs: () => NOW_MS,
    });
    const frames: (string | undefined)[] = [];
    const ends: SocketEnd[] = [];
    const heard = {
      frames,
      ends,
      opened: 0,
      socket: connect(at, {
        onOpen: () => {
          heard.opened += 1;
        },
        onFrame: (text) => void frames.push(text),
        onEnd: (end) => void ends.push(end),
      }),
    };
    return heard;
  };
  const opened = async (): Promise<[Heard, WebSocket]> => {
    const heard = open();
    await eventually(() => assert.equal(heard.opened, 1));
    const client = await eventually(() => clients[0] ?? assert.fail('not accepted'));
    return [heard, client];
  };
  const ended = async (heard: Heard): Promise<SocketEnd> => {
    await eventually(() => assert.equal(heard.ends.length, 1));
    return heard.ends[0] ?? assert.fail();
  };

  it('carries texts both ways, compressed, and answers pings', async () => {
    const [heard, client] = await opened();
    assert.match(String(requests[0]?.headers['sec-websocket-extensions']), /permessage-deflate/);
    assert.equal(requests[0]?.headers['user-agent'], 'tidemark/test');
    const got: string[] = [];
    client.on('message', (data) => got.push(String(data)));
    let pongs = 0;
    client.on('pong', () => {
      pongs += 1;
    });
    heard.socket.send('{"ask":1}');
    client.send('{"p":"ä€"}');
    client.send(Buffer.from([1, 2, 3]));
    client.ping();
    await eventually(() => assert.deepEqual(heard.frames, ['{"p":"ä€"}', undefined]));
    await eventually(() => assert.deepEqual([got, pongs], [['{"ask":1}'], 1]));
    heard.socket.terminate();
    await eventually(() => assert.equal(client.readyState, client.CLOSED));
    assert.deepEqual(heard.ends, [], 'who ends it is not told');
  });

  it('tells the code and the text of an end', async () => {
    const [heard, client] = await opened();
    client.close(1011, 'going away');
    const { why, refused } = await ended(heard);
    assert.deepEqual({ why, refused }, { why: 'closed with 1011 going away', refused: false });
  });

  it('tells of a connection that is cut', async () => {
    const [heard] = await opened();
    for (const socket of tcp) (socket as TcpSocket).resetAndDestroy();
    const { why, refused } = await ended(heard);
    assert.equal(refused, false);
    assert.match(why, /1006/);
  });

  it('ends at a message above the cap, plain or compressed a thousand times', async () => {
    for (const compress of [false, true]) {
      clients = [];
      const [heard, client] = await opened();
      client.on('error', () => 'it is ended on purpose');
      client.send('x'.repeat(BYTES_MAX * 40), { compress });
      const { refused } = await ended(heard);
      assert.equal(refused, false);
      assert.deepEqual(heard.frames, []);
    }
  });

  it('ends at bytes that are no websocket', async () => {
    const [heard] = await opened();
    for (const socket of tcp) socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    assert.equal((await ended(heard)).refused, false);
  });

  it('tells a refused handshake with its status, and how long to stay away', async () => {
    const answer = (status: string, headers: string) => {
      accept = (_request, socket) =>
        socket.end(
          `HTTP/1.1 ${status}\r\n${headers}content-length: 0\r\nconnection: close\r\n\r\n`,
        );
    };
    answer('429 Too Many Requests', 'retry-after: 90\r\n');
    const busy = await ended(open());
    assert.deepEqual([busy.refused, busy.pauseMs], [true, 90_000]);
    assert.match(busy.why, /429/);
    answer('503 Service Unavailable', 'retry-after: Thu, 01 Jan 2026 00:02:00 GMT\r\n');
    assert.equal((await ended(open())).pauseMs, 120_000);
    answer('404 Not Found', '');
    const lost = await ended(open());
    assert.deepEqual([lost.refused, lost.pauseMs], [true, undefined]);
    answer('200 OK', '');
    assert.match((await ended(open())).why, /in place of 101/);
  });

  it('tells why there is no connection', async () => {
    const unused = await new Promise<number>((done) => {
      const other = createServer().listen(0, '127.0.0.1', () => {
        const { port } = other.address() as AddressInfo;
        other.close(() => done(port));
      });
    });
    const { why, refused } = await ended(open(`ws://127.0.0.1:${unused}/ws`));
    assert.equal(refused, true);
    assert.match(why, /ECONNREFUSED/);
  });

  it('is left behind at once while the server does not answer the handshake', async () => {
    accept = (_request, socket) => listenOnly(socket);
    const heard = open();
    await eventually(() => assert.equal(requests.length, 1));
    heard.socket.terminate();
    heard.socket.terminate();
    await eventually(() => assert.equal(tcp.size, 0));
    assert.deepEqual([heard.opened, heard.ends.length], [0, 0]);
  });

  it('is left behind at once while the server does not answer the closing', async () => {
    accept = (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const proof = createHash('sha1').update(key).digest('base64');
      const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\n';
      socket.write(`HTTP/1.1 101 .\r\n${upgrade}sec-websocket-accept: ${proof}\r\n\r\n`);
      listenOnly(socket);
    };
    const heard = open();
    await eventually(() => assert.equal(heard.opened, 1));
    heard.socket.terminate();
    heard.socket.send('nobody hears this');
    await eventually(() => assert.equal(tcp.size, 0));
  });
});

/** A server that never says anything more; when the client goes, it goes too. */
function listenOnly(socket: Duplex): void {
  socket.on('end', () => socket.end());
  socket.resume();
}
