/**
 * Many cycles of 13,827 markets one after the other into the embedded engine (a process of its
 * own): the memory of the ingest after each hundred, garbage collected, and how long its event loop
 * stood still; also with a market list of 12 MB and an answer of 3,500 rows. The delays of a loop
 * grow with the load of the machine. Usage: node --expose-gc dist/bench/steady.js [cycles]
 */
import { loadavg } from 'node:os';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux } from '../core/influx/influx.ts';
import { silentLog } from '../core/log.ts';
import { exchanges } from '../ingest/prices/exchanges/list.ts';
import { createThreadParser } from '../ingest/prices/thread-parser.ts';
import { cycle, LoopWatch, startIngest } from './ingest.ts';
import { median } from './median.ts';
import { startServers } from './servers.ts';

const BLOCKED_MS_AIM = 50;
/** The first cycles make caches, code and threads. */
const WARM_CYCLES = 100;
const GROWTH_MB_AIM = 20;
const SECOND_MS = 1_000;
const LIST_BYTES = 12e6;
const ROWS = 3_500;

interface Memory {
  readonly heapMb: number;
  readonly rssMb: number;
}

function memory(): Memory {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapMb: (heapUsed + external) / 1e6, rssMb: rss / 1e6 };
}

async function blockedMs(work: () => Promise<unknown>): Promise<number> {
  const watch = new LoopWatch();
  await watch.over(work);
  return watch.maxMs;
}

/** The largest bodies there are, through the parser alone. */
async function large(): Promise<void> {
  const parser = createThreadParser({ clock, log: silentLog });
  const adapter = exchanges.find(({ id }) => id === 'binance');
  if (!adapter) throw new Error('no binance');
  const source = parser.open(adapter);
  const names = Array.from({ length: ROWS }, (_, i) => `C${i.toString(36).toUpperCase()}X`);
  const filler = 'x'.repeat(Math.floor(LIST_BYTES / ROWS) - 130);
  const symbols = names.map((baseAsset) => ({
    ...{ symbol: `${baseAsset}USDT`, status: 'TRADING', baseAsset, quoteAsset: 'USDT' },
    ...{ isSpotTradingAllowed: true, filters: [{ minPrice: 0.01, filler }] },
  }));
  const list = Buffer.from(JSON.stringify({ symbols }));
  const tickers = Buffer.from(
    JSON.stringify(
      symbols.map(({ symbol }, i) => ({
        ...{ symbol, lastPrice: `${i + 1}.5`, bidPrice: `${i + 1}.4`, askPrice: `${i + 1}.6` },
        ...{ volume: `${i}`, quoteVolume: `${i * 7}.25`, closeTime: 1_795_000_000_000 },
      })),
    ),
  );
  const lists = await blockedMs(() => source.readLists([list]));
  let rows = 0;
  const answers = await blockedMs(async () => {
    const { writing } = await source.readTickers([tickers]);
    rows = writing?.markets.length ?? 0;
  });
  await parser.close();
  if (rows !== ROWS) throw new Error(`${rows} rows`);
  const aim = `(wanted at most ${BLOCKED_MS_AIM})`;
  console.log(
    `loop blocked by a list of ${Math.round(LIST_BYTES / 1e6)} MB: ${lists.toFixed(0)} ms ${aim}`,
  );
  console.log(`loop blocked by ${ROWS} rows: ${answers.toFixed(0)} ms ${aim}`);
}

const cycles = Number(process.argv[2] ?? 1_000);
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${cycles} cycles`);
await large();
const [server] = await startServers('embedded');
if (!server) throw new Error('no server');
const influx = createInflux({ ...server, timeoutMs: 60_000, clock });
const ingest = await startIngest(influx, { connections: 1 });
const startMs = Math.floor(Date.now() / SECOND_MS) * SECOND_MS - cycles * SECOND_MS;
let first: Memory | undefined;
let last: Memory | undefined;
try {
  const blocked: number[] = [];
  for (let done = 1; done <= cycles; done++) {
    const watch = new LoopWatch();
    await cycle(ingest, done, startMs + done * SECOND_MS, watch);
    if (done > WARM_CYCLES) blocked.push(watch.maxMs);
    if (done % 100 !== 0 && done !== cycles) continue;
    last = memory();
    if (done >= WARM_CYCLES) first ??= last;
    const { heapMb, rssMb } = last;
    console.log(`  ${done}: heap ${heapMb.toFixed(1)} MB, resident ${rssMb.toFixed(0)} MB`);
  }
  const growth = (last?.heapMb ?? 0) - (first?.heapMb ?? 0);
  console.log(`memory grown: ${growth.toFixed(1)} MB (wanted at most ${GROWTH_MB_AIM})`);
  const [half, most] = [median(blocked), Math.max(...blocked)].map((ms) => ms.toFixed(0));
  console.log(
    `loop blocked: ${most} ms, in half of the cycles ${half} (wanted at most ${BLOCKED_MS_AIM})`,
  );
} finally {
  await ingest.close();
  await influx.close();
  await server.stop();
}
