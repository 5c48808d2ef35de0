import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineEncoder } from '../../../core/line-protocol.ts';
import type { PriceRow } from '../../../ingest/prices/adapter.ts';
import { PointMaker, writingRows } from '../../../ingest/prices/points.ts';
import { SlotBatch, slotPoint } from '../../../ingest/prices/slot-points.ts';

const SLOT_MS = 60_000;
const outcome = { exchange: 'e', slotMs: SLOT_MS, lateMs: -3, tookMs: 1.5, ok: true };

const row = (n: number, price = `${n}.5`): PriceRow => ({
  ...{ exchange: 'e', symbol: `S${n}`, base: 'b', quote: 'q', pair: `p${n}` },
  price: { floatText: price },
});

function batchOf(rows: readonly PriceRow[]): SlotBatch {
  const tags = new Map(rows.map(({ symbol, pair }) => [symbol, pair]));
  const naming = { tags, isOff: () => false };
  const { points } = new PointMaker().make(writingRows(rows), naming, SLOT_MS);
  return new SlotBatch(points, slotPoint({ ...outcome, rows: points.length }));
}

function linesOf(batch: SlotBatch) {
  const encoder = new LineEncoder();
  const refused = Array.from({ length: batch.length }, (_, i) => i).filter(
    (i) => batch.addLine(encoder, i) !== undefined,
  );
  return { lines: encoder.take().toString(), refused };
}

describe('the prices of a slot and its own point', () => {
  it('are lines one behind the other, the slot last', () => {
    const { lines, refused } = linesOf(batchOf([row(1), row(2)]));
    assert.deepEqual(lines.split('\n'), [
      'price,exchange=e,pair=p1 price=1.5 60000000000',
      'price,exchange=e,pair=p2 price=2.5 60000000000',
      'ingest,exchange=e late_ms=0,took_ms=1.5,rows=2i,ok=true 60000000000',
      '',
    ]);
    assert.deepEqual(refused, []);
  });

  it('are the same as points, in any way of asking', () => {
    const batch = batchOf([row(1), row(2), row(3)]);
    const encoder = new LineEncoder();
    for (const point of batch) assert.equal(encoder.add(point), undefined);
    assert.equal(encoder.take().toString(), linesOf(batch).lines);
    assert.equal(batch.length, 4);
    assert.deepEqual(
      [...batch],
      Array.from({ length: 4 }, (_, i) => batch.pointAt(i)),
    );
  });

  it('stand without a price that can be no line, and without any', () => {
    const bad = linesOf(batchOf([row(1, '1e999'), row(2)]));
    assert.deepEqual(bad.refused, [0]);
    assert.equal(bad.lines.split('\n').length, 3);
    assert.match(linesOf(batchOf([])).lines, /^ingest,exchange=e .*rows=0i,ok=true 60000000000\n$/);
  });
});
