import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Point } from '../../../../core/point.ts';
import type { Candle, TimeRange } from '../../../../ingest/prices/adapter.ts';
import { MINUTE_MS } from '../../../../ingest/prices/backfill/minutes.ts';
import {
  fillPart,
  type PageProgress,
  type PartDeps,
} from '../../../../ingest/prices/backfill/part.ts';
import { Refusal } from '../../../../ingest/prices/refusal.ts';
import type { BackfillPart } from '../../../../registry/backfills.ts';

const FROM = Date.UTC(2026, 9, 1, 12);
const at = (minute: number): number => FROM + minute * MINUTE_MS;

const candle = (startMs: number, price: string): Candle => {
  const text = { floatText: price };
  return { startMs, open: text, high: text, low: text, close: text };
};

/** A market that trades at every minute that `trades` names, at the minute's own number. */
class Scene {
  readonly asked: TimeRange[] = [];
  readonly points = new Map<number, string>();
  readonly saved: PageProgress[] = [];
  readonly filled: TimeRange[] = [];
  accepted = 0;
  nowMs = at(100_000);
  depthMs: number | undefined;
  pageRowsMax = 100;
  trades: (minute: number) => boolean = () => true;
  answer: (range: TimeRange) => readonly Candle[] = (range) => this.candles(range);
  save: (progress: PageProgress) => boolean = () => true;

  candles({ fromMs, toMs }: TimeRange): Candle[] {
    const found: Candle[] = [];
    for (let ms = fromMs; ms < toMs; ms += MINUTE_MS) {
      const minute = (ms - FROM) / MINUTE_MS;
      if (this.trades(minute)) found.push(candle(ms, `${minute + 1}.5`));
    }
    return found.reverse();
  }

  store(minute: number, price: number): void {
    this.points.set(at(minute), String(price));
  }

  part(minutes: number, more: Partial<BackfillPart> = {}): BackfillPart {
    return {
      ...{ backfill: 1, adapter: 'x', exchange: 'x', symbol: 'BTCUSD', base: 'btc', quote: 'usd' },
      ...{ pair: 'btcusd', stepMs: MINUTE_MS, toMs: at(minutes), doneUntilMs: FROM, carry: null },
      ...more,
    };
  }

  run(part: BackfillPart): Promise<void> {
    const deps: PartDeps = {
      candles: {
        pageRowsMax: this.pageRowsMax,
        ...(this.depthMs !== undefined && { depthMs: this.depthMs }),
      },
      stored: {
        market: async (_market, range) => {
          const inside = [...this.points].filter(([ms]) => ms >= range.fromMs && ms < range.toMs);
          return new Map(inside.map(([ms, price]) => [ms, Number(price)]));
        },
      },
      sink: {
        accept: async (points) => {
          this.accepted += points.length;
          for (const point of points) this.keep(point);
        },
      },
      nowMs: () => this.nowMs,
      ask: async (_market, range) => {
        this.asked.push(range);
        return this.answer(range);
      },
      onFilled: async (range) => void this.filled.push(range),
      save: async (progress) => {
        this.saved.push(progress);
        return this.save(progress);
      },
    };
    return fillPart(part, deps);
  }

  keep({ fields, timeNs, tags }: Point): void {
    assert.deepEqual(tags, { exchange: 'x', pair: 'btcusd' });
    assert.equal(fields.backfilled, true);
    assert.deepEqual(Object.keys(fields), ['price', 'backfilled']);
    const price = fields.price as number | { floatText: string };
    const ms = Number(timeNs / 1_000_000n);
    assert.ok(!this.points.has(ms), 'a point is never written twice');
    this.points.set(ms, typeof price === 'number' ? String(price) : price.floatText);
  }

  /** Minutes asked for, `from-to` half open, as candles begin. */
  get pages(): string[] {
    return this.asked.map(({ fromMs, toMs }) => {
      return `${(fromMs - FROM) / MINUTE_MS}-${(toMs - FROM) / MINUTE_MS}`;
    });
  }
}

describe('a market', () => {
  it('is filled page by page, the oldest first, and done to its end', async () => {
    const scene = new Scene();
    await scene.run(scene.part(250));
    assert.deepEqual(scene.pages, ['-1-99', '99-199', '199-249']);
    assert.equal(scene.points.size, 250);
    assert.equal(scene.points.get(at(7)), '7.5');
    assert.deepEqual(
      scene.saved.map(({ doneUntilMs }) => doneUntilMs),
      [at(100), at(200), at(250)],
    );
    assert.deepEqual(scene.saved.at(-1), {
      ...{ doneUntilMs: at(250), carry: '249.5', requests: 1, candles: 50, rows: 50 },
    });
    assert.deepEqual(scene.filled[0], { fromMs: at(0), toMs: at(100) });
  });

  it('asks for its gaps alone, and for nothing when there is none', async () => {
    const scene = new Scene();
    for (let minute = 0; minute < 250; minute += 1) {
      if (minute < 30 || (minute > 40 && minute !== 200)) scene.store(minute, 7);
    }
    await scene.run(scene.part(250));
    // 100 minutes from the first gap on, cut behind their last one; then the one that is left.
    assert.deepEqual(scene.pages, ['29-40', '199-200']);
    assert.equal(scene.accepted, 12);
    const again = new Scene();
    for (const [ms, price] of scene.points) again.points.set(ms, price);
    await again.run(again.part(250));
    assert.deepEqual(again.pages, []);
    assert.deepEqual(again.saved.at(-1)?.doneUntilMs, at(250));
  });

  it('repeats the price before a silent gap, over the ends of pages too', async () => {
    const scene = new Scene();
    scene.trades = (minute) => minute === 150;
    scene.store(-1, 99.25);
    await scene.run(scene.part(250));
    assert.equal(scene.points.get(at(0)), '99.25');
    assert.equal(scene.points.get(at(150)), '99.25');
    assert.equal(scene.points.get(at(151)), '151.5');
    assert.equal(scene.points.get(at(249)), '151.5');
  });

  it('takes no price from before a hole that nobody filled', async () => {
    const scene = new Scene();
    scene.trades = (minute) => minute >= 5;
    scene.store(-2, 99.25);
    await scene.run(scene.part(10));
    assert.deepEqual([...scene.points.keys()].sort()[1], at(6), 'nothing before the first trade');
  });

  it('goes on from where it was left, with the price it had', async () => {
    const scene = new Scene();
    scene.trades = () => false;
    await scene.run(scene.part(250, { doneUntilMs: at(200), carry: '42.50' }));
    assert.deepEqual(scene.pages, ['199-249']);
    assert.equal(scene.points.size, 50);
    assert.equal(scene.points.get(at(249)), '42.50');
  });

  it('killed after any step and run again is what one run gives', async () => {
    const whole = new Scene();
    whole.trades = (minute) => minute % 7 === 3;
    whole.store(120, 1.25);
    await whole.run(whole.part(250));
    for (let kills = 1; kills <= 3; kills += 1) {
      const scene = new Scene();
      scene.trades = whole.trades;
      scene.store(120, 1.25);
      let part = scene.part(250);
      let left = kills;
      // The points of the page are durable, the note about it is not.
      scene.save = () => {
        left -= 1;
        if (left === 0) throw new Error('killed');
        return true;
      };
      await assert.rejects(scene.run(part), /killed/);
      const known = scene.saved.at(-2);
      if (known) part = { ...part, doneUntilMs: known.doneUntilMs, carry: known.carry };
      scene.save = () => true;
      await scene.run(part);
      const sorted = (points: Map<number, string>) => [...points].sort(([a], [b]) => a - b);
      assert.deepEqual(sorted(scene.points), sorted(whole.points));
    }
  });

  it('stops at once when it is no longer its worker', async () => {
    const scene = new Scene();
    scene.save = () => false;
    await scene.run(scene.part(250));
    assert.equal(scene.asked.length, 1);
  });

  it('passes over what the exchange has no more, and carries no price over it', async () => {
    const scene = new Scene();
    scene.depthMs = 100 * MINUTE_MS;
    scene.nowMs = at(250);
    scene.trades = (minute) => minute >= 200;
    scene.store(-1, 99.25);
    await scene.run(scene.part(250));
    assert.deepEqual(scene.pages, ['152-249']);
    assert.equal(Math.min(...[...scene.points.keys()].filter((ms) => ms >= FROM)), at(201));
    const late = new Scene();
    late.depthMs = 100 * MINUTE_MS;
    late.nowMs = at(1_000);
    await late.run(late.part(250));
    assert.deepEqual(late.pages, []);
    assert.equal(late.saved.at(-1)?.doneUntilMs, at(250));
  });

  it('ends with an exchange that sends the same page for ever', async () => {
    const scene = new Scene();
    const newest = scene.candles({ fromMs: at(9_900), toMs: at(10_000) });
    scene.answer = () => newest;
    await scene.run(scene.part(1_000));
    assert.equal(scene.asked.length, 10);
    assert.equal(scene.points.size, 0);
  });

  it('fills slots of a longer interval alone, with all their minutes asked for', async () => {
    const scene = new Scene();
    scene.trades = (minute) => minute === 13;
    scene.store(-5, 3);
    await scene.run(scene.part(60, { stepMs: 5 * MINUTE_MS }));
    assert.deepEqual(scene.pages, ['-5-55']);
    assert.equal(scene.accepted, 12);
    assert.equal(scene.points.get(at(10)), '3');
    assert.equal(scene.points.get(at(15)), '14.5');
  });

  it('counts nothing as done that was refused or not stored', async () => {
    const scene = new Scene();
    scene.answer = (range) => {
      if (scene.asked.length > 1) throw new Refusal('rate-limited', 'slow down', { pauseMs: 1 });
      return scene.candles(range);
    };
    await assert.rejects(scene.run(scene.part(250)), /slow down/);
    assert.equal(scene.saved.at(-1)?.doneUntilMs, at(100));
  });
});
