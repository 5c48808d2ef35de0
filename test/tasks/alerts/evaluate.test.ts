/** What rules have found becomes alerts: each step once, none left out, in few queries. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type AlertRule, canaryRule, thresholdRules } from '../../../core/alert-rules.ts';
import { TidemarkError } from '../../../core/errors.ts';
import { silentLog } from '../../../core/log.ts';
import { createMetrics } from '../../../core/metrics.ts';
import { seriesOf } from '../../../flux/alert-queries.ts';
import type { FoundPoint } from '../../../flux/alert-reader.ts';
import type { Database } from '../../../registry/database.ts';
import { type AlertReads, Evaluator } from '../../../tasks/alerts/evaluate.ts';
import { createAlertMetrics } from '../../../tasks/alerts/metrics.ts';
import { spreadStep } from '../../../tasks/alerts/spread.ts';
import {
  type AlertWish,
  BEGIN_MS,
  eventsOf,
  HOUR_MS,
  MINUTE_MS,
  makeAlert,
  makeChannel,
  priceRule,
  sentTo,
  spreadOptions,
} from '../../helpers/alert-steps.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { forEachDatabase } from '../../helpers/registry.ts';

const OFFSET_MS = 10_000;
const STEP_MS = BEGIN_MS + MINUTE_MS;
const [limitRule] = thresholdRules({ metrics: ['price'], above: 7 }) as [AlertRule];

/** InfluxDB as far as alerts ask it: what is in it, and what it was asked. */
class FakeReads implements AlertReads {
  readonly written = new Map<string, FoundPoint[]>();
  /** What a run of the past finds. */
  readonly past = new Map<string, FoundPoint[]>();
  readonly candles = new Set<string>();
  readonly present = new Set<string>();
  readonly asked: string[] = [];
  failure: Error | undefined;
  failsFor: string | undefined;

  write(rule: AlertRule, stepMs: number, pairs: readonly string[]): void {
    this.written.set(
      `${rule.key} ${stepMs}`,
      pairs.map((pair) => pointOf(rule, stepMs, pair)),
    );
  }

  async #ask(what: string, rule?: AlertRule): Promise<void> {
    this.asked.push(what);
    if (
      this.failure !== undefined &&
      (rule?.key === this.failsFor || this.failsFor === undefined)
    ) {
      throw this.failure;
    }
  }

  async marks({ fromMs, toMs }: { fromMs: number; toMs: number }) {
    await this.#ask('marks');
    return [...this.written]
      .map(([key, points]) => {
        const [rule, stepMs] = key.split(' ') as [string, string];
        return { rule, stepMs: Number(stepMs), found: points.length };
      })
      .filter(({ stepMs }) => stepMs > fromMs && stepMs <= toMs);
  }

  async found(rule: AlertRule, { toMs }: { toMs: number }) {
    await this.#ask('found', rule);
    return this.written.get(`${rule.key} ${toMs}`) ?? [];
  }

  async details() {
    await this.#ask('details');
    return new Map();
  }

  async backfilled() {
    await this.#ask('backfilled');
    return this.candles;
  }

  async seen() {
    await this.#ask('seen');
    return this.present;
  }

  async run(rule: AlertRule, stepMs: number) {
    await this.#ask('run', rule);
    const key = `${rule.key} ${stepMs}`;
    this.written.set(key, this.past.get(key) ?? []);
  }
}

function pointOf(rule: AlertRule, timeMs: number, pair: string): FoundPoint {
  const tags = { exchange: 'kraken', pair, monitor: null };
  return { ...tags, series: seriesOf(rule, tags), timeMs, value: 400, average: 100, samples: 60 };
}

forEachDatabase((fixture) => {
  let database: Database;
  let channel: number;
  let reads: FakeReads;
  let clock: ManualClock;
  let slowestMs = 0;
  beforeEach(async () => {
    database = await fixture.fresh();
    channel = await makeChannel(database);
    reads = new FakeReads();
    clock = new ManualClock(STEP_MS);
    slowestMs = 0;
  });
  const evaluatorOn = (on: Database, everyMs = MINUTE_MS) =>
    new Evaluator({
      ...{ reads, database: on, clock, log: silentLog, everyMs },
      metrics: createAlertMetrics(createMetrics()),
      offsetOf: () => OFFSET_MS,
      slowestMs: async () => slowestMs,
      spread: async (step) => void (await spreadStep(on, step, spreadOptions)),
    });
  /** An alert that is made when the clock begins. */
  const make = async (wish: AlertWish): Promise<void> => {
    const { id } = await makeAlert(database, wish);
    const created = new Date(BEGIN_MS + 1_000).toISOString();
    await database.query('update alerts set created = $2 where id = $1', [id, created]);
  };
  const lateOf = async () => (await sentTo(database)).map(({ payload }) => payload.data.late);

  describe('a step that an exchange is late for', () => {
    const begin = async () => {
      await make({ channel });
      const evaluator = evaluatorOn(database);
      clock.jump(OFFSET_MS);
      reads.write(priceRule, STEP_MS, ['btcusd']);
      await evaluator.round();
      reads.past.set(
        `${priceRule.key} ${STEP_MS}`,
        ['btcusd', 'ethusd'].map((pair) => pointOf(priceRule, STEP_MS, pair)),
      );
      reads.asked.length = 0;
      return evaluator;
    };

    it('is looked at once more, and what is new in it is told', async () => {
      const evaluator = await begin();
      slowestMs = OFFSET_MS + 1;
      clock.jump(29_999);
      await evaluator.round();
      assert.ok(!reads.asked.includes('run'));
      clock.jump(1);
      await evaluator.round();
      await evaluator.round();
      assert.equal(reads.asked.filter((what) => what === 'run').length, 1);
      const rows = await database.query('select series from alert_events order by series');
      const series = rows.map((row) => row.series);
      assert.deepEqual(series, ['price:kraken:btcusd', 'price:kraken:ethusd']);
      assert.deepEqual(await lateOf(), [false, false]);
    });

    it('is left alone when all prices were there in time', async () => {
      const evaluator = await begin();
      slowestMs = OFFSET_MS;
      clock.jump(30_000);
      await evaluator.round();
      assert.ok(!reads.asked.includes('run'));
    });
  });

  describe('a step that its task has written', () => {
    it('is looked for when its task is due, and taken once', async () => {
      await make({ channel });
      const evaluator = evaluatorOn(database);
      clock.jump(4_000);
      assert.equal(await evaluator.round(), 5_000);
      clock.jump(5_000);
      assert.equal(await evaluator.round(), 1_000);
      assert.deepEqual(reads.asked, []);
      clock.jump(1_000);
      assert.equal(await evaluator.round(), 1_000);
      assert.deepEqual(reads.asked, ['marks']);
      reads.write(priceRule, STEP_MS, ['btcusd']);
      await evaluator.round();
      assert.deepEqual(reads.asked.slice(1), ['marks', 'found', 'details']);
      assert.deepEqual(await lateOf(), [false]);
      assert.equal(await evaluator.round(), 5_000);
      assert.equal(reads.asked.length, 4);
      assert.equal(evaluator.state().behindMs, 0);
    });

    it('is asked for by rule, however many subscriptions there are', async () => {
      for (let nr = 0; nr < 40; nr += 1) {
        await make({ channel: await makeChannel(database), minSamples: 2 + nr });
      }
      reads.write(priceRule, STEP_MS, ['btcusd', 'ethusd']);
      clock.jump(OFFSET_MS);
      await evaluatorOn(database).round();
      assert.deepEqual(reads.asked, ['marks', 'found', 'details']);
      assert.equal((await sentTo(database)).length, 80);
    });

    it('that found nothing is asked for nothing', async () => {
      await make({ channel });
      reads.write(priceRule, STEP_MS, []);
      clock.jump(OFFSET_MS);
      await evaluatorOn(database).round();
      assert.deepEqual(reads.asked, ['marks']);
      assert.equal(await evaluatorOn(database).round(), 5_000);
    });

    it('is told once by two evaluators', async () => {
      await make({ channel, resolve: true });
      reads.write(priceRule, STEP_MS, ['btcusd', 'ethusd']);
      clock.jump(OFFSET_MS);
      const other = await fixture.another(database);
      const both = [evaluatorOn(database), evaluatorOn(other)];
      await Promise.all(both.map((one) => one.round()));
      assert.equal((await sentTo(database)).length, 2);
      assert.equal((await eventsOf(database)).length, 2);
    });

    it('but not read for long is told as late', async () => {
      await make({ channel });
      reads.write(priceRule, STEP_MS, ['btcusd']);
      clock.jump(HOUR_MS);
      await evaluatorOn(database).round();
      assert.deepEqual(await lateOf(), [true]);
    });
  });

  describe('a step that no task has written', () => {
    beforeEach(async () => {
      await make({ channel });
      reads.past.set(`${priceRule.key} ${STEP_MS}`, [
        pointOf(priceRule, STEP_MS, 'btcusd'),
        pointOf(priceRule, STEP_MS, 'ethusd'),
      ]);
    });

    it('is evaluated a minute after its time, and told as late', async () => {
      const evaluator = evaluatorOn(database);
      clock.jump(OFFSET_MS + 59_000);
      await evaluator.round();
      assert.ok(!reads.asked.includes('run'));
      clock.jump(1_000);
      await evaluator.round();
      assert.deepEqual(await lateOf(), [true, true]);
    });

    it('tells nothing of points that were filled in after the fact', async () => {
      reads.candles.add(`kraken:btcusd:${STEP_MS}`);
      const evaluator = evaluatorOn(database);
      clock.jump(OFFSET_MS + MINUTE_MS);
      await evaluator.round();
      assert.deepEqual(
        (await eventsOf(database)).map((event) => event.split(' ')[1]),
        ['price:kraken:ethusd'],
      );
    });

    it('is evaluated by the day at most, the newest steps not after the old ones', async () => {
      const evaluator = evaluatorOn(database, 10 * MINUTE_MS);
      clock.jump(29 * HOUR_MS + 59 * MINUTE_MS + OFFSET_MS);
      reads.write(priceRule, BEGIN_MS + 30 * HOUR_MS, ['xrpusd']);
      while ((await evaluator.round()) < 1_000);
      const runs = reads.asked.filter((what) => what === 'run').length;
      // But for the one that was written.
      assert.equal(runs, 24 * 6 - 1);
      const rows = await database.query('select count(*) as n from alert_steps');
      assert.deepEqual(rows, [{ n: 24 * 6 }]);
      const [first] = await sentTo(database);
      assert.equal((first!.payload.data.series as { pair: string }).pair, 'xrpusd');
    });

    it('of the canary is not: it measures those in time', async () => {
      await make({ channel, kind: 'canary', rules: [canaryRule] });
      const evaluator = evaluatorOn(database);
      clock.jump(OFFSET_MS + MINUTE_MS);
      await evaluator.round();
      assert.equal(reads.asked.filter((what) => what === 'run').length, 1);
      const rows = await database.query(`select rule, found from alert_steps order by found`);
      assert.deepEqual(rows, [
        { rule: 'canary', found: 0 },
        { rule: priceRule.key, found: 2 },
      ]);
    });
  });

  describe('InfluxDB that is away', () => {
    it('is said to be, tells nobody anything, and is waited for when it is back', async () => {
      await make({ channel });
      const evaluator = evaluatorOn(database);
      reads.failure = new TidemarkError('unavailable', 'connect ECONNREFUSED');
      clock.jump(10 * MINUTE_MS);
      await evaluator.round();
      assert.match(evaluator.state().trouble ?? '', /ECONNREFUSED/);
      assert.ok(evaluator.state().behindMs >= 9 * MINUTE_MS);
      assert.deepEqual(await eventsOf(database), []);
      // It answers again; what waited on disk comes first.
      reads.failure = undefined;
      await evaluator.round();
      assert.equal(evaluator.state().trouble, undefined);
      assert.ok(!reads.asked.includes('run'));
      clock.jump(59_000);
      await evaluator.round();
      assert.ok(!reads.asked.includes('run'));
      reads.past.set(`${priceRule.key} ${STEP_MS}`, [pointOf(priceRule, STEP_MS, 'btcusd')]);
      clock.jump(1_000);
      for (let round = 0; round < 5; round += 1) await evaluator.round();
      assert.deepEqual(await lateOf(), [true]);
    });
  });

  it('a rule that fails keeps no other from being evaluated, and is said to', async () => {
    await make({ channel });
    await make({ channel, kind: 'threshold', above: 7, rules: [limitRule] });
    const rules = [priceRule, limitRule];
    for (const rule of rules) reads.write(rule, STEP_MS, ['btcusd']);
    reads.failure = new TidemarkError('invalid', 'runtime error');
    reads.failsFor = priceRule.key;
    clock.jump(OFFSET_MS);
    const evaluator = evaluatorOn(database);
    await evaluator.round();
    assert.equal((await eventsOf(database)).length, 1);
    assert.deepEqual([...evaluator.state().failing], [[priceRule.key, 'runtime error']]);
    assert.equal(evaluator.state().trouble, undefined);
    reads.failure = undefined;
    clock.jump(MINUTE_MS);
    await evaluator.round();
    assert.equal((await eventsOf(database)).length, 2);
    assert.equal(evaluator.state().failing.size, 0);
  });

  it('an incident ends with a point that is not remarkable, not with none', async () => {
    await make({ channel, resolve: true });
    const evaluator = evaluatorOn(database);
    const kinds = async () => (await sentTo(database)).map(({ kind }) => kind);
    reads.write(priceRule, STEP_MS, ['btcusd']);
    clock.jump(OFFSET_MS);
    await evaluator.round();
    for (const [minutes, present, wanted] of [
      [1, [], ['fired']],
      [2, ['price:kraken:ethusd'], ['fired']],
      [3, ['price:kraken:btcusd'], ['fired', 'resolved']],
      [4, ['price:kraken:btcusd'], ['fired', 'resolved']],
    ] as const) {
      clock.jump(MINUTE_MS);
      reads.write(priceRule, STEP_MS + minutes * MINUTE_MS, []);
      reads.present.clear();
      for (const series of present) reads.present.add(series);
      await evaluator.round();
      assert.deepEqual(await kinds(), wanted);
    }
    // Nobody asks who is there when there is nothing to end.
    assert.equal(reads.asked.filter((what) => what === 'seen').length, 3);
  });
});
