import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Refusal } from '../../../../ingest/prices/refusal.ts';
import {
  type BenchOptions,
  createSlowPoll,
  createStreamBench,
  polled,
  type StreamBench,
} from '../../../helpers/streams.ts';

const benches: StreamBench[] = [];

function createBench(options?: BenchOptions): StreamBench {
  const bench = createStreamBench(options);
  benches.push(bench);
  return bench;
}

/** A bench whose markets are all served by the stream. */
async function streaming(options?: BenchOptions): Promise<StreamBench> {
  const bench = createBench(options);
  await bench.slot();
  bench.sockets.last.open();
  bench.sockets.last.say({ confirmed: ['BTC', 'ETH'], p: { BTC: '100', ETH: '10' } });
  await bench.clock.advance(1_000);
  bench.polls = 0;
  return bench;
}

const down = new Refusal('connect', 'no route');

afterEach(async () => {
  for (const bench of benches.splice(0)) {
    await bench.source.close();
    assert.equal(bench.clock.waiting, 0, 'timers are left after close');
    for (const socket of bench.sockets.all) assert.ok(socket.terminated, 'a socket is left');
  }
});

describe('a streamed source', () => {
  it('polls the first slot, and connects to what that told', async () => {
    const bench = createBench();
    assert.deepEqual(await bench.slot(), { BTC: '100', ETH: '10' });
    await bench.clock.advance(0);
    assert.equal(bench.sockets.all.length, 1);
    bench.sockets.last.open();
    await bench.clock.advance(0);
    assert.deepEqual(bench.sockets.last.sent, ['{"ask":["BTC","ETH"]}']);
    assert.equal(bench.sockets.last.url, 'ws://stream.test/ticker?v=1');
  });

  it('polls each slot until every market is confirmed and told of', async () => {
    const bench = createBench();
    await bench.slot();
    bench.sockets.last.open();
    bench.sockets.last.say({ confirmed: ['BTC'], p: { BTC: '101' } });
    await bench.clock.advance(1_000);
    await bench.slot();
    bench.sockets.last.say({ confirmed: ['ETH'] });
    await bench.clock.advance(1_000);
    assert.equal(bench.polls, 2);
    await bench.slot();
    assert.equal(bench.polls, 3, 'ETH was confirmed but nothing has told of it since');
    await bench.clock.advance(1_000);
    await bench.slot();
    assert.equal(bench.polls, 3);
  });

  it('answers slots with the newest row of every market, traded or not', async () => {
    const bench = await streaming();
    for (const price of ['101', '102', '103']) bench.sockets.last.say({ p: { BTC: price } });
    assert.deepEqual(await bench.slot(), { BTC: '103', ETH: '10' });
    await bench.clock.advance(1_000);
    assert.deepEqual(await bench.slot(), { BTC: '103', ETH: '10' });
    assert.equal(bench.polls, 0);
    assert.ok(bench.source.streaming());
  });

  it('polls at the very next slot when the connection ends, and streams when all is told', async () => {
    const bench = await streaming();
    bench.sockets.last.say({ p: { BTC: '105' } });
    bench.sockets.last.end();
    bench.answer = polled({ BTC: '106', ETH: '11' });
    assert.deepEqual(await bench.slot(), { BTC: '106', ETH: '11' });
    assert.equal(bench.source.streaming(), false);
    await bench.clock.advance(1_000);
    assert.equal(bench.sockets.all.length, 2);
    bench.sockets.last.open();
    bench.sockets.last.say({ confirmed: ['BTC', 'ETH'], p: { BTC: '107', ETH: '12' } });
    assert.deepEqual(await bench.slot(), { BTC: '107', ETH: '12' });
    assert.equal(bench.polls, 1);
  });

  it('never writes what a dead connection told when the poll fails too', async () => {
    const bench = await streaming();
    bench.sockets.last.say({ p: { BTC: '105' } });
    bench.sockets.last.end();
    bench.answer = down;
    await assert.rejects(bench.slot(), down);
    await bench.clock.advance(1_000);
    bench.sockets.last.open();
    bench.sockets.last.say({ confirmed: 'all' });
    await assert.rejects(bench.slot(), down, 'confirmed again, but nothing told of since');
    bench.sockets.last.say({ p: { ETH: '12' } });
    assert.deepEqual(await bench.slot(), { ETH: '12' });
  });

  it('takes silence for death at the slot itself, before any timer runs', async () => {
    const bench = await streaming();
    bench.clock.jump(20_001);
    bench.answer = polled({ BTC: '90', ETH: '9' });
    assert.deepEqual(await bench.slot(), { BTC: '90', ETH: '9' });
    assert.equal(bench.polls, 1);
    await bench.clock.advance(0);
    assert.deepEqual(bench.ends, ['silence']);
  });

  it('polls first after a sleep of the machine, in which the monotonic clock stands still', async () => {
    const bench = await streaming();
    const standingMs = bench.clock.monotonicMs();
    bench.clock.monotonicMs = () => standingMs;
    bench.clock.jump(3_600_000);
    bench.answer = polled({ BTC: '90', ETH: '9' });
    assert.deepEqual(await bench.slot(), { BTC: '90', ETH: '9' });
    assert.equal(bench.polls, 1);
  });

  it('keeps a younger frame against the poll that was on its way', async () => {
    const bench = await streaming();
    const answer = createSlowPoll();
    bench.answer = answer.promise;
    await keepAlive(bench, 300_000);
    const slot = bench.slot();
    bench.sockets.last.say({ p: { BTC: '111' } });
    answer.resolve(polled({ BTC: '110', ETH: '13', NEW: '1' }));
    assert.deepEqual(await slot, { BTC: '111', ETH: '13', NEW: '1' });
    assert.equal(bench.polls, 1);
  });

  it('counts what it leaves out, once', async () => {
    const bench = await streaming();
    bench.sockets.last.say({ p: { BTC: '0', NEW: '5' } });
    bench.sockets.last.say({ p: { NEW: '5' } });
    const signal = new AbortController().signal;
    const { dropped } = await bench.source.poll(signal);
    assert.deepEqual(dropped, { dead: 1, 'unknown-symbol': 2 });
    assert.deepEqual((await bench.source.poll(signal)).dropped, {});
  });

  it('does not wait for a slow poll when the stream has rows, and takes its answer later', async () => {
    const bench = await streaming({ stream: { connectionsMax: 1, symbolsPerConnectionMax: 2 } });
    const answer = createSlowPoll();
    bench.answer = answer.promise;
    await keepAlive(bench, 300_000);
    bench.sockets.last.say({ p: { BTC: '120' } });
    const slot = bench.slot();
    await bench.clock.advance(2_000);
    assert.deepEqual(await slot, { BTC: '120', ETH: '10' });
    answer.resolve(polled({ BTC: '120', ETH: '10', LATE: '1' }));
    await bench.clock.advance(1_000);
    assert.deepEqual(await bench.slot(), { BTC: '120', ETH: '10' });
    assert.equal(bench.polls, 1);
  });

  it('ends a poll at once when its caller leaves', async () => {
    const bench = createBench();
    bench.answer = new Promise(() => undefined);
    const leave = new AbortController();
    const poll = bench.source.poll(leave.signal);
    leave.abort();
    await assert.rejects(poll, (error) => error instanceof Refusal && error.reason === 'cancelled');
    bench.answer = polled({ BTC: '1' });
  });
});

/** Time goes on with a heartbeat now and then. */
async function keepAlive(bench: StreamBench, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    bench.sockets.last.say({});
    await bench.clock.advance(Math.min(10_000, left));
  }
}

describe('a streamed source whose polls fail', () => {
  it('goes on with the stream, says so once and asks again after half a minute', async () => {
    const bench = await streaming();
    bench.answer = down;
    await keepAlive(bench, 300_000);
    for (let slot = 0; slot < 29; slot += 1) {
      assert.deepEqual(await bench.slot(), { BTC: '100', ETH: '10' });
      bench.sockets.last.say({});
      await bench.clock.advance(1_000);
    }
    assert.equal(bench.polls, 1);
    await bench.clock.advance(1_000);
    await bench.slot();
    assert.equal(bench.polls, 2);
    assert.equal(bench.told.filter((line) => line.startsWith('a poll beside')).length, 1);
  });

  it('leaves a host alone that asked for it, whoever heard it', async () => {
    const bench = await streaming();
    bench.answer = new Refusal('rate-limited', 'slower', { pauseMs: 60_000 });
    bench.sockets.last.end();
    await assert.rejects(
      bench.slot(),
      (error) => error instanceof Refusal && error.pauseMs === 60_000,
    );
    assert.equal(bench.pauses.get('http://rest.test'), bench.clock.nowMs() + 60_000);
    await bench.clock.advance(59_000);
    await assert.rejects(
      bench.slot(),
      (error) => error instanceof Refusal && error.pauseMs === 1_000,
    );
    assert.equal(bench.polls, 1);
    await bench.clock.advance(1_000);
    bench.answer = polled({ BTC: '1' });
    await bench.slot();
    await bench.clock.advance(1_000);
    bench.pauses.set('http://rest.test', bench.clock.nowMs() + 5_000);
    await assert.rejects(bench.slot());
    assert.equal(bench.polls, 2);
  });
});

describe('a streamed source over time', () => {
  it('finds new listings and gone ones by a poll each five minutes', async () => {
    const bench = await streaming();
    bench.answer = polled({ BTC: '100', SOL: '5' });
    await keepAlive(bench, 298_000);
    await bench.slot();
    assert.equal(bench.polls, 0);
    await keepAlive(bench, 1_000);
    assert.deepEqual(await bench.slot(), { BTC: '100', SOL: '5' });
    assert.equal(bench.polls, 1);
    await bench.clock.advance(0);
    assert.deepEqual(bench.sockets.last.sent.at(-1), '{"ask":["SOL"]}');
    bench.sockets.last.say({ confirmed: ['SOL'], p: { SOL: '6', ETH: '11' } });
    assert.deepEqual(await bench.slot(), { BTC: '100', SOL: '6' });
    assert.equal(bench.polls, 1);
  });

  it('asks for nothing again where one answer stands for all markets', async () => {
    const bench = await streaming();
    bench.sockets.last.say({ confirmed: 'all' });
    await bench.clock.advance(1_000);
    const { length } = bench.sockets.last.sent;
    bench.answer = polled({ BTC: '100', ETH: '10', SOL: '5' });
    await keepAlive(bench, 300_000);
    await bench.slot();
    bench.sockets.last.say({ p: { SOL: '6' } });
    await bench.clock.advance(1_000);
    assert.deepEqual(await bench.slot(), { BTC: '100', ETH: '10', SOL: '6' });
    const later = bench.sockets.last.sent.slice(length);
    assert.ok(
      later.every((frame) => frame === '{"ping":true}'),
      later.join(' '),
    );
  });

  it('leaves bid, ask and volume out when they are old', async () => {
    const bench = await streaming();
    bench.sockets.last.say({ p: { BTC: '101' }, bid: '99', volume: '8' });
    const row = async () =>
      (await bench.source.poll(new AbortController().signal)).rows.find((r) => r.symbol === 'BTC');
    const first = await row();
    assert.deepEqual(first?.bid, { floatText: '99' });
    assert.deepEqual(first?.volume, { floatText: '8' });
    assert.deepEqual(first?.quoteVolume, { floatText: '9' });
    await keepAlive(bench, 10_001);
    assert.equal((await row())?.bid, undefined);
    assert.deepEqual((await row())?.volume, { floatText: '8' });
    bench.answer = down;
    await keepAlive(bench, 590_000);
    assert.equal((await row())?.volume, undefined);
    assert.deepEqual((await row())?.price, { floatText: '101' });
  });

  it('keeps an old bid where each change is told, and only there', async () => {
    const bench = await streaming({ stream: { book: 'each-change' } });
    bench.sockets.last.say({ p: { BTC: '101' }, bid: '99' });
    await keepAlive(bench, 60_000);
    const { rows } = await bench.source.poll(new AbortController().signal);
    assert.deepEqual(rows[0]?.bid, { floatText: '99' });
    bench.sockets.last.say({ p: { BTC: '101' } });
    const after = await bench.source.poll(new AbortController().signal);
    assert.equal(after.rows[0]?.bid, undefined, 'the frame told that there is none');
  });

  it('restarts a connection whose quiet markets have other prices in a poll', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `C${index}`);
    const prices = (price: string) => Object.fromEntries(names.map((name) => [name, price]));
    const bench = createBench({ stream: { symbolsPerConnectionMax: 20 } });
    bench.answer = polled(prices('1'));
    await bench.slot();
    bench.sockets.last.open();
    bench.sockets.last.say({ confirmed: names, p: prices('1') });
    await keepAlive(bench, 300_000);
    const nine = Object.fromEntries(names.slice(0, 9).map((name) => [name, '2']));
    bench.answer = polled({ ...prices('1'), ...nine });
    await bench.slot();
    assert.equal(bench.drifted, 9);
    assert.deepEqual(bench.ends, []);
    await keepAlive(bench, 300_000);
    bench.answer = polled(prices('3'));
    await bench.slot();
    await bench.clock.advance(0);
    assert.equal(bench.drifted, 29);
    assert.deepEqual(bench.ends, ['drift']);
    assert.deepEqual(await bench.slot(), prices('3'));
  });
});

describe('markets that a stream does not serve', () => {
  it('have rows at the slots that polled, at most each ten seconds', async () => {
    const bench = createBench();
    const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'];
    bench.answer = polled(Object.fromEntries(names.map((name) => [name, '1'])));
    await bench.slot();
    await bench.clock.advance(1_000);
    assert.equal(bench.sockets.all.length, 2, 'two connections of four');
    for (const socket of bench.sockets.all) {
      socket.open();
      socket.say({ confirmed: ['A', 'B', 'C', 'E', 'F', 'G', 'H'], refused: ['D'] });
      const told = socket === bench.sockets.last ? ['E', 'F', 'G', 'H'] : ['A', 'B', 'C'];
      socket.say({ p: Object.fromEntries(told.map((name) => [name, '2'])) });
    }
    bench.polls = 0;
    let full = 0;
    for (let second = 0; second < 40; second += 1) {
      const count = Object.keys(await bench.slot()).length;
      assert.ok(count === 7 || count === 10, `${count} rows`);
      if (count === 10) full += 1;
      for (const socket of bench.sockets.all) socket.say({});
      await bench.clock.advance(1_000);
    }
    assert.equal(bench.polls, full);
    assert.equal(full, 4);
    assert.ok(bench.told.some((line) => line.includes('"markets":7,"polled":3')));
  });
});
