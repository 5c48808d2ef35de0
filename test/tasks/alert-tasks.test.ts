import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AlertRule, canaryRule, ratioRules, thresholdRules } from '../../core/alert-rules.ts';
import { fixedMs } from '../../core/duration.ts';
import { isCode } from '../../core/errors.ts';
import { alertTasks } from '../../tasks/alert-tasks.ts';
import { desiredTasks } from '../../tasks/desired.ts';
import { planTasks } from '../../tasks/plan.ts';

const bucket = 'b';
const sampling = { finestMs: 60_000, commonMs: 60_000 };
const common = { bucket, sampling };
const limits = thresholdRules({ metrics: ['price'], above: 70_000, pairs: ['ethusd', 'btcusd'] });
const rules = [...ratioRules({}), ...limits, canaryRule];

describe('rules of alerts', () => {
  it('have names that tell them apart and can be read', () => {
    assert.deepEqual(
      rules.map(({ key }) => key.replace(/~[0-9a-f]{8}$/, '~')),
      [
        'ratio-price-above-3-1h',
        'ratio-volume-above-3-1h',
        'threshold-price-above-70000-btcusd~',
        'canary',
      ],
    );
    const keys = (spec: Parameters<typeof thresholdRules>[0]) =>
      thresholdRules(spec).map(({ key }) => key);
    const same = {
      metrics: ['price' as const],
      above: 70_000,
      pairs: ['btcusd', 'ethusd', 'btcusd'],
    };
    assert.deepEqual(keys(same), [limits[0]!.key]);
    const others = [
      ...keys({ ...same, pairs: ['btcusd'] }),
      ...keys({ ...same, exchanges: ['kraken'] }),
      ...keys({ ...same, pairs: null, exchanges: ['btcusd', 'ethusd'] }),
      ...keys({ ...same, above: undefined, below: 70_000 }),
      ...keys({ ...same, pairs: null }),
      ...keys({ ...same, metrics: ['latency'], monitors: ['7'] }),
    ];
    assert.equal(new Set([limits[0]!.key, ...others]).size, 7);
  });

  it('are one for each metric and direction', () => {
    const keys = (spec: Parameters<typeof ratioRules>[0]) => ratioRules(spec).map(({ key }) => key);
    assert.deepEqual(keys({ metrics: ['bid', 'bid'], direction: 'either', factor: 1.5 }), [
      'ratio-bid-above-1.5-1h',
      'ratio-bid-below-1.5-1h',
    ]);
    assert.deepEqual(keys({ metrics: ['latency'], windowMs: 300_000 }), [
      'ratio-latency-above-3-5m',
    ]);
  });

  it('are refused where nothing could come of them', () => {
    for (const spec of [
      ...[1, 0, -3, Number.NaN, Number.POSITIVE_INFINITY, 1e7].map((factor) => ({ factor })),
      ...[0, 299_999, 300_000.5, 8 * 864e5, Number.NaN].map((windowMs) => ({ windowMs })),
    ]) {
      assert.throws(
        () => ratioRules(spec),
        (error: unknown) => isCode(error, 'invalid'),
        JSON.stringify(spec),
      );
    }
    const names = Array.from({ length: 51 }, (_, i) => `p${i}`);
    for (const spec of [
      ...[{}, { above: Number.NaN }, { below: Number.NEGATIVE_INFINITY }],
      ...[[], [''], names].map((pairs) => ({ above: 1, pairs })),
    ]) {
      assert.throws(
        () => thresholdRules({ metrics: ['price'], ...spec }),
        (error: unknown) => isCode(error, 'invalid'),
        JSON.stringify(spec),
      );
    }
  });
});

describe('tasks of alerts', () => {
  it('are one for each rule, however many want it', () => {
    const desired = desiredTasks({ ...common, alertRules: [...rules, ...ratioRules({})] });
    const alerts = desired.filter(({ kind }) => kind === 'alert');
    assert.deepEqual(
      alerts.map(({ name }) => name),
      rules.map(({ key }) => `tidemark: alert-${key}`),
    );
    assert.equal(desiredTasks(common).length, desired.length - rules.length);
    for (const { flux, everyMs } of alerts) {
      assert.match(flux, /every: 1m/);
      assert.equal(everyMs, 60_000);
    }
  });

  it('come when a rule is wanted, and go when nobody wants it any more', () => {
    const before = desiredTasks({ ...common, alertRules: rules });
    const actual = before.map(({ name, flux }, i) => ({
      id: `${100 + i}`,
      name,
      flux,
      status: 'active' as const,
    }));
    const work = (alertRules: readonly AlertRule[]) =>
      planTasks(desiredTasks({ ...common, alertRules }), actual, { bucket })
        .filter(({ kind }) => kind !== 'leave')
        .map(({ kind, task, reason }) => `${kind} ${task.name} (${reason})`);
    assert.deepEqual(work(rules), []);
    assert.deepEqual(work(ratioRules({ metrics: ['price'] })), [
      'remove tidemark: alert-ratio-volume-above-3-1h (no longer wanted)',
      `remove tidemark: alert-${limits[0]!.key} (no longer wanted)`,
      'remove tidemark: alert-canary (no longer wanted)',
    ]);
    assert.deepEqual(work([...rules, ...ratioRules({ metrics: ['ask'], factor: 2 })]), [
      'create tidemark: alert-ratio-ask-above-2-1h (absent)',
    ]);
  });

  it('start within their interval, the rules that most have first', () => {
    for (const everyMs of [10_000, 60_000, 600_000]) {
      const many = [2, 4, 5, 6, 7, 8, 9, 11].flatMap((factor) => ratioRules({ factor }));
      const tasks = alertTasks({ bucket, alertRules: [...rules, ...many], alertEveryMs: everyMs });
      const offsets = tasks.map(({ offset }) => fixedMs(offset));
      assert.ok(offsets.every((ms) => ms > 0 && ms < everyMs));
      assert.equal(offsets[0], Math.min(...offsets));
      assert.equal(offsets[1], offsets[0]);
      assert.ok(new Set(offsets).size > 2);
    }
  });
});
