import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { askedGaps, listBackfills } from '../../registry/backfill-progress.ts';
import {
  type BackfillMarket,
  cancelBackfill,
  claimPart,
  closeBackfills,
  failAdapter,
  failPart,
  heldAdapters,
  type NewBackfill,
  openAdapters,
  openBackfill,
  releaseParts,
  savePart,
} from '../../registry/backfills.ts';
import type { Database } from '../../registry/database.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const MINUTE_MS = 60_000;
const FROM = Date.UTC(2026, 9, 1);
const range = { fromMs: FROM, toMs: FROM + 60 * MINUTE_MS };
const KRAKEN = { adapter: 'kraken' };
const ME = { owner: 'me', leaseMs: 60_000 };
const OTHER = { owner: 'other', leaseMs: 60_000 };

const market = (pair: string, exchange = 'kraken'): BackfillMarket => ({
  ...{ adapter: exchange, exchange, symbol: pair.toUpperCase(), pair, range, stepMs: MINUTE_MS },
  ...{ base: pair.slice(0, 3), quote: pair.slice(3) },
});
const wanted = (more: Partial<NewBackfill> = {}): NewBackfill => ({
  ...{
    key: 'k',
    cause: 'request',
    range,
    notes: [],
    markets: [market('btcusd'), market('ethusd')],
  },
  ...more,
});
const progress = (minutes: number, more: object = {}) => ({
  ...{ ...ME, doneUntilMs: FROM + minutes * MINUTE_MS, carry: '1.50' },
  ...{ requests: 1, candles: 10, rows: 9 },
  ...more,
});

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });

  describe('a backfill', () => {
    it('gives its markets out in their order, with where they stand', async () => {
      const { id, resumed } = await openBackfill(database, wanted());
      assert.equal(resumed, false);
      assert.deepEqual(await openAdapters(database), ['kraken']);
      const part = (await claimPart(database, KRAKEN, ME))!;
      assert.deepEqual(part, {
        ...{ backfill: id, adapter: 'kraken', exchange: 'kraken', symbol: 'BTCUSD' },
        ...{ base: 'btc', quote: 'usd', pair: 'btcusd', stepMs: MINUTE_MS },
        ...{ toMs: range.toMs, doneUntilMs: FROM, carry: null },
      });
      assert.equal(await savePart(database, part, progress(60)), true);
      assert.equal((await claimPart(database, KRAKEN, ME))!.symbol, 'ETHUSD');
    });

    it('goes on where it was left, also by another process once the lease is given back', async () => {
      await openBackfill(database, wanted());
      const part = (await claimPart(database, KRAKEN, ME))!;
      assert.equal(await savePart(database, part, progress(20)), true);
      assert.equal(await claimPart(database, KRAKEN, OTHER), undefined, 'one process at a time');
      await releaseParts(database, ME.owner);
      const next = (await claimPart(database, KRAKEN, OTHER))!;
      assert.equal(next.doneUntilMs, FROM + 20 * MINUTE_MS);
      assert.equal(next.carry, '1.50');
      assert.equal(
        await savePart(database, part, progress(30)),
        false,
        'a stale worker is refused',
      );
      assert.equal((await claimPart(database, KRAKEN, OTHER))!.doneUntilMs, next.doneUntilMs);
    });

    it('is reclaimed from a worker that died, and its late word is refused', async () => {
      await openBackfill(database, wanted());
      const { id } = (await listBackfills(database, { limit: 1 }))[0]!;
      const part = (await claimPart(database, KRAKEN, { ...ME, leaseMs: -1 }))!;
      assert.deepEqual(await heldAdapters(database, id), []);
      const late = progress(10, { leaseMs: -1 });
      assert.equal(await savePart(database, part, late), true, 'nobody else has it yet');
      assert.ok(await claimPart(database, KRAKEN, OTHER));
      assert.deepEqual(await heldAdapters(database, id), ['kraken']);
      assert.equal(await savePart(database, part, progress(30)), false);
      await releaseParts(database);
      assert.deepEqual(await heldAdapters(database, id), []);
    });

    it('is given to one of many that ask at once', async () => {
      await openBackfill(database, wanted());
      const second = await fixture.another(database);
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          claimPart(n % 2 ? database : second, KRAKEN, { owner: `w${n}`, leaseMs: 60_000 }),
        ),
      );
      assert.equal(claims.filter((part) => part !== undefined).length, 1);
    });

    it('asked again while it is open goes on, to the new end, failed markets anew', async () => {
      const first = await openBackfill(database, wanted());
      const part = (await claimPart(database, KRAKEN, ME))!;
      await savePart(database, part, progress(60));
      const other = (await claimPart(database, KRAKEN, ME))!;
      await failPart(database, other, 'no such symbol');
      const later = { ...range, toMs: range.toMs + 10 * MINUTE_MS };
      const markets = wanted().markets.map((one) => ({ ...one, range: later }));
      const again = await openBackfill(database, wanted({ range: later, markets }));
      assert.deepEqual(again, { id: first.id, resumed: true });
      const next = (await claimPart(database, KRAKEN, ME))!;
      assert.equal(next.symbol, 'BTCUSD');
      assert.equal(next.doneUntilMs, range.toMs);
      assert.equal(next.toMs, later.toMs);
      const [shown] = await listBackfills(database, { limit: 1 });
      assert.equal(shown!.lanes[0]!.failed, 0);
      assert.equal(shown!.toMs, later.toMs);
    });

    it('takes turns with others, so that a small one does not wait for a large one', async () => {
      const many = ['aaausd', 'bbbusd', 'cccusd'].map((pair) => market(pair));
      await openBackfill(database, wanted({ key: 'large', markets: many }));
      await openBackfill(database, wanted({ key: 'small', markets: [market('zzzusd')] }));
      const order: string[] = [];
      for (let part = await claimPart(database, KRAKEN, ME); part; ) {
        order.push(part.pair);
        await savePart(database, part, progress(60));
        part = await claimPart(database, KRAKEN, ME);
      }
      assert.deepEqual(order, ['zzzusd', 'aaausd', 'bbbusd', 'cccusd']);
    });

    it('can be worked on alone', async () => {
      await openBackfill(database, wanted({ key: 'large' }));
      const one = wanted({ key: 'small', markets: [market('zzzusd'), market('yyyusd')] });
      const { id: backfill } = await openBackfill(database, one);
      assert.deepEqual(await openAdapters(database, backfill + 1), []);
      const part = (await claimPart(database, { ...KRAKEN, backfill }, ME))!;
      assert.equal(part.backfill, backfill);
      assert.equal(await failAdapter(database, { ...KRAKEN, backfill }, 'down'), 2);
      assert.equal(await claimPart(database, { ...KRAKEN, backfill }, ME), undefined);
      assert.ok(await claimPart(database, KRAKEN, ME));
    });

    it('tells how far it is, by exchange', async () => {
      const markets = [market('btcusd'), market('ethusd'), market('btcusd', 'okx')];
      const { id } = await openBackfill(database, wanted({ markets, notes: ['a note'] }));
      const part = (await claimPart(database, KRAKEN, ME))!;
      await savePart(database, part, progress(15));
      await savePart(database, part, progress(30));
      await failAdapter(database, { adapter: 'okx' }, 'forbidden: status 451');
      const [shown] = await listBackfills(database, { id, limit: 1 });
      const { createdMs, ...rest } = shown!;
      assert.ok(createdMs > FROM);
      const none = { requests: 0, candles: 0, rows: 0 };
      assert.deepEqual(rest, {
        ...{ id, cause: 'request', state: 'open', ...range, notes: ['a note'], finishedMs: null },
        lanes: [
          {
            ...{ backfill: id, exchange: 'kraken', adapter: 'kraken', markets: 2, done: 0 },
            ...{ failed: 0, minutes: 120, minutesDone: 30, error: null },
            ...{ requests: 2, candles: 20, rows: 18 },
          },
          {
            ...{ backfill: id, exchange: 'okx', adapter: 'okx', markets: 1, done: 0, failed: 1 },
            ...{ minutes: 60, minutesDone: 0, error: 'forbidden: status 451', ...none },
          },
        ],
      });
      assert.deepEqual(await listBackfills(database, { before: id, limit: 9 }), []);
    });

    it('is closed when nothing is left of it, once', async () => {
      const { id } = await openBackfill(database, wanted());
      assert.deepEqual(await closeBackfills(database), []);
      await failAdapter(database, KRAKEN, 'gone');
      assert.deepEqual(await closeBackfills(database), [id]);
      assert.deepEqual(await closeBackfills(database), []);
      const again = await openBackfill(database, wanted());
      assert.notEqual(again.id, id, 'a closed one is not gone on with');
    });

    it('can be given up; who works on it is told at the next page', async () => {
      const { id } = await openBackfill(database, wanted());
      const part = (await claimPart(database, KRAKEN, ME))!;
      assert.equal(await cancelBackfill(database, id), true);
      assert.equal(await cancelBackfill(database, id), false);
      assert.equal(await savePart(database, part, progress(20)), false);
      assert.deepEqual(await openAdapters(database), []);
      assert.equal((await listBackfills(database, { id, limit: 1 }))[0]!.state, 'cancelled');
    });

    it('of a gap is remembered, unless a market of it failed', async () => {
      const gap = wanted({ cause: 'gap', key: 'gap kraken' });
      await openBackfill(database, gap);
      await openBackfill(database, wanted());
      const asked = await askedGaps(database, 'kraken', FROM);
      assert.deepEqual(asked, [{ ...range, open: true }]);
      assert.deepEqual(await askedGaps(database, 'kraken', range.toMs), []);
      assert.deepEqual(await askedGaps(database, 'okx', FROM), []);
      await failAdapter(database, KRAKEN, 'down');
      await closeBackfills(database);
      assert.deepEqual(await askedGaps(database, 'kraken', FROM), []);
    });

    it('takes the markets of every exchange at once', async () => {
      const markets = Array.from({ length: 13_827 }, (_, n) => market(`c${n}usd`, `ex${n % 18}`));
      await openBackfill(database, wanted({ markets }));
      const [shown] = await listBackfills(database, { limit: 1 });
      assert.equal(shown!.lanes.length, 18);
      assert.equal(
        shown!.lanes.reduce((sum, lane) => sum + lane.markets, 0),
        13_827,
      );
    });
  });
});
