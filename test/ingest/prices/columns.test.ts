import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineEncoder } from '../../../core/line-protocol.ts';
import type { ParsedPrices, PriceRow } from '../../../ingest/prices/adapter.ts';
import { ColumnReader, ColumnWriter, movedBuffers } from '../../../ingest/prices/columns.ts';
import { PointMaker, type WritingRows, writingRows } from '../../../ingest/prices/points.ts';

const row = (n: number, more: Partial<PriceRow> = {}): PriceRow => ({
  ...{ exchange: 'e', symbol: `S${n}`, base: 'b', quote: 'q', pair: `p${n}` },
  price: { floatText: `${n}.5` },
  ...more,
});

const text = (floatText: string) => ({ floatText });

const full = {
  ...{ bid: text('1e-05'), ask: text('2'), volume: text('0'), quoteVolume: text('0010.50') },
  exchangeTimeMs: 1_700_000_000_123,
};

/** As it arrives in the other thread. */
function sent(writer: ColumnWriter, parsed: ParsedPrices) {
  const columns = writer.write(parsed);
  return structuredClone(columns, { transfer: movedBuffers(columns) });
}

/** The lines of rows, and what was refused. */
function linesOf(writing: WritingRows) {
  const tags = new Map(writing.markets.map(({ symbol }) => [symbol, symbol.toLowerCase()]));
  const { points } = new PointMaker().make(writing, { tags, isOff: () => false }, 60_000);
  const encoder = new LineEncoder();
  const refused = Array.from({ length: points.length }, (_, i) => {
    const refusal = points.addLine(encoder, i);
    return refusal && { ...refusal, point: points.pointAt(i) };
  }).filter((refusal) => refusal !== undefined);
  return { lines: encoder.take().toString(), refused };
}

describe('rows as columns', () => {
  it('come out as they went in, whatever is absent, in any order and number', () => {
    const writer = new ColumnWriter();
    const reader = new ColumnReader();
    const polls = [
      [row(1), row(2, full), row(3, { volume: text('0') })],
      [row(3), row(1, { ask: text('7') })],
      [row(4), row(2, { base: 'other' }), row(2)],
      [],
    ];
    for (const rows of polls) {
      const parsed = { rows, dropped: { dead: rows.length } };
      const read = reader.read(sent(writer, parsed));
      assert.deepEqual(read.markets.length, rows.length);
      assert.deepEqual({ rows: read.rows, dropped: read.dropped }, parsed);
    }
  });

  it('write the same lines as the rows that they were', () => {
    const numbers = [0.1 + 0.2, 0, 1e21, 5e-324, 12_345.678];
    const rows = [
      row(1),
      row(2, full),
      ...numbers.map((value, i) => row(10 + i, { volume: value, quoteVolume: value * 3 })),
      row(30, { price: text('-.5'), exchangeTimeMs: -1 }),
    ];
    const { writing, rows: read } = new ColumnReader().read(
      sent(new ColumnWriter(), { rows, dropped: {} }),
    );
    const wanted = linesOf(writingRows(rows));
    assert.equal(wanted.lines.split('\n').length, rows.length + 1);
    assert.deepEqual(linesOf(writing), wanted);
    assert.deepEqual(linesOf(writingRows(read)), wanted);
  });

  it('that can be no line are told with what is wrong, the others stand', () => {
    const hostile = ['', '+1', '1,x=2', '1 2\nm v=1', '1e999', 'NaN', '0x1'];
    const rows = hostile.flatMap((price, i) => [
      row(i, { ...full, price: text(price) }),
      row(100 + i, { ...full, ask: text(price) }),
      row(200 + i, full),
    ]);
    rows.push(row(300, { volume: Number.NaN }), row(301, { exchangeTimeMs: 0.5 }));
    const { writing } = new ColumnReader().read(sent(new ColumnWriter(), { rows, dropped: {} }));
    const got = linesOf(writing);
    assert.equal(got.refused.length, 2 * hostile.length + 2);
    assert.deepEqual(got, linesOf(writingRows(rows)));
  });

  it('forget the names when somebody sends new ones without end', () => {
    const writer = new ColumnWriter();
    const reader = new ColumnReader();
    for (let poll = 0; poll < 5; poll += 1) {
      const rows = Array.from({ length: 30_000 }, (_, i) => row(poll * 30_000 + i));
      const columns = writer.write({ rows, dropped: {} });
      assert.equal(columns.fresh, poll === 3);
      assert.deepEqual(reader.read(columns).rows.at(-1), rows.at(-1));
    }
  });
});
