import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TidemarkError } from '../../core/errors.ts';
import type { RowBatch } from '../../core/influx/tables.ts';
import {
  type Asked,
  fakeInflux,
  gate,
  open,
  priceBatch,
  pricesOf,
  rankBatch,
  raw,
  startApi,
  type TestApi,
} from '../helpers/api.ts';
import { liveBytes } from '../helpers/live-bytes.ts';

/** How often what is held is looked at. */
const STEP_BYTES = 5_000_000;

type Prices = (signal: AbortSignal) => AsyncIterable<RowBatch, void, undefined>;

let api: TestApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

async function serve(prices: Prices): Promise<TestApi> {
  const influx = fakeInflux(({ query }: Asked, signal) =>
    query === 'rank' ? one(rankBatch('1', '2')) : prices(signal),
  );
  api = await startApi({ influx, graceMs: 100 });
  return api;
}

async function* one(batch: RowBatch): AsyncGenerator<RowBatch, void> {
  yield batch;
}

/** `count` rows of some 90 bytes of JSON each. */
function batchOf(count: number): RowBatch {
  const row = ['kraken', '2022-10-11T03:35:02.358Z', '20966.789'] as const;
  return priceBatch(Array.from({ length: count }, () => row));
}

describe('a streamed answer', { timeout: 60_000 }, () => {
  it('begins before the last row is read', async () => {
    const last = gate();
    const { url } = await serve(async function* () {
      yield batchOf(1);
      await last.opened;
      yield batchOf(1);
    });
    const answer = await open(`${url}/btcusd`);
    const [first] = (await once(answer, 'data')) as [Buffer];
    assert.match(first.toString(), /^\{"pair":"btcusd","rank":"1\/2".*"kraken"\}$/);
    last.open();
    let rest = '';
    for await (const piece of answer) rest += piece;
    assert.match(rest, /^,\{.*\}\]\}$/);
  });

  it('begins before the last row is read with gzip too', async () => {
    const last = gate();
    const { url } = await serve(async function* () {
      yield batchOf(1);
      await last.opened;
    });
    const answer = await fetch(`${url}/btcusd`, { headers: { 'accept-encoding': 'gzip' } });
    const reader = answer.body!.getReader();
    const { value } = await reader.read();
    assert.match(new TextDecoder().decode(value), /"kraken"\}$/);
    last.open();
    const { value: end } = await reader.read();
    assert.equal(new TextDecoder().decode(end), ']}');
  });

  it('asks rank and prices at the same time', async () => {
    const both = gate();
    let waiting = 0;
    const influx = fakeInflux(async function* ({ query }) {
      if (++waiting === 2) both.open();
      await both.opened;
      yield query === 'rank' ? rankBatch('1', '2') : batchOf(1);
    });
    api = await startApi({ influx });
    const { rank, prices } = await pricesOf(await fetch(`${api.url}/btcusd`));
    assert.equal(rank, '1/2');
    assert.equal(prices.length, 1);
  });

  it('joins small batches and is whole JSON whatever the batches were', async () => {
    const { url } = await serve(async function* () {
      for (const count of [0, 1, 0, 3, 2000, 1, 5000, 0]) yield batchOf(count);
    });
    assert.equal((await pricesOf(await fetch(`${url}/btcusd`))).prices.length, 7005);
  });
});

describe('a failure in mid-stream', { timeout: 60_000 }, () => {
  const failing: Prices = async function* () {
    yield batchOf(5000);
    throw new TidemarkError('upstream', 'cut');
  };

  for (const accept of ['application/json', 'application/x-ndjson', 'text/csv']) {
    it(`ends ${accept} without the end mark of the body`, async () => {
      const { port } = await serve(failing);
      const head = `GET /btcusd HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`;
      const answer = await raw(port, head);
      assert.match(answer, /^HTTP\/1\.1 200 OK/);
      assert.doesNotMatch(answer, /\r\n0\r\n\r\n/);
      assert.doesNotMatch(answer, /\]\}/);
    });
  }

  it('is an error for an ordinary client, never a short answer', async () => {
    const { url } = await serve(failing);
    for (const encoding of ['gzip', 'identity']) {
      const answer = await fetch(`${url}/btcusd`, {
        headers: { 'accept-encoding': encoding, accept: 'text/csv' },
      });
      await assert.rejects(answer.text());
    }
  });

  it('resets the connection of HTTP/1.0, whose bodies have no end mark', async () => {
    const taken = gate();
    const { port } = await serve(async function* () {
      yield batchOf(1);
      await taken.opened;
      throw new TidemarkError('upstream', 'cut');
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /btcusd HTTP/1.0\r\nAccept: text/csv\r\n\r\n');
    await once(socket, 'data');
    const failed = once(socket, 'error');
    taken.open();
    const [error] = await failed;
    assert.equal(error.code, 'ECONNRESET');
  });

  it('cancels the other query when one fails before the first row', async () => {
    const cancelled = gate();
    const influx = fakeInflux(async function* ({ query }, signal) {
      if (query === 'rank') throw new TidemarkError('unavailable', 'away');
      signal.addEventListener('abort', () => cancelled.open(), { once: true });
      await cancelled.opened;
      yield batchOf(1);
    });
    api = await startApi({ influx });
    assert.equal((await fetch(`${api.url}/btcusd`)).status, 503);
    await cancelled.opened;
  });
});

describe('a client that leaves', { timeout: 60_000 }, () => {
  const cases = { 'before the first row': 0, 'in mid-stream': 1000 };
  for (const [when, rows] of Object.entries(cases)) {
    it(`cancels both queries ${when}`, async () => {
      const asked = gate();
      const stopped: string[] = [];
      const all = gate();
      const influx = fakeInflux(async function* ({ query }, signal) {
        try {
          if (rows > 0) yield query === 'rank' ? rankBatch('1', '2') : batchOf(rows);
          if (rows > 0 && query === 'rank') return;
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true });
            asked.open();
          });
        } finally {
          stopped.push(query);
          if (stopped.length === 2) all.open();
        }
      });
      api = await startApi({ influx });
      const socket = connect(api.port, '127.0.0.1');
      socket.write('GET /btcusd HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await asked.opened;
      if (rows > 0) await once(socket, 'data');
      socket.destroy();
      await all.opened;
      assert.deepEqual(stopped.sort(), ['prices', 'rank']);
    });
  }

  it('is counted as such', async () => {
    const left = gate();
    const { port, metrics } = await serve(async function* (signal) {
      yield batchOf(1);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      left.open();
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /btcusd HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    await left.opened;
    assert.match((await metrics.read()).text, /route="prices",method="GET",status="499"\} 1/);
  });
});

describe('a slow reader', { timeout: 300_000 }, () => {
  it('pauses the query and lets it go on, memory staying flat', async () => {
    const batches = 2000;
    let given = 0;
    const { port } = await serve(async function* () {
      for (; given < batches; given++) yield batchOf(1000);
    });
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.write('GET /btcusd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    // Paused for good once the sockets' buffers are full: the count stands still.
    let before = -1;
    while (before !== given || given === 0) {
      before = given;
      await delay(100);
    }
    assert.ok(given < batches / 4, `${given} of ${batches} batches were read for nobody`);
    let bytes = 0;
    let heldMax = 0;
    const heldStart = liveBytes();
    for await (const piece of socket) {
      const step = Math.floor(bytes / STEP_BYTES);
      bytes += (piece as Buffer).length;
      if (Math.floor(bytes / STEP_BYTES) > step) heldMax = Math.max(heldMax, liveBytes());
    }
    assert.equal(given, batches);
    assert.ok(bytes > 140_000_000, `${bytes} bytes`);
    const moreMb = (heldMax - heldStart) / 1e6;
    assert.ok(moreMb < 20, `${moreMb.toFixed(1)} MB more were held, of ${bytes / 1e6} MB`);
  });
});

describe('more answers than can be in work', { timeout: 60_000 }, () => {
  it('are refused with Retry-After, and taken again as soon as others are done', async () => {
    const busy = gate();
    const { url } = await serve(async function* () {
      await busy.opened;
      yield batchOf(1);
    });
    const refused = gate();
    let answered = 0;
    const many = Array.from({ length: 300 }, async () => {
      const answer = await fetch(`${url}/btcusd`);
      if (++answered === 44) refused.open();
      return answer;
    });
    await refused.opened;
    busy.open();
    const answers = await Promise.all(many);
    const counts = [200, 503].map((code) => answers.filter(({ status }) => status === code).length);
    assert.deepEqual(counts, [256, 44]);
    const last = answers.find(({ status }) => status === 503);
    assert.equal(last?.headers.get('retry-after'), '1');
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    assert.equal((await fetch(`${url}/btcusd`)).status, 200);
  });
});
