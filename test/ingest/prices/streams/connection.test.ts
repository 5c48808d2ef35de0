import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createBackoff } from '../../../../ingest/prices/streams/backoff.ts';
import { FRAME_CHARS_MAX } from '../../../../ingest/prices/streams/session.ts';
import {
  type BenchOptions,
  createStreamBench,
  polled,
  type StreamBench,
} from '../../../helpers/streams.ts';

const benches: StreamBench[] = [];

/** A bench after its first slot: connections are on their way. */
async function connecting(options?: BenchOptions, names = ['BTC', 'ETH']): Promise<StreamBench> {
  const bench = createStreamBench(options);
  benches.push(bench);
  bench.answer = polled(Object.fromEntries(names.map((name) => [name, '1'])));
  await bench.slot();
  await bench.clock.advance(0);
  return bench;
}

afterEach(async () => {
  for (const bench of benches.splice(0)) {
    await bench.source.close();
    assert.equal(bench.clock.waiting, 0, 'timers are left after close');
    for (const socket of bench.sockets.all) assert.ok(socket.terminated, 'a socket is left');
  }
});

describe('the wait before another attempt', () => {
  it('doubles up to a minute, somewhere between a second and that', () => {
    const schedule = (random: number): number[] => {
      const backoff = createBackoff(() => random);
      return Array.from({ length: 8 }, () => backoff.nextMs(0));
    };
    assert.deepEqual(
      schedule(0),
      [1, 1, 1, 1, 1, 1, 1, 1].map((second) => second * 1_000),
    );
    assert.deepEqual(
      schedule(1),
      [2, 4, 8, 16, 32, 60, 60, 60].map((second) => second * 1_000),
    );
    assert.deepEqual(schedule(0.5).slice(0, 3), [1_500, 2_500, 4_500]);
  });

  it('begins anew after a minute of health', () => {
    const backoff = createBackoff(() => 1);
    assert.deepEqual([0, 0, 59_999, 60_000, 0].map(backoff.nextMs), [2e3, 4e3, 8e3, 2e3, 4e3]);
  });

  it('is what lies between attempts that are refused', async () => {
    const bench = await connecting({ random: () => 1 });
    const startMs = bench.clock.nowMs();
    const attemptsMs: number[] = [];
    for (let second = 0; second <= 130; second += 1) {
      if (bench.sockets.all.length > attemptsMs.length) {
        attemptsMs.push(bench.clock.nowMs() - startMs);
        bench.sockets.last.end('ECONNREFUSED', true);
      }
      await bench.clock.advance(1_000);
    }
    const seconds = attemptsMs.map((ms) => ms / 1_000);
    assert.deepEqual(seconds, [0, 2, 6, 14, 30, 62, 122]);
    assert.deepEqual(
      bench.ends,
      Array.from({ length: 7 }, () => 'refused'),
    );
    const lines = bench.told.filter((line) => line.startsWith('a price stream ended'));
    assert.equal(lines.length, 1, 'told once, not at every attempt');
  });

  it('is at least what the server asks for', async () => {
    const bench = await connecting();
    bench.sockets.last.open();
    bench.sockets.last.say({ end: 'busy', pauseMs: '30000' });
    await bench.clock.advance(29_999);
    assert.equal(bench.sockets.all.length, 1);
    await bench.clock.advance(1);
    assert.equal(bench.sockets.all.length, 2);
    assert.deepEqual(bench.ends, ['told']);
  });
});

describe('a connection that is opened', () => {
  it('is given up when it takes too long', async () => {
    const bench = await connecting();
    await bench.clock.advance(15_000);
    assert.deepEqual(bench.ends, ['slow']);
    assert.ok(bench.sockets.all[0]?.terminated);
    bench.sockets.all[0]?.open();
    assert.deepEqual(bench.sockets.all[0]?.sent, [], 'too late is too late');
  });

  it('subscribes in steps, each at its distance', async () => {
    const bench = await connecting({ stream: { symbolsPerConnectionMax: 6 } }, [...'ABCDEF']);
    bench.sockets.last.open();
    await bench.clock.advance(99);
    assert.equal(bench.sockets.last.sent.length, 1);
    await bench.clock.advance(100);
    assert.equal(bench.sockets.last.sent.length, 2);
    await bench.clock.advance(100);
    assert.deepEqual(bench.sockets.last.sent, ['AB', 'CD', 'EF'].map(askOf));
  });

  it('waits its turn, so that many do not come at once', async () => {
    const bench = await connecting({}, [...'ABCDEFGHIJ']);
    assert.equal(bench.sockets.all.length, 1);
    await bench.clock.advance(999);
    assert.equal(bench.sockets.all.length, 1);
    await bench.clock.advance(1);
    assert.equal(bench.sockets.all.length, 2);
    for (const socket of bench.sockets.all) socket.end();
    await bench.clock.advance(1_999);
    assert.equal(bench.sockets.all.length, 3, 'the same after an end of all');
    await bench.clock.advance(1);
    assert.equal(bench.sockets.all.length, 4);
  });

  it('subscribes everything again on the next one', async () => {
    const bench = await connecting();
    for (let time = 1; time <= 3; time += 1) {
      assert.equal(bench.sockets.all.length, time);
      bench.sockets.last.open();
      await bench.clock.advance(0);
      assert.deepEqual(bench.sockets.last.sent, [askOf('BTC,ETH')]);
      bench.sockets.last.say({ confirmed: ['BTC'] });
      bench.sockets.last.end('closed with 1011');
      await bench.clock.advance(1_000);
    }
    assert.deepEqual(bench.ends, ['closed', 'closed', 'closed']);
  });

  it('asks again for what was not answered, then leaves it to polls', async () => {
    const bench = await connecting({ stream: { silenceMsMax: 1e9 } }, ['A', 'B', 'C', 'D']);
    bench.sockets.last.open();
    bench.sockets.last.say({ confirmed: ['A', 'D'], p: { A: '2', D: '2' } });
    await bench.clock.advance(65_000);
    const asked = bench.sockets.last.sent.filter((text) => text.includes('ask'));
    assert.deepEqual(asked, ['AB', 'CD', 'BC'].map(askOf));
    bench.polls = 0;
    bench.answer = polled({ A: '2', B: '1', C: '1', D: '2' });
    await bench.slot();
    assert.equal(bench.polls, 1, 'B and C may still be confirmed');
    await bench.clock.advance(1_000);
    assert.deepEqual(await bench.slot(), { A: '2', D: '2' });
    assert.equal(bench.polls, 1, 'they are not waited for any more');
    bench.sockets.last.say({ confirmed: ['B', 'C'], p: { B: '3', C: '3' } });
    assert.deepEqual(await bench.slot(), { A: '2', B: '3', C: '3', D: '2' });
  });

  it('is given up when not one subscription is confirmed', async () => {
    const bench = await connecting({ stream: { silenceMsMax: 1e9 } });
    bench.sockets.last.open();
    bench.sockets.last.say({ p: { BTC: '5' } });
    await bench.clock.advance(30_100);
    assert.deepEqual(bench.ends, ['unconfirmed']);
  });
});

const askOf = (symbols: string): string =>
  JSON.stringify({ ask: symbols.includes(',') ? symbols.split(',') : [...symbols] });

describe('a connection that is open', () => {
  async function open(options?: BenchOptions): Promise<StreamBench> {
    const bench = await connecting(options);
    bench.sockets.last.open();
    bench.sockets.last.say({ confirmed: 'all' });
    return bench;
  }

  it('pings at its pace and answers pings', async () => {
    const bench = await open();
    bench.sockets.last.say({ reply: ['{"pong":1}'] });
    await bench.clock.advance(14_999);
    assert.deepEqual(bench.sockets.last.sent.slice(1), ['{"pong":1}']);
    bench.sockets.last.say({});
    await bench.clock.advance(15_001);
    assert.deepEqual(bench.sockets.last.sent.slice(2), ['{"ping":true}', '{"ping":true}']);
  });

  it('lives as long as anything is heard, and not longer', async () => {
    const bench = await open();
    for (let time = 0; time < 10; time += 1) {
      await bench.clock.advance(20_000);
      bench.sockets.last.say({});
    }
    assert.deepEqual(bench.ends, []);
    await bench.clock.advance(20_001);
    assert.deepEqual(bench.ends, ['silence']);
  });

  it('survives nonsense now and then, but not nonsense alone', async () => {
    const bench = await open();
    const nonsense = ['', '{', 'null', '[1,2', '\u0000', '"text"', undefined];
    for (const text of nonsense) bench.sockets.last.text(text);
    bench.sockets.last.say({ p: { BTC: '7' } });
    for (const text of [...nonsense, ...nonsense]) bench.sockets.last.text(text);
    assert.deepEqual(bench.ends, []);
    for (const text of nonsense) bench.sockets.last.text(text);
    await bench.clock.advance(0);
    assert.deepEqual(bench.ends, ['malformed']);
    assert.equal(bench.frames.filter((outcome) => outcome === 'malformed').length, 27);
  });

  it('ends at a frame above the cap', async () => {
    const bench = await open();
    bench.sockets.last.text(`"${'x'.repeat(FRAME_CHARS_MAX)}"`);
    await bench.clock.advance(0);
    assert.deepEqual(bench.ends, ['too-large']);
    assert.ok(bench.sockets.all[0]?.terminated);
  });

  it('hears nothing more after its end', async () => {
    const bench = await open();
    const [socket] = bench.sockets.all;
    socket?.end();
    socket?.say({ p: { BTC: '666' } });
    socket?.end('again');
    await bench.clock.advance(0);
    assert.deepEqual(bench.ends, ['closed']);
    assert.deepEqual(await bench.slot(), { BTC: '1', ETH: '1' });
  });

  it('begins the schedule anew when it was healthy for a minute', async () => {
    const bench = await open({ random: () => 1 });
    const stay = async (ms: number): Promise<number> => {
      bench.sockets.last.open();
      bench.sockets.last.say({ confirmed: 'all' });
      for (let left = ms; left > 0; left -= 10_000) {
        await bench.clock.advance(Math.min(left, 10_000));
        bench.sockets.last.say({});
      }
      const endMs = bench.clock.nowMs();
      const count = bench.sockets.all.length;
      bench.sockets.last.end();
      while (bench.sockets.all.length === count) await bench.clock.advance(1_000);
      return (bench.clock.nowMs() - endMs) / 1_000;
    };
    const waits: number[] = [];
    for (const ms of [1_000, 1_000, 59_000, 61_000, 1_000]) waits.push(await stay(ms));
    assert.deepEqual(waits, [2, 4, 8, 2, 4]);
  });
});
