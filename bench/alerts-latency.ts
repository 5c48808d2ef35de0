/**
 * From a price that the writer has accepted to the webhook received: the whole product in a process
 * of its own, with the embedded engine and PGlite, an exchange on loopback where some pairs jump in
 * every poll, and a receiver. Polls come every 10 s; alerts are evaluated at the intervals given.
 * Usage: node dist/bench/alerts-latency.js [seconds] [interval ...]
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg } from 'node:os';
import { systemClock as clock } from '../core/clock.ts';
import { books } from '../demo/books/list.ts';
import type { Market } from '../demo/market.ts';
import {
  embeddedInflux,
  startTidemark,
  type Tidemark,
  withDataDir,
} from '../test/helpers/process.ts';
import { Receiver } from '../test/helpers/receiver.ts';

const PAIRS = 400;
/** Of one poll; more than five of a step come in one message. */
const JUMPS = 2;
const POLL_MS = 10_000;
const MARGIN_MS = 5_000;
const TASK = 'tidemark: alert-ratio-price-above-3-1h';
const [seconds = '180', ...intervals] = process.argv.slice(2);

const pairOf = (n: number) => `q${n.toString(36).padStart(2, '0')}`;

/** Kraken, with pairs that jump one after the other from when they are let. */
class Exchange {
  jumping = false;
  /** Answers so far, and pairs that have jumped, by the number of the answer. */
  answers = 0;
  readonly jumps = new Map<string, number>();
  readonly #server: Server;

  constructor() {
    const market: Market = { pairs: () => [], bars: () => [], quotes: () => this.#quotes() };
    this.#server = createServer((request, response) => {
      const answer = books.kraken?.answers[request.url ?? ''];
      response.setHeader('content-type', 'application/json');
      response.end(answer?.(market, Date.now()) ?? '{}');
    });
  }

  #quotes() {
    this.answers += 1;
    for (let n = 0; this.jumping && n < JUMPS; n += 1) {
      this.jumps.set(`${pairOf(this.jumps.size)}usd`, this.answers);
    }
    return Array.from({ length: PAIRS }, (_, n) => {
      const price = this.jumps.has(`${pairOf(n)}usd`) ? '400' : '100';
      return {
        ...{ base: pairOf(n), quote: 'usd', last: price, bid: price, ask: price },
        ...{ volume: '7', average: price, quoteVolume: '7', timeMs: 0 },
      };
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Whether the task is there: it is made soon after somebody wants it. */
async function prepare(tidemark: Tidemark, dir: string, receiverUrl: string): Promise<void> {
  const influx = await embeddedInflux(tidemark.influxUrl, dir);
  try {
    const nowMs = Date.now();
    const lines = Array.from({ length: 58 }, (_, minute) =>
      Array.from({ length: PAIRS }, (_, n) => {
        const ns = `${nowMs - (minute + 1) * 60_000}000000`;
        return `price,exchange=kraken,pair=${pairOf(n)}usd price=100 ${ns}`;
      }).join('\n'),
    );
    await influx.write(lines.join('\n'), { gzip: false });
    const answer = await fetch(`${tidemark.url}/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ webhook: receiverUrl, metric: 'price' }),
    });
    if (answer.status !== 201) throw new Error(await answer.text());
    while (!(await influx.tasks.list()).some(({ name }) => name === TASK)) await clock.sleep(100);
  } finally {
    await influx.close();
  }
}

interface Message {
  readonly type: string;
  readonly data: { readonly series: { readonly pair: string } | readonly string[] };
}

function pairsOf(body: string): readonly string[] {
  const { type, data } = JSON.parse(body) as Message;
  if (type === 'alert.digest')
    return (data.series as readonly string[]).map((series) => series.split(':').at(-1)!);
  return type === 'alert.fired' ? [(data.series as { readonly pair: string }).pair] : [];
}

/** Milliseconds from accepted to received, of every pair that jumped. */
async function measure(interval: string): Promise<{ took: number[]; lost: number }> {
  const exchange = new Exchange();
  const receiver = await Receiver.start();
  const received = new Map<string, number>();
  receiver.answer = (response, { body }) => {
    for (const pair of pairsOf(body)) if (!received.has(pair)) received.set(pair, Date.now());
    response.end('ok');
  };
  const accepted: number[] = [];
  try {
    return await withDataDir(async (dir) => {
      const tidemark = await startTidemark({
        settings: {
          ...{ DATA_DIR: dir, EXCHANGES: 'kraken', EXCHANGE_KRAKEN_URL: await exchange.listen() },
          ...{ PRICE_INTERVAL: '10s', ALERT_INTERVAL: interval, LOG_LEVEL: 'debug' },
          ALLOW_PRIVATE_TARGETS: receiver.place,
        },
        // The n-th answer is accepted by the n-th line.
        onLine(line) {
          if (line.includes('"prices accepted"')) accepted.push(Date.now());
        },
      });
      try {
        await prepare(tidemark, dir, receiver.url);
        exchange.jumping = true;
        await clock.sleep(Number(seconds) * 1_000);
        exchange.jumping = false;
        const endMs = Date.now() + 120_000;
        while (received.size < exchange.jumps.size && Date.now() < endMs) await clock.sleep(100);
      } finally {
        await tidemark.kill('SIGTERM');
      }
      const took = [...received].map(([pair, ms]) => {
        return ms - accepted[exchange.jumps.get(pair)! - 1]!;
      });
      if (accepted.length !== exchange.answers) console.log('  an answer was not accepted');
      return { took, lost: exchange.jumps.size - received.size };
    });
  } finally {
    exchange.close();
    await receiver.close();
  }
}

for (const interval of intervals.length > 0 ? intervals : ['10s', '1m']) {
  const { took, lost } = await measure(interval);
  took.sort((a, b) => a - b);
  const at = (share: number) =>
    took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? 0;
  const limitMs = (interval === '1m' ? 60_000 : POLL_MS) + MARGIN_MS;
  console.log(
    `${interval}: ${took.length} jumps, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms ` +
      `(wanted p95 <= ${limitMs}: ${at(0.95) <= limitMs ? 'held' : 'MISSED'}), ${lost} not told; ` +
      `load ${loadavg()[0]?.toFixed(1)}`,
  );
}
