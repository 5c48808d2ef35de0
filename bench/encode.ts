/**
 * Encoding: lines per CPU second of the line encoder against the official client's Point, in one
 * process, interleaved, medians. A run is `cycles` whole cycles of 13,827 markets, 18 exchanges one
 * after the other, with other prices at each of four turns, so that no row is still in the cache
 * from the line before. Both sides start from the same parsed rows and end with the bytes of each
 * poll; series are known to us from the first cycle on, as in a process that polls each minute.
 * `narrow` rows have a price and a volume, `full` ones all that an exchange tells, as the decimals
 * that exchanges send; `thread` are full rows on the way of the product, whose fields are written
 * in the parser's thread and put into lines outside of it, the CPU of both; `numbers` are narrow
 * with JavaScript numbers. Usage: node --expose-gc dist/bench/encode.js [pairs] [cycles]
 */
import { loadavg } from 'node:os';
import { Point as ClientPoint } from '@influxdata/influxdb-client';
import { fieldKey, LineEncoder, type SeriesKey, seriesKey } from '../core/line-protocol.ts';
import type { FloatText } from '../core/point.ts';
import type { PriceRow } from '../ingest/prices/adapter.ts';
import { ColumnReader, ColumnWriter } from '../ingest/prices/columns.ts';
import { PointMaker, writingRows } from '../ingest/prices/points.ts';

const MARKETS = 13_827;
const EXCHANGES = 18;
const TURNS = 4;
const AIM = 15;
const START_MS = 1_795_000_000_000;
/** Where polls end, as those of the writer do: memory that serves one after the other. */
const out = Buffer.alloc(1_000_000);

const pairs = Number(process.argv[2] ?? 5);
const cycles = Number(process.argv[3] ?? 100);

/** The rows of one exchange, one array a turn. */
type Exchange = readonly (readonly PriceRow[])[];
/** Writes the lines of one poll, as bytes, to the start of `out`; how many bytes. */
type Encode = (exchange: number, turn: number, slotMs: number) => number;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The names that the parser remembers from poll to poll. */
const names = Array.from({ length: MARKETS }, (_, i) => ({
  ...{ base: `coin${i}`, quote: 'usd', pair: `coin${i}usd` },
}));
const exchangeNames = Array.from({ length: EXCHANGES }, (_, i) => `exchange${i}`);

/** Put together as the parser does it, the symbol being a part of the answer. */
function makeRow(i: number, turn: number, full: boolean): PriceRow {
  const text = (value: number, digits: number) => ({ floatText: value.toFixed(digits) });
  const { base, quote, pair } = names[i] as (typeof names)[number];
  const exchange = exchangeNames[i % EXCHANGES] as string;
  const value = 10 + ((i * 7_919 + turn * 37) % 1_000_003) / 1_000;
  const [symbol, price] = [`${base}-USD`, text(value, 3)];
  const row: Writable<PriceRow> = { exchange, symbol, base, quote, pair, price };
  if (full) row.bid = text(value * 0.999, 3);
  if (full) row.ask = text(value * 1.001, 3);
  row.volume = text((1e8 + i * 123_457 + turn) / 1e4, 4);
  if (full) row.quoteVolume = text(value * i, 8);
  if (full) row.exchangeTimeMs = START_MS + turn * 60_000 - (i % 5_000);
  return row;
}

function makeExchange(exchange: number, full: boolean): Exchange {
  const markets = Array.from({ length: MARKETS }, (_, i) => i).filter(
    (i) => i % EXCHANGES === exchange,
  );
  return Array.from({ length: TURNS }, (_, turn) => markets.map((i) => makeRow(i, turn, full)));
}

function turnOf<T>(exchanges: readonly (readonly T[])[], exchange: number, turn: number): T {
  return exchanges[exchange]?.[turn] as T;
}

/** As a lane and the writer do it; `thread`: with the parser's thread, all in this one. */
function ours(exchanges: readonly Exchange[], thread: boolean): Encode {
  const encoder = new LineEncoder();
  const lanes = exchanges.map(([rows = []]) => ({
    naming: { tags: new Map(rows.map((row) => [row.symbol, row.pair])), isOff: () => false },
    maker: new PointMaker(),
    writer: new ColumnWriter(),
    reader: new ColumnReader(),
  }));
  return (exchange, turn, slotMs) => {
    const { naming, maker, writer, reader } = lanes[exchange] as (typeof lanes)[number];
    const rows = turnOf(exchanges, exchange, turn);
    const writing = thread
      ? reader.read(writer.write({ rows, dropped: {} })).writing
      : writingRows(rows);
    const { points } = maker.make(writing, naming, slotMs);
    for (let i = 0; i < points.length; i++) {
      const refusal = points.addLine(encoder, i);
      if (refusal) throw new Error(refusal.reason);
    }
    return encoder.give((lines) => lines.copy(out));
  };
}

function theirs(exchanges: readonly Exchange[]): Encode {
  return (exchange, turn, slotMs) => {
    const rows = turnOf(exchanges, exchange, turn);
    const time = `${slotMs}000000`;
    const texts = rows.map((row) => clientPoint(row).timestamp(time).toLineProtocol());
    return out.write(`${texts.join('\n')}\n`);
  };
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

interface NumberRow {
  readonly exchange: string;
  readonly pair: string;
  readonly key: SeriesKey;
  readonly price: number;
  readonly volume: number;
}

/** Rows of numbers, with their series known. */
function makeNumbers(exchanges: readonly Exchange[]): (readonly NumberRow[])[][] {
  const number = (text: unknown) => Number((text as FloatText).floatText);
  return exchanges.map((turns) => {
    const keys = (turns[0] ?? []).map(({ exchange, pair }) =>
      seriesKey('price', { exchange, pair }),
    );
    return turns.map((rows) =>
      rows.map(({ exchange, pair, price, volume }, i) => {
        const numbers = { price: number(price), volume: number(volume) };
        return { exchange, pair, key: keys[i] as SeriesKey, ...numbers };
      }),
    );
  });
}

function ourNumbers(exchanges: readonly (readonly (readonly NumberRow[])[])[]): Encode {
  const encoder = new LineEncoder();
  const [priceKey, volumeKey] = [fieldKey('price'), fieldKey('volume')];
  return (exchange, turn, slotMs) => {
    const timeNs = BigInt(slotMs) * 1_000_000n;
    for (const { key, price, volume } of turnOf(exchanges, exchange, turn)) {
      const refusal =
        encoder.begin(key) ??
        encoder.float(priceKey, price) ??
        encoder.float(volumeKey, volume) ??
        encoder.end(timeNs);
      if (refusal) throw new Error(refusal.reason);
    }
    return encoder.give((lines) => lines.copy(out));
  };
}

function theirNumbers(exchanges: readonly (readonly (readonly NumberRow[])[])[]): Encode {
  return (exchange, turn, slotMs) => {
    const rows = turnOf(exchanges, exchange, turn);
    const texts = rows.map(({ exchange, pair, price, volume }) =>
      new ClientPoint('price')
        .tag('exchange', exchange)
        .tag('pair', pair)
        .floatField('price', price)
        .floatField('volume', volume)
        .timestamp(`${slotMs}000000`)
        .toLineProtocol(),
    );
    return out.write(`${texts.join('\n')}\n`);
  };
}

/** Runs whole cycles; `each` hears of every poll. */
function run(encode: Encode, rounds: number, each: (bytes: number) => void): void {
  for (let cycle = 0; cycle < rounds; cycle++) {
    for (let exchange = 0; exchange < EXCHANGES; exchange++) {
      each(encode(exchange, cycle % TURNS, START_MS + cycle * 60_000));
    }
  }
}

function linesPerCpuSecond(encode: Encode): number {
  globalThis.gc?.();
  const before = process.cpuUsage();
  run(encode, cycles, () => undefined);
  const used = process.cpuUsage(before);
  return (MARKETS * cycles) / ((used.user + used.system) / 1e6);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function bytesOf(encode: Encode): Buffer {
  const taken: Buffer[] = [];
  run(encode, TURNS, (bytes) => taken.push(Buffer.from(out.subarray(0, bytes))));
  return Buffer.concat(taken);
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

function compare(name: string, own: Encode, client: Encode): void {
  assertEqual(bytesOf(own), bytesOf(client));
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [a, b] = [linesPerCpuSecond(own), linesPerCpuSecond(client)];
    ratios.push(a / b);
    const show = (value: number) => (value / 1e6).toFixed(2);
    console.log(`  ours ${show(a)}  client-js ${show(b)}  ${(a / b).toFixed(1)}x`);
  }
  console.log(`encode ${name}: ${median(ratios).toFixed(1)} (wanted at least ${AIM})`);
}

const rowsOf = (full: boolean) =>
  Array.from({ length: EXCHANGES }, (_, exchange) => makeExchange(exchange, full));
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${MARKETS} x ${cycles} lines a run; M lines/CPU s`);
const [narrow, full] = [rowsOf(false), rowsOf(true)];
compare('narrow', ours(narrow, false), theirs(narrow));
compare('full', ours(full, false), theirs(full));
compare('thread', ours(full, true), theirs(full));
const numbers = makeNumbers(narrow);
compare('numbers', ourNumbers(numbers), theirNumbers(numbers));
