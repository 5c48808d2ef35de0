import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { createConnect } from '../../../../ingest/prices/streams/socket.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { createStreamBench, polled, type StreamBench } from '../../../helpers/streams.ts';

const NAMES = ['A', 'B', 'C', 'D'];
const prices = (price: string) => Object.fromEntries(NAMES.map((name) => [name, price]));

/** What the server does with one connection. */
type Behaviour = (client: WebSocket, tcp: TcpSocket) => void;

/** Confirms each request and tells a price of each market in it. */
const good =
  (price: string): Behaviour =>
  (client) =>
    client.on('message', (data) => {
      const { ask } = JSON.parse(String(data)) as { ask?: string[] };
      if (!ask) return;
      client.send(JSON.stringify({ confirmed: ask }));
      client.send(JSON.stringify({ p: Object.fromEntries(ask.map((name) => [name, price])) }));
    });

const afterFirst =
  (then: Behaviour): Behaviour =>
  (client, tcp) =>
    client.once('message', () => then(client, tcp));

const faults: [string, Behaviour][] = [
  [
    'is cut in the middle of the subscriptions',
    afterFirst((_client, tcp) => tcp.resetAndDestroy()),
  ],
  ['ends with 1011 at the first subscription', afterFirst((client) => client.close(1011, 'oops'))],
  ['ends with 1000', afterFirst((client) => client.close(1000))],
  ['says that it will end', (client) => client.send('{"end":"maintenance"}')],
  ['sends garbage', (client) => Array.from({ length: 20 }, () => client.send('<html>'))],
  [
    'sends binary frames',
    (client) => Array.from({ length: 20 }, () => client.send(Buffer.alloc(9))),
  ],
  ['sends a huge frame', (client) => client.send(`"${'x'.repeat(9e5)}"`)],
  ['sends bytes that are no frame', (_client, tcp) => void tcp.write('HTTP/1.1 500 no\r\n\r\n')],
  ['confirms nothing', (client) => client.send('{"p":{"A":"666"}}')],
  ['says nothing', () => undefined],
];

describe('a stream whose server misbehaves', () => {
  let server: Server;
  let sockets: WebSocketServer;
  let behave: Behaviour;
  let upgrades: number;
  let refuse: string | undefined;
  let tcp: Set<Duplex>;
  let bench: StreamBench;

  beforeEach(async () => {
    upgrades = 0;
    refuse = undefined;
    tcp = new Set();
    server = createServer();
    sockets = new WebSocketServer({ noServer: true });
    server.on('connection', (socket) => {
      tcp.add(socket);
      socket.on('close', () => tcp.delete(socket));
      socket.on('error', () => 'the other side left');
    });
    server.on('upgrade', (request: IncomingMessage, socket: TcpSocket, head: Buffer) => {
      upgrades += 1;
      if (refuse !== undefined) {
        socket.end(`HTTP/1.1 ${refuse}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => 'expected');
        behave(client, socket);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    bench = createStreamBench({
      stream: { url: `ws://127.0.0.1:${port}/`, symbolsPerConnectionMax: 4, sendSpacingMs: 0 },
      connect: createConnect({
        userAgent: 'tidemark/test',
        bytesMax: 256 * 1024,
        timeoutMs: 5_000,
        nowMs: () => bench.clock.nowMs(),
      }),
    });
    bench.answer = polled(prices('1'));
  });
  afterEach(async () => {
    await bench.source.close();
    assert.equal(bench.clock.waiting, 0, 'timers are left after close');
    await eventually(() => assert.equal(tcp.size, 0, 'a socket is left after close'));
    await new Promise((done) => server.close(done));
  });

  /** Slots, a second apart, until the stream answers them alone. */
  const untilStreamed = async (): Promise<void> => {
    await eventually(async () => {
      await bench.clock.advance(1_000);
      const before = bench.polls;
      await bench.slot();
      assert.equal(bench.polls, before, 'still polling');
    });
  };
  /** Time passes, in steps that let sockets work, until the connection has ended so often. */
  const untilEnds = async (count: number): Promise<void> => {
    await eventually(async () => {
      await bench.clock.advance(5_000);
      assert.ok(bench.ends.length >= count);
    });
  };

  for (const [what, fault] of faults) {
    it(`that ${what}: polls at each slot, and all of it again when the server is well`, async () => {
      behave = fault;
      await bench.slot();
      await untilEnds(1);
      bench.answer = polled(prices('2'));
      const before = bench.polls;
      assert.deepEqual(await bench.slot(), prices('2'), 'the very next slot is polled');
      assert.equal(bench.polls, before + 1);
      behave = good('3');
      await untilStreamed();
      assert.deepEqual(await bench.slot(), prices('3'));
    });
  }

  it('that confirms only half: that half is streamed, the rest polled now and then', async () => {
    behave = (client) =>
      client.on('message', (data) => {
        client.send('{}');
        if (!String(data).includes('A')) return;
        client.send(JSON.stringify({ confirmed: ['A', 'B'], p: { A: '5', B: '5' } }));
      });
    bench.answer = polled({ A: '5', B: '5', C: '1', D: '1' });
    await bench.slot();
    await eventually(() => assert.ok(bench.source.streaming()));
    // The server answers what it is asked, time and again, and says nothing else: no silence.
    for (let step = 0; step < 21; step += 1) {
      await bench.clock.advance(5_000);
      for (const client of sockets.clients) client.send('{}');
      await eventually(() => assert.deepEqual(bench.ends, []));
    }
    assert.deepEqual(await bench.slot(), { A: '5', B: '5', C: '1', D: '1' });
    const before = bench.polls;
    await bench.clock.advance(1_000);
    assert.deepEqual(await bench.slot(), { A: '5', B: '5' });
    assert.equal(bench.polls, before);
  });

  it('that goes after good service: polls within one slot', async () => {
    behave = good('3');
    await bench.slot();
    await untilStreamed();
    for (const socket of tcp) (socket as TcpSocket).resetAndDestroy();
    await eventually(() => assert.equal(bench.source.streaming(), false));
    bench.answer = polled(prices('4'));
    assert.deepEqual(await bench.slot(), prices('4'));
  });

  it('that refuses the handshake and says for how long: is left alone for as long', async () => {
    refuse = '429 Too Many Requests\r\nretry-after: 120';
    await bench.slot();
    await eventually(() => assert.deepEqual(bench.ends, ['refused']));
    await bench.clock.advance(119_000);
    assert.equal(upgrades, 1);
    refuse = undefined;
    behave = good('3');
    await bench.clock.advance(1_000);
    await untilStreamed();
    assert.equal(upgrades, 2);
  });
});
