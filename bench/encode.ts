/**
 * Encoding: lines per CPU second of the line encoder against the official client's Point, from the
 * same parsed rows of a poll, in one process, interleaved. `narrow` rows have a price and a volume,
 * `full` ones all that an exchange tells. Usage: node --expose-gc dist/bench/encode.js [pairs]
 */
import { loadavg } from 'node:os';
import { Point as ClientPoint } from '@influxdata/influxdb-client';
import { LineEncoder, type LineSource } from '../core/line-protocol.ts';
import type { PointBatch } from '../core/point.ts';
import type { PriceRow } from '../ingest/prices/adapter.ts';
import { type Naming, PointMaker } from '../ingest/prices/points.ts';

const MARKETS = 13_827;
const EXCHANGES = 18;
const ROUNDS = 12;
const AIM = 15;
const START_MS = 1_795_000_000_000;

/** One exchange's rows, as its parser hands them over: hot from having been made. */
function makeRows(exchange: number, full: boolean): readonly PriceRow[] {
  const rows: PriceRow[] = [];
  const text = (value: number, digits: number) => ({ floatText: value.toFixed(digits) });
  for (let i = exchange; i < MARKETS; i += EXCHANGES) {
    const base = `coin${Math.floor(i / EXCHANGES)}`;
    const price = 10 + ((i * 7_919) % 1_000_003) / 1_000;
    const names = { exchange: `exchange${exchange}`, base, quote: 'usd', pair: `${base}usd` };
    const row = { ...names, symbol: `${base}-USD`, price: text(price, 3) };
    const volume = text((1e8 + i * 123_457) / 1e4, 4);
    const [bid, ask] = [text(price * 0.999, 3), text(price * 1.001, 3)];
    const quoteVolume = text(price * i, 8);
    const exchangeTimeMs = START_MS - (i % 5_000);
    rows.push(
      full ? { ...row, bid, ask, volume, quoteVolume, exchangeTimeMs } : { ...row, volume },
    );
  }
  return rows;
}

interface Exchange {
  readonly rows: readonly PriceRow[];
  readonly naming: Naming;
  readonly maker: PointMaker;
}

function exchangeOf(exchange: number, full: boolean): Exchange {
  const rows = makeRows(exchange, full);
  const tags = new Map(rows.map((row) => [row.symbol, row.pair]));
  return { rows, naming: { tags, isOff: () => false }, maker: new PointMaker() };
}

/** Each poll taken as the writer takes it. */
function ours(exchanges: readonly Exchange[], encoder: LineEncoder, keep: boolean): Buffer[] {
  const taken: Buffer[] = [];
  for (const { rows, naming, maker } of exchanges) {
    for (let poll = 0; poll < ROUNDS; poll++) {
      const { points } = maker.make(rows, naming, START_MS + poll * 60_000);
      const source = points as PointBatch & LineSource;
      for (let i = 0; i < source.length; i++) {
        const refusal = source.addLine(encoder, i);
        if (refusal) throw new Error(refusal.reason);
      }
      const lines = encoder.take();
      if (keep) taken.push(lines);
    }
  }
  return taken;
}

function theirs(exchanges: readonly Exchange[], keep: boolean): Buffer[] {
  const taken: Buffer[] = [];
  for (const { rows } of exchanges) {
    for (let poll = 0; poll < ROUNDS; poll++) {
      const time = `${START_MS + poll * 60_000}000000`;
      const texts = rows.map((row) => clientPoint(row).timestamp(time).toLineProtocol());
      const lines = Buffer.from(`${texts.join('\n')}\n`);
      if (keep) taken.push(lines);
    }
  }
  return taken;
}

function clientPoint(row: PriceRow): ClientPoint {
  const { exchange, pair, price, bid, ask, volume, quoteVolume, exchangeTimeMs } = row;
  const point = new ClientPoint('price').tag('exchange', exchange).tag('pair', pair);
  point.floatField('price', price.floatText);
  if (bid) point.floatField('bid', bid.floatText);
  if (ask) point.floatField('ask', ask.floatText);
  if (typeof volume === 'object') point.floatField('volume', volume.floatText);
  if (typeof quoteVolume === 'object') point.floatField('quote_volume', quoteVolume.floatText);
  if (exchangeTimeMs !== undefined) point.intField('exchange_time', exchangeTimeMs);
  return point;
}

function linesPerCpuSecond(run: () => Buffer[]): number {
  globalThis.gc?.();
  const before = process.cpuUsage();
  run();
  const used = process.cpuUsage(before);
  return (MARKETS * ROUNDS) / ((used.user + used.system) / 1e6);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

/** Equal but for the order of fields, which the client sorts, and the digits, which it rewrites. */
function assertEqual(left: Buffer, right: Buffer): void {
  const plain = (text: Buffer) =>
    text.toString().replace(/ ([^ ]+) /g, (_, fields: string) => {
      const parts = fields.split(',').map((field) => {
        const [key = '', value = ''] = field.split('=');
        return `${key}=${value.endsWith('i') ? value : Number(value)}`;
      });
      return ` ${parts.sort().join(',')} `;
    });
  if (plain(left) !== plain(right)) throw new Error('the two encoders do not agree');
}

function compare(name: string, full: boolean, pairs: number): void {
  const exchanges = Array.from({ length: EXCHANGES }, (_, i) => exchangeOf(i, full));
  const encoder = new LineEncoder();
  const own = Buffer.concat(ours(exchanges, encoder, true));
  assertEqual(own, Buffer.concat(theirs(exchanges, true)));
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const own = linesPerCpuSecond(() => ours(exchanges, encoder, false));
    const client = linesPerCpuSecond(() => theirs(exchanges, false));
    ratios.push(own / client);
    const show = (value: number) => (value / 1e6).toFixed(2);
    console.log(`  ours ${show(own)}  client-js ${show(client)}  ${(own / client).toFixed(1)}x`);
  }
  console.log(`encode ${name}: ${median(ratios).toFixed(1)} (wanted at least ${AIM})`);
}

const pairs = Number(process.argv[2] ?? 7);
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${MARKETS * ROUNDS} lines a run; M lines/CPU s`);
compare('narrow', false, pairs);
compare('full', true, pairs);
