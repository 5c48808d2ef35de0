import { Point as ClientPoint } from '@influxdata/influxdb-client';
import { LineEncoder } from '../core/line-protocol.ts';
import type { PriceRow } from '../ingest/prices/adapter.ts';
import { ColumnReader, ColumnWriter } from '../ingest/prices/columns.ts';
import { PointMaker, writingRows } from '../ingest/prices/points.ts';
import { type NumberRow, type Polls, PRICE, VOLUME } from './encode-rows.ts';

/** Where polls end, as those of the writer do: memory that serves one after the other. */
export const out = Buffer.alloc(1_000_000);

/** Writes the lines of one poll, as bytes, to the start of `out`; how many bytes. */
export type Encode = (exchange: number, turn: number, slotMs: number) => number;

function pollOf<Row>(polls: Polls<Row>, exchange: number, turn: number): readonly Row[] {
  return polls[exchange]?.[turn] as readonly Row[];
}

/** As a lane and the writer do it; `thread`: with the parser's thread, all in this one. */
export function ours(polls: Polls<PriceRow>, thread: boolean): Encode {
  const encoder = new LineEncoder();
  const lanes = polls.map(([rows = []]) => ({
    naming: { tags: new Map(rows.map((row) => [row.symbol, row.pair])), isOff: () => false },
    maker: new PointMaker(),
    writer: new ColumnWriter(),
    reader: new ColumnReader(),
  }));
  return (exchange, turn, slotMs) => {
    const { naming, maker, writer, reader } = lanes[exchange] as (typeof lanes)[number];
    const rows = pollOf(polls, exchange, turn);
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

export function theirs(polls: Polls<PriceRow>): Encode {
  return (exchange, turn, slotMs) => {
    const rows = pollOf(polls, exchange, turn);
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

export function ourNumbers(polls: Polls<NumberRow>): Encode {
  const encoder = new LineEncoder();
  return (exchange, turn, slotMs) => {
    const timeNs = BigInt(slotMs) * 1_000_000n;
    for (const { key, price, volume } of pollOf(polls, exchange, turn)) {
      const refusal =
        encoder.begin(key) ??
        encoder.float(PRICE, price) ??
        encoder.float(VOLUME, volume) ??
        encoder.end(timeNs);
      if (refusal) throw new Error(refusal.reason);
    }
    return encoder.give((lines) => lines.copy(out));
  };
}

export function theirNumbers(polls: Polls<NumberRow>): Encode {
  return (exchange, turn, slotMs) => {
    const rows = pollOf(polls, exchange, turn);
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
