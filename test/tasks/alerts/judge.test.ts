import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AlertRule, ratioRules, thresholdRules } from '../../../core/alert-rules.ts';
import { type JudgedStep, SeriesJudge, type SeriesPoint } from '../../../tasks/alerts/judge.ts';
import { findings, oddSeries } from '../../helpers/alert-oracle.ts';
import { randomFrom } from '../../helpers/random.ts';

const MINUTE_MS = 60_000;
const END_MS = 100 * 3_600_000;

function judged(rule: AlertRule, points: readonly SeriesPoint[], everyMs = MINUTE_MS) {
  const judge = new SeriesJudge(rule, { everyMs });
  const steps: (JudgedStep | undefined)[] = points.map((point) => judge.add(point));
  return [...steps, judge.end()].filter((step) => step !== undefined);
}

describe('judging a series', () => {
  const odd = oddSeries(END_MS);
  const series = new Map<string, SeriesPoint[]>();
  for (const { exchange, pair, timeMs, value } of odd) {
    const key = `price:${exchange}:${pair}`;
    series.set(key, [...(series.get(key) ?? []), { timeMs, value }]);
  }

  for (const rule of ratioRules({ metrics: ['price'], direction: 'either' })) {
    it(`finds what is ${rule.direction} its mean as a plain computation does`, () => {
      const found = [...series].flatMap(([key, points]) => {
        const sorted = points.toSorted((a, b) => a.timeMs - b.timeMs);
        const last = judged(rule, sorted).find(({ stepMs }) => stepMs === END_MS);
        return last?.found ? [{ series: key, ...last.found }] : [];
      });
      const wanted = findings(rule, odd, { endMs: END_MS, stepMs: MINUTE_MS });
      assert.deepEqual(
        found.map(({ series: name, value, samples }) => [name, value, samples]).sort(),
        wanted.map(({ series: name, value, samples }) => [name, value, samples]).sort(),
      );
      assert.ok(wanted.length > 5);
    });
  }

  it('agrees with a plain computation over a long walk with gaps', () => {
    const random = randomFrom(7);
    const points: SeriesPoint[] = [];
    for (let timeMs = 0; timeMs < 20 * 3_600_000; ) {
      timeMs += random() < 0.02 ? 1_800_000 : Math.ceil(90_000 * random());
      points.push({ timeMs, value: random() < 0.03 ? 1 + 5 * random() : 1 + random() });
    }
    const [rule] = ratioRules({ metrics: ['price'], factor: 2, windowMs: 600_000 });
    const steps = judged(rule!, points);
    let fired = 0;
    for (const { stepMs, found } of steps) {
      const step = points.filter((p) => p.timeMs > stepMs - MINUTE_MS && p.timeMs <= stepMs);
      const fromMs = stepMs - MINUTE_MS - 600_000;
      const window = points.filter((p) => p.timeMs > fromMs && p.timeMs <= stepMs - MINUTE_MS);
      const mean = window.reduce((sum, p) => sum + p.value, 0) / window.length;
      const value = Math.max(...step.map((p) => p.value));
      const fires = window.length >= 2 && value > 2 * mean;
      assert.equal(found !== null, fires, `${stepMs}`);
      if (found === null) continue;
      fired += 1;
      assert.deepEqual([found.value, found.samples], [value, window.length]);
      assert.ok(Math.abs(found.average! / mean - 1) < 1e-12);
    }
    assert.ok(fired > 10 && fired < steps.length / 2, `${fired} of ${steps.length}`);
  });

  it('compares with a limit, which itself is not beyond it', () => {
    const [above, below] = thresholdRules({ metrics: ['price'], above: 3, below: 1, pairs: ['p'] });
    const points = [3, 3.5, 1, 0.5].map((value, at) => ({ timeMs: at * MINUTE_MS, value }));
    const values = (rule: AlertRule) =>
      judged(rule, points).map(({ found }) => found?.value ?? null);
    assert.deepEqual(values(above!), [null, 3.5, null, null]);
    assert.deepEqual(values(below!), [null, null, null, 0.5]);
  });

  it('is not misled by a sum that has overflown', () => {
    const [rule] = ratioRules({ metrics: ['price'], windowMs: 300_000 });
    const values = [1e308, 1e308, 1e308, 1, 1, 1, 1, 1, 1, 4];
    const points = values.map((value, at) => ({ timeMs: at * MINUTE_MS, value }));
    assert.equal(judged(rule!, points).at(-1)!.found?.average, 1);
  });
});
