import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Candle } from '../../../../ingest/prices/adapter.ts';
import { fillPage, type Page, type Price } from '../../../../ingest/prices/backfill/fill.ts';
import {
  candleRange,
  ceilTo,
  fillStepMs,
  floorTo,
  MINUTE_MS,
  missingSlots,
  overlap,
} from '../../../../ingest/prices/backfill/minutes.ts';

const FROM = Date.UTC(2026, 9, 1, 12);
const at = (minute: number): number => FROM + minute * MINUTE_MS;
const text = (floatText: string) => ({ floatText });

/** The candle that closes at a minute. */
const closing = (minute: number, close: string): Candle => ({
  startMs: at(minute - 1),
  ...{ open: text(close), high: text(close), low: text(close), close: text(close) },
});
const page = (more: Partial<Page> & { minutes: number }): Page => ({
  slots: { fromMs: FROM, toMs: at(more.minutes) },
  ...{ stepMs: MINUTE_MS, candles: [], stored: new Map(), before: undefined },
  ...more,
});
/** `minute=price` of each filled slot. */
const filled = (wanted: Page): string[] =>
  fillPage(wanted).slots.map(({ slotMs, price }) => {
    return `${(slotMs - FROM) / MINUTE_MS}=${textOf(price)}`;
  });
const textOf = (price: Price | undefined) =>
  typeof price === 'object' ? price.floatText : String(price);

describe('minutes', () => {
  it('a step is every whole minute that is a slot of the interval', () => {
    const steps = [1_000, 7_000, 10_000, 60_000, 90_000, 300_000, 3_600_000].map(fillStepMs);
    assert.deepEqual(
      steps.map((ms) => ms / MINUTE_MS),
      [1, 7, 1, 1, 3, 5, 60],
    );
  });

  it('missing slots are multiples of the step inside of the range', () => {
    const range = { fromMs: at(1), toMs: at(12) };
    assert.deepEqual(
      missingSlots(range, 5 * MINUTE_MS, () => false),
      [at(5), at(10)],
    );
    assert.deepEqual(
      missingSlots(range, MINUTE_MS, (slot) => slot !== at(3)),
      [at(3)],
    );
    assert.deepEqual(
      missingSlots({ fromMs: at(1), toMs: at(1) }, MINUTE_MS, () => false),
      [],
    );
  });

  it('a slot needs the candles since the slot before it', () => {
    const slots = { fromMs: at(5), toMs: at(6) };
    assert.deepEqual(candleRange(slots, MINUTE_MS), { fromMs: at(4), toMs: at(5) });
    assert.deepEqual(candleRange(slots, 5 * MINUTE_MS), { fromMs: at(0), toMs: at(5) });
  });

  it('ranges and multiples', () => {
    assert.deepEqual(overlap({ fromMs: 1, toMs: 5 }, { fromMs: 3, toMs: 9 }), {
      fromMs: 3,
      toMs: 5,
    });
    assert.equal(overlap({ fromMs: 1, toMs: 3 }, { fromMs: 3, toMs: 9 }), undefined);
    assert.equal(floorTo(at(1) + 59_999, MINUTE_MS), at(1));
    assert.equal(ceilTo(at(1) + 1, MINUTE_MS), at(2));
  });
});

describe('a page', () => {
  it('becomes the close of each minute at the slot that ends it', () => {
    const candles = [closing(2, '12.50'), closing(0, '10'), closing(1, '1e-8')];
    assert.deepEqual(filled(page({ minutes: 3, candles })), ['0=10', '1=1e-8', '2=12.50']);
  });

  it('repeats the last price over silent minutes, as a poll would have', () => {
    const candles = [closing(1, '11'), closing(4, '14')];
    const silent = page({ minutes: 6, candles, before: 9 });
    assert.deepEqual(filled(silent), ['0=9', '1=11', '2=11', '3=11', '4=14', '5=14']);
    assert.equal(textOf(fillPage(silent).last), '14');
  });

  it('makes nothing up before the first price that is known', () => {
    assert.deepEqual(filled(page({ minutes: 4, candles: [closing(2, '12')] })), ['2=12', '3=12']);
    assert.deepEqual(filled(page({ minutes: 4 })), []);
  });

  it('knows the last price from a candle before the range, where the exchange sends one', () => {
    const candles = [closing(-7, '3'), closing(-3, '5'), closing(2, '12')];
    assert.deepEqual(filled(page({ minutes: 3, candles })), ['0=5', '1=5', '2=12']);
  });

  it('never writes a slot that has a point, and goes on from its price', () => {
    const stored = new Map([
      [at(1), 11.5],
      [at(2), 12.5],
    ]);
    const candles = [closing(0, '10'), closing(1, '11'), closing(2, '12')];
    assert.deepEqual(filled(page({ minutes: 5, candles, stored })), ['0=10', '3=12.5', '4=12.5']);
  });

  it('takes no part in minutes that are no slot, but their trades count', () => {
    const slots = { fromMs: at(5), toMs: at(11) };
    const stepMs = 5 * MINUTE_MS;
    const candles = [closing(1, '1'), closing(3, '3'), closing(9, '9')];
    const found = fillPage({ slots, stepMs, candles, stored: new Map(), before: 7 });
    assert.deepEqual(
      found.slots.map(({ slotMs, price }) => [slotMs, textOf(price)]),
      [
        [at(5), '3'],
        [at(10), '9'],
      ],
    );
  });

  it('leaves out candles behind the range, the open one among them', () => {
    const candles = [closing(0, '10'), closing(2, '12'), closing(3, '13')];
    assert.deepEqual(filled(page({ minutes: 2, candles })), ['0=10', '1=10']);
  });

  it('believes no silence where the answer knows later minutes alone', () => {
    const beyond = page({ minutes: 3, candles: [closing(90, '1'), closing(91, '2')], before: 9 });
    assert.deepEqual(filled(beyond), []);
    assert.equal(fillPage(beyond).last, undefined);
    const endCounted = page({ minutes: 2, candles: [closing(2, '5')], before: 9 });
    assert.deepEqual(filled(endCounted), ['0=9', '1=9']);
  });
});
