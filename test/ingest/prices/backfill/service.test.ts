/** Backfills on every engine, against a made-up exchange on loopback. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../../../core/clock.ts';
import { silentLog } from '../../../../core/log.ts';
import { type FieldValue, msToNs } from '../../../../core/point.ts';
import type { BackfillView } from '../../../../ingest/prices/backfill/desk.ts';
import { createGapFill } from '../../../../ingest/prices/backfill/fill-gaps.ts';
import { floorTo, MINUTE_MS } from '../../../../ingest/prices/backfill/minutes.ts';
import { createStoredPrices } from '../../../../ingest/prices/backfill/stored.ts';
import { type Engine, forEachEngine } from '../../../helpers/engines.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { startToy, type Toy, toyAdapter, toyClose, toyTrades } from './toy.ts';

const HOUR_MS = 60 * MINUTE_MS;

forEachEngine((name, start) => {
  describe(`backfills on ${name}`, () => {
    let engine: Engine;
    let toy: Toy;
    /** An hour of its own for each test, so that they share an engine. */
    let fromMs = floorTo(Date.now() - 20 * HOUR_MS, HOUR_MS);
    let toMs = fromMs + HOUR_MS;

    before(async () => {
      engine = await start();
      toy = await startToy(engine);
    });
    after(async () => {
      await toy?.close();
      await engine?.stop();
    });
    beforeEach(() => {
      fromMs = toMs + HOUR_MS;
      toMs = fromMs + HOUR_MS;
    });
    afterEach(() => toy.rest());

    const wish = (more: object = {}) => ({ exchanges: ['toy'], pairs: [], fromMs, toMs, ...more });
    const done = (id: number) =>
      eventually(async () => {
        const view = await toy.desk.get(id);
        assert.equal(view?.state, 'done');
        return view as BackfillView;
      });
    /** Every point of the hour as CSV, once InfluxDB has all that was accepted. */
    const stored = async (): Promise<string> => {
      await eventually(() => assert.equal(toy.writer.stats().spoolBytes, 0));
      const [start, stop] = [fromMs - HOUR_MS, toMs].map((ms) => new Date(ms).toISOString());
      const flux = `from(bucket: "${engine.bucket}")
        |> range(start: ${start}, stop: ${stop})
        |> filter(fn: (r) => r._measurement == "price" and r.exchange == "toy")
        |> keep(columns: ["_time", "_value", "_field", "pair"])`;
      let csv = '';
      for await (const chunk of toy.influx.queryCsv(flux)) csv += Buffer.from(chunk).toString();
      return csv;
    };
    const prices = async (pair: string): Promise<Map<number, number>> => {
      const range = { fromMs: fromMs - HOUR_MS, toMs };
      return createStoredPrices(toy.influx).market({ exchange: 'toy', pair }, range, MINUTE_MS);
    };
    const live = async (pair: string, minute: number, price: number) => {
      const fields: Record<string, FieldValue> = { price, bid: price, volume: 1 };
      const tags = { exchange: 'toy', pair };
      const timeNs = msToNs(fromMs + minute * MINUTE_MS);
      await toy.writer.accept([{ measurement: 'price', tags, fields, timeNs }]);
    };

    it('write what polls would have said, once, and never over a point of a poll', async () => {
      await live('ausd', -1, 5.25);
      await live('ausd', 10, 7.5);
      await eventually(() => assert.equal(toy.writer.stats().spoolBytes, 0));
      toy.work();
      const { id, markets, requests } = await toy.desk.open(wish());
      assert.deepEqual([markets, requests], [3, 3]);
      const view = await done(id);
      assert.equal(view.lanes[0]!.done, 3);
      const first = await stored();
      const found = await prices('ausd');
      let price = 5.25;
      for (let slot = fromMs; slot < toMs; slot += MINUTE_MS) {
        if (toyTrades(slot - MINUTE_MS)) price = Number(toyClose('a', slot - MINUTE_MS));
        if (slot === fromMs + 10 * MINUTE_MS) price = 7.5;
        assert.equal(found.get(slot), price, new Date(slot).toISOString());
      }
      const flags = first.split('\r\n').filter((line) => line.includes(',backfilled,'));
      assert.equal(flags.length, view.lanes[0]!.rows, 'each says so, no other');
      assert.ok(flags.every((line) => line.includes(',true,')));
      assert.equal(first.match(/,bid,/g)?.length, 2);

      const asked = toy.server.asked.length;
      const again = await toy.desk.open(wish());
      assert.notEqual(again.id, id);
      const second = await done(again.id);
      assert.deepEqual([second.lanes[0]!.rows, toy.server.asked.length], [0, asked]);
      assert.equal(await stored(), first);
    });

    it('wait when the exchange says slower, and polling with them; then go on', async () => {
      const seen: number[] = [];
      toy.server.fault = (nth) => {
        if (nth !== 2) return undefined;
        return { status: 429, body: {}, retryAfter: '0.2' };
      };
      toy.work();
      const begunMs = systemClock.nowMs();
      const { id } = await toy.desk.open(wish());
      await eventually(() => assert.ok(toy.pauses.get(toy.server.url)));
      seen.push(toy.pauses.get(toy.server.url)! - begunMs);
      const view = await done(id);
      assert.ok(seen[0]! >= 200);
      assert.equal(view.lanes[0]!.failed, 0);
      assert.equal(toy.server.asked.length, 4, 'the refused page is asked for once more');
      await stored();
      for (const pair of ['ausd', 'bbusd', 'cccusd']) assert.equal((await prices(pair)).size, 60);
    });

    it('leave out a market that cannot be had, and say why', async () => {
      toy.server.fault = (_nth, symbol) =>
        symbol === 'bb' ? { status: 400, body: { error: 'Unknown symbol' } } : undefined;
      toy.work();
      const { id } = await toy.desk.open(wish());
      const [lane] = (await done(id)).lanes;
      assert.deepEqual([lane!.done, lane!.failed], [2, 1]);
      assert.match(lane!.error ?? '', /status 400.*Unknown symbol/);
    });

    it('give an exchange up that forbids it, without asking for each market', async () => {
      toy.server.fault = () => ({ status: 451, body: 'not from here', retryAfter: '0.01' });
      toy.work();
      const { id } = await toy.desk.open(wish());
      assert.equal((await done(id)).lanes[0]!.failed, 3);
      assert.equal(toy.server.asked.length, 3);
    });

    it('stopped in the middle, by another worker go on to the same end', async () => {
      const first = toy.work();
      toy.server.fault = (nth) => {
        if (nth === 3) void first.close();
        return undefined;
      };
      const { id } = await toy.desk.open(wish());
      await eventually(() => assert.ok(toy.server.asked.length >= 3));
      await first.close();
      assert.equal((await toy.desk.get(id))!.state, 'open');
      toy.work();
      const view = await done(id);
      assert.equal(view.lanes[0]!.done, 3);
      assert.deepEqual(toy.server.asked, ['a 60', 'bb 60', 'ccc 60', 'ccc 60']);
      await stored();
      for (const pair of ['ausd', 'bbusd', 'cccusd']) assert.equal((await prices(pair)).size, 60);
    });

    it('of two processes, one at a time asks an exchange', async () => {
      let now = 0;
      let most = 0;
      const sink = {
        accept: async (points: Parameters<Toy['writer']['accept']>[0]) => {
          now += 1;
          most = Math.max(most, now);
          await toy.writer.accept(points);
          now -= 1;
        },
      };
      toy.work({ sink });
      toy.work({ sink });
      const { id } = await toy.desk.open(wish());
      await done(id);
      assert.equal(most, 1);
      assert.equal(toy.server.asked.length, 3);
    });

    it('fill what an exchange missed as a whole, the largest markets first', async () => {
      const adapter = toyAdapter();
      const told: object[] = [];
      const nowMs = fromMs + HOUR_MS;
      for (const [index, pair] of ['ausd', 'bbusd', 'cccusd'].entries()) {
        for (let minute = -60; minute < 60; minute += 1) {
          if (minute >= 20 && minute < 40) continue;
          const tags = { exchange: 'toy', pair };
          const fields = { price: 1.5, quote_volume: 10 ** index };
          const timeNs = msToNs(fromMs + minute * MINUTE_MS);
          await toy.writer.accept([{ measurement: 'price', tags, fields, timeNs }]);
        }
      }
      await eventually(() => assert.equal(toy.writer.stats().spoolBytes, 0));
      const fillGaps = createGapFill({
        ...{ database: toy.registry, log: { ...silentLog, info: (ids) => void told.push(ids) } },
        stored: createStoredPrices(toy.influx),
        polled: async () => [{ adapter, intervalMs: 10_000 }],
        offPairs: async () => new Set(['bbusd']),
        ...{ lookbackMs: HOUR_MS, retentionMs: 0, nowMs: () => nowMs },
      });
      await fillGaps();
      await fillGaps();
      assert.equal(told.length, 1, 'asked for once');
      toy.work();
      await eventually(async () => {
        assert.equal((await toy.desk.list({ limit: 5 }))[0]?.state, 'done');
      });
      assert.deepEqual(toy.server.asked, ['ccc 20', 'a 20']);
      await stored();
      assert.equal((await prices('ausd')).size, 120);
      assert.equal((await prices('bbusd')).size, 100);
      await fillGaps();
      const gaps = (await toy.desk.list({ limit: 50 })).filter(({ cause }) => cause === 'gap');
      assert.equal(gaps.length, 1, 'there is no gap any more');
    });
  });
});
