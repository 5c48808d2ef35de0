/** What an alert would have told, on every engine: the same as its task finds step by step. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type AlertRule, ratioRules } from '../../core/alert-rules.ts';
import { systemClock } from '../../core/clock.ts';
import { isCode } from '../../core/errors.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { createAlertReader } from '../../flux/alert-reader.ts';
import { bind, loadTask } from '../../flux/load.ts';
import type { AlertSpec } from '../../registry/alerts.ts';
import { alertTasks } from '../../tasks/alert-tasks.ts';
import { createPreview } from '../../tasks/alerts/preview.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { randomFrom } from '../helpers/random.ts';

const MINUTE_MS = 60_000;
const WINDOW_MS = 300_000;
const STEPS = 30;
const END_MS = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS - WINDOW_MS;
const FROM_MS = END_MS - STEPS * MINUTE_MS;
const { signal } = new AbortController();

const plain: AlertSpec = {
  ...{ metrics: ['price'], direction: 'above', factor: 2, above: null, below: null },
  ...{ pairs: null, exchanges: null, monitors: null, minSamples: 3, minAverage: null },
  ...{ forMs: 0, notify: 'window', remindMs: null, resolve: false, states: [] },
  ...{ articleRules: null, feeds: null, symbols: null, freshness: [], afterMs: 600_000 },
};

const points = ['kraken', 'okx'].flatMap((exchange, nr) =>
  ['btcusd', 'ethusd', 'a.b'].flatMap((pair, index) => {
    const random = randomFrom(17 * nr + index + 1);
    return Array.from({ length: STEPS + 10 }, (_, at) => {
      const value = random() < 0.1 ? 2 + 3 * random() : 1 + random() / 4;
      return { exchange, pair, timeMs: FROM_MS + (at - 9) * MINUTE_MS, value };
    });
  }),
);

forEachEngine((name, start) => {
  describe(`previews of alerts on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;

    before(async () => {
      engine = await start();
      const { url, token, org, bucket } = engine;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      const lines = points.map(
        ({ exchange, pair, timeMs, value }) =>
          `price,exchange=${exchange},pair=${pair} price=${value},volume=7 ${timeMs}000000`,
      );
      lines.push(
        ...[20, 21, 90].map((ms, at) => `scan,monitor=7 total_ms=${ms} ${FROM_MS + at}000000`),
      );
      const answer = await influx.write(gzipSync(lines.join('\n')), { gzip: true });
      assert.equal(answer.status, 204, answer.text);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    const preview = (spec: Partial<AlertSpec>, kind: 'ratio' | 'threshold' = 'ratio') =>
      createPreview({ influx, everyMs: MINUTE_MS })({
        ...{ kind, spec: { ...plain, ...spec }, windowMs: WINDOW_MS },
        ...{ fromMs: FROM_MS, toMs: END_MS, signal },
      });

    /** One a series and window, as the task has found them, with so many points in the window. */
    async function foundByTask(rule: AlertRule): Promise<string[]> {
      const { bucket } = engine;
      const [task] = alertTasks({ bucket, alertRules: [rule], alertEveryMs: MINUTE_MS });
      const flux = bind(loadTask(task!.file), task!.values);
      for (let step = 1; step <= STEPS; step += 1) {
        const now = new Date(FROM_MS + step * MINUTE_MS).toISOString();
        await influx.collect(flux, {}, { now });
      }
      const found = await createAlertReader(influx).found(rule, { fromMs: FROM_MS, toMs: END_MS });
      const told = new Map<string, string>();
      for (const { series, timeMs, value, samples } of found) {
        const key = `${series} ${Math.floor(timeMs / WINDOW_MS)}`;
        if (samples! >= 3 && !told.has(key))
          told.set(key, `${series} ${timeMs} ${value} ${samples}`);
      }
      return [...told.values()].sort();
    }

    it('tell what the task would have found, once a series and window', async () => {
      const [rule] = ratioRules({ metrics: ['price'], factor: 2, windowMs: WINDOW_MS });
      const wanted = await foundByTask(rule!);
      const found = await preview({});
      const shown = found.first.map(
        ({ series, atMs, value, samples }) => `${series} ${atMs} ${value} ${samples}`,
      );
      assert.deepEqual(shown.sort(), wanted);
      assert.ok(wanted.length >= 5);
      assert.deepEqual([found.alerts, found.looked], [wanted.length, 6]);
      const times = found.first.map(({ atMs }) => atMs);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
    });

    it('look at what is asked for alone', async () => {
      const all = await preview({});
      const some = await preview({ pairs: ['a.b'], exchanges: ['okx'] });
      const wanted = all.first.filter(({ pair, exchange }) => pair === 'a.b' && exchange === 'okx');
      assert.deepEqual([some.first, some.looked], [wanted, 1]);
      const none = await preview({ metrics: ['volume'] });
      assert.deepEqual([none.alerts, none.series, none.looked], [0, 0, 6]);
      const slow = await preview({ metrics: ['latency'], above: 50, monitors: [7] }, 'threshold');
      assert.deepEqual(
        slow.first.map(({ series, monitor, value }) => [series, monitor, value]),
        [['latency:7', 7, 90]],
      );
    });

    it('know how long it has to last, and what goes on', async () => {
      const each = await preview({ above: 1.9, pairs: ['btcusd'] }, 'threshold');
      const lasting = await preview({ above: 0.5, pairs: ['btcusd'], forMs: 600_000 }, 'threshold');
      const [first] = lasting.first;
      assert.ok(each.alerts > 1 && first!.atMs >= FROM_MS + 600_000);
      const once = await preview(
        { above: 0.5, pairs: ['btcusd'], notify: 'incident' },
        'threshold',
      );
      assert.deepEqual([once.alerts, once.series], [2, 2]);
    });

    it('refuse what is too much, and say how to ask for less', async () => {
      const small = createPreview({ influx, everyMs: MINUTE_MS, pointsMax: 100 });
      const asked = { kind: 'ratio', spec: plain, windowMs: WINDOW_MS } as const;
      await assert.rejects(small({ ...asked, fromMs: FROM_MS, toMs: END_MS, signal }), (error) => {
        return isCode(error, 'invalid') && /fewer pairs or exchanges/.test(error.message);
      });
    });
  });
});
