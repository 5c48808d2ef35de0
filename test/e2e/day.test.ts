/**
 * A day of trouble: every exchange of the list at its real paths, polled each minute for 1,440
 * minutes by the real ingest over real HTTP, with everything going wrong that is known to go wrong.
 * Each point is held against what the market said at that moment; nothing else may be stored.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createHttp, type HttpClient } from '../../core/http.ts';
import { silentLog } from '../../core/log.ts';
import { chance, hashOf } from '../../demo/noise.ts';
import { exchanges } from '../../ingest/prices/exchanges/list.ts';
import { type Prices, startPrices } from '../../ingest/prices/start.ts';
import { phaseOf } from '../../ingest/slots.ts';
import type { Database } from '../../registry/database.ts';
import { ensureMarkets } from '../../registry/markets.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPGlite } from '../../registry/pglite.ts';
import { ManualClock } from '../helpers/clock.ts';
import { DayLedger } from '../helpers/day-ledger.ts';
import { FAULTS, type Fault } from '../helpers/faults.ts';
import {
  type Event,
  type FaultyMarket,
  type Schedule,
  startFaultyMarket,
} from '../helpers/faulty-market.ts';

const MINUTE_MS = 60_000;
const DAY_SLOTS = 1_440;
const START_MS = Date.UTC(2026, 0, 5);
const DEADLINE_MS = 10_000;
const PAIRS = 10;
const SEED = 11;
/** Of all slots, those with a fault, and those with one odd price in a good answer. */
const FAULTY = 0.14;
const ODD = 0.2;
/** This exchange has less than half of its markets for 40 minutes: then it is believed. */
const SHRINKING = 'okx';
const SHRINKS_AT = 600;
const SHRINKS_FOR = 40;
const RENAME_SLOT = 420;
/** Lists are renewed each hour; in these hours they are in trouble for twelve minutes. */
const LIST_HOURS = [3, 5, 11, 15, 20];

const ids = exchanges.map(({ id }) => id);

/** From 0 to 1, the same for the same exchange, slot and purpose. */
const dice = (id: string, slot: number, what: string): number =>
  chance(hashOf(`${id} ${what}`), slot);

function faultOf(roll: number): Fault | undefined {
  const total = FAULTS.reduce((sum, { weight }) => sum + weight, 0);
  let left = roll * total;
  return FAULTS.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}

const schedule: Schedule = {
  renamedAt: (id) => RENAME_SLOT + Math.floor(40 * dice(id, 0, 'rename')),
  event(id, slot): Event {
    if (slot === 0) return undefined;
    if (id === SHRINKING && slot >= SHRINKS_AT && slot <= SHRINKS_AT + SHRINKS_FOR) {
      return slot < SHRINKS_AT + SHRINKS_FOR ? 'shrunken' : undefined;
    }
    // A poll that fails may cut off the request for the list beside it: nobody could tell then
    // which names the client knows.
    const renamedAt = schedule.renamedAt(id);
    if (slot >= renamedAt && slot < renamedAt + 75) return undefined;
    const roll = dice(id, slot, 'event');
    if (roll < 0.01) return 'shrunken';
    if (roll < 0.02) return 'empty';
    if (roll < FAULTY) return faultOf(dice(id, slot, 'fault'));
    return roll < FAULTY + ODD ? 'odd' : undefined;
  },
  list(id, slot) {
    if (!LIST_HOURS.includes(Math.floor(slot / 60)) || slot % 60 >= 12) return undefined;
    // Without a pause: that would be the poll's trouble too.
    const faults = FAULTS.filter(({ name }) => /page|cut|shape|500|reset|404/.test(name));
    const roll = dice(id, slot, 'list');
    return roll < 0.3 ? 'shrunken' : faults[Math.floor(dice(id, slot, 'which') * faults.length)];
  },
};

describe('a day of eighteen exchanges in trouble', () => {
  const clock = new ManualClock(START_MS);
  let market: FaultyMarket;
  let http: HttpClient;
  let database: Database;
  let prices: Prices;
  let dir: string;
  let ledger: DayLedger;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-day-'));
    database = await openPGlite({ dir, log: silentLog });
    await migrate(database);
    const options = { adapters: exchanges, schedule, clock, startMs: START_MS };
    market = await startFaultyMarket({ ...options, seed: SEED, pairsPerExchange: PAIRS });
    http = createHttp({ clock, version: '1' });
    ledger = new DayLedger(market, START_MS);
    const lanes = exchanges.map((adapter) => ({
      adapter,
      baseUrl: market.urls[adapter.id] ?? '',
      intervalMs: MINUTE_MS,
      mode: 'poll' as const,
    }));
    prices = startPrices({
      choices: { lanes, offPairs: new Set() },
      http,
      sink: ledger,
      ensureMarkets: (exchange, list) => ensureMarkets(database, exchange, list),
      saveState: async () => {},
      clock,
      timer: clock.timer,
      log: silentLog,
      metrics: ledger.metrics,
      deadlineMs: DEADLINE_MS,
    });
    for (let slot = 0; slot < DAY_SLOTS; slot += 1) await playSlot(slot);
    await prices.close();
  });

  after(async () => {
    await prices?.close();
    await http?.close();
    await market?.close();
    await database?.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** Waits for sockets, which no clock moves. */
  const until = async (what: () => boolean) => {
    while (!what()) await new Promise(setImmediate);
  };

  /** One slot: every exchange has its turn at its own moment, and is done before the next one's. */
  async function playSlot(slot: number): Promise<void> {
    const slotMs = START_MS + slot * MINUTE_MS;
    const isDone = (id: string) => ledger.turns(id) > slot;
    const hangs = (id: string) =>
      market.last(id)?.slot === slot && market.last(id)?.outcome === 'deadline';
    // The first slot begins for all of them at once, when the ingest starts.
    const order = ids.map((id) => ({ id, phaseMs: slot === 0 ? 0 : phaseOf(id, MINUTE_MS) }));
    for (const { id, phaseMs } of order.sort((left, right) => left.phaseMs - right.phaseMs)) {
      await clock.advance(Math.max(0, slotMs + phaseMs - clock.nowMs()));
      await until(() => isDone(id) || hangs(id));
    }
    await clock.advance(slotMs + 20_000 - clock.nowMs());
    await until(() => ids.every(isDone));
    ledger.endSlot(slot, ids);
    await clock.advance(slotMs + MINUTE_MS - 1 - clock.nowMs());
  }

  it('stores exactly what each market said, to the last digit, and nothing of a bad answer', () => {
    assert.deepEqual(ledger.wrong, []);
    assert.ok(ledger.points > 0.75 * DAY_SLOTS * PAIRS * ids.length, `${ledger.points} points`);
  });

  it('counts every poll: well, or refused by the reason that was injected', () => {
    for (const id of ids) {
      assert.deepEqual(ledger.polled(id), ledger.told(id), id);
      const polls = ledger.told(id).reduce((sum, [, count]) => sum + count, 0);
      assert.equal(polls, market.polls(id));
      assert.equal(polls + ledger.paused(id), DAY_SLOTS);
    }
  });

  it('met every kind of trouble there is', () => {
    const met = ledger.whatHappened();
    for (const { name } of FAULTS)
      assert.ok((met.get(name) ?? 0) >= 10, `${name}: ${met.get(name)}`);
    for (const what of ['good', 'shrunken', 'empty', 'a name that is gone']) {
      assert.ok((met.get(what) ?? 0) > 0, what);
    }
    assert.ok(market.listFaults() > 50, `${market.listFaults()} lists`);
  });

  it('leaves a host alone for as long as it asks, and no other', () => {
    // Each slot of each exchange was polled or lies within a pause that this exchange asked for.
    assert.ok(ids.some((id) => ledger.paused(id) > 0));
    assert.deepEqual(ledger.wrongPauses, []);
  });

  it('follows a renamed market under its new name, within the age of a list', () => {
    for (const id of ids) {
      // That nothing went on under the old name is part of what is checked of every point.
      const late = ledger.firstNew(id) - schedule.renamedAt(id);
      assert.ok(late >= 0 && late <= 66, `${id} came back after ${late} minutes`);
    }
  });

  it('believes an exchange that stays small for half an hour, not before', () => {
    const slots = ledger.slotsOf(SHRINKING).filter((slot) => slot >= SHRINKS_AT);
    assert.equal(slots[0], SHRINKS_AT + 30);
  });

  it('leaves a trace of every slot, also of those without prices', () => {
    for (const id of ids) assert.deepEqual(ledger.traces(id), ledger.wantedTraces(id));
  });
});
