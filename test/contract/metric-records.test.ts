/** What is answered of a metric's records, on every engine, against a plain computation of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { createMetricQueries, type RecordRange } from '../../flux/metric-queries.ts';
import { forEachEngine } from '../helpers/engines.ts';

type Metric = RecordRange['metric'];
type Field = Exclude<Metric, 'spread'>;

interface Row {
  readonly exchange: string;
  readonly pair: string;
  readonly timeMs: number;
  readonly fields: Readonly<Partial<Record<Field, number>>>;
}

const MINUTE_MS = 60_000;
const START_MS = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000;
const MINUTES = 30;
const time = (ms: number) => new Date(ms).toISOString();

/**
 * Four exchanges at paces of their own (every 20 s, at odd seconds, every minute, only at first);
 * one without bid and ask, one with a bid alone, one whose fields come and go.
 */
function market(): Row[] {
  const rows: Row[] = [];
  const add = (exchange: string, timeMs: number, fields: Row['fields']) => {
    rows.push({ exchange, pair: 'btcusd', timeMs, fields });
    rows.push({ exchange, pair: 'btcusdt', timeMs, fields: { ...fields, price: 1 } });
  };
  for (let second = 0; second < MINUTES * 60; second += 20) {
    const price = 20_000 + second / 7;
    const whole = { price, bid: price - 1, ask: price + 1.5, volume: 100 + second };
    const ms = START_MS + second * 1_000;
    // Absent for some minutes in the middle.
    if (second < 600 || second >= 900) add('a', ms, whole);
    if (second % 140 === 0) add('b-x', ms + 7_000, { price: price * 1.01, volume: 5 });
    if (second % 60 === 0) add('c', ms, { price: price - 3, bid: price - 4, volume: 0 });
    if (second < 120) add('d.e', ms, { price: 1e-7, bid: 1e-7, ask: 3e-7 });
    if (second === 1_200) add('late', ms, { ask: 7 });
  }
  return rows;
}

const rows = market().filter(({ timeMs }) => timeMs < START_MS + MINUTES * MINUTE_MS);

/** The last value of each exchange in each window, and of these the mean, or the sum. */
function wanted(metric: Metric, everyMs: number, [fromMs, toMs]: readonly [number, number]) {
  const windows = new Map<number, Map<string, Map<Field, [number, number]>>>();
  for (const { exchange, pair, timeMs, fields } of rows) {
    if (pair !== 'btcusd' || timeMs < fromMs || timeMs >= toMs) continue;
    const begin = Math.floor(timeMs / everyMs) * everyMs;
    const window = windows.get(begin) ?? new Map<string, Map<Field, [number, number]>>();
    windows.set(begin, window);
    const last = window.get(exchange) ?? new Map<Field, [number, number]>();
    window.set(exchange, last);
    for (const [field, value] of Object.entries(fields) as [Field, number][]) {
      if ((last.get(field)?.[0] ?? 0) <= timeMs) last.set(field, [timeMs, value]);
    }
  }
  const answer: [number, number][] = [];
  for (const begin of [...windows.keys()].sort((a, b) => a - b)) {
    const values = [...windows.get(begin)!.values()].flatMap((last) => {
      if (metric !== 'spread') return last.has(metric) ? [last.get(metric)![1]] : [];
      const [bid, ask] = [last.get('bid'), last.get('ask')];
      return bid && ask ? [ask[1] - bid[1]] : [];
    });
    const sum = values.reduce((left, right) => left + right, 0);
    if (values.length > 0) answer.push([begin, metric === 'volume' ? sum : sum / values.length]);
  }
  return answer;
}

forEachEngine((name, start) => {
  describe(`records of metrics on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    const queries = () => createMetricQueries({ bucket: engine.bucket });

    before(async () => {
      engine = await start();
      influx = createInflux({ ...engine, timeoutMs: 60_000, clock: systemClock });
      const lines = rows.map(({ exchange, pair, timeMs, fields }) => {
        const list = Object.entries(fields).map(([field, value]) => `${field}=${value}`);
        return `price,exchange=${exchange},pair=${pair} ${list.join(',')} ${timeMs}000000`;
      });
      const slots = [0, 1].map(
        (slot) =>
          `ingest,exchange=a late_ms=${slot + 0.5},took_ms=120,rows=${slot}i,ok=${slot === 1} ` +
          `${START_MS + slot * MINUTE_MS}000000`,
      );
      const answer = await influx.write(gzipSync([...lines, ...slots].join('\n')), { gzip: true });
      assert.equal(answer.status, 204, answer.text);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    const SHAPE = { _time: 'time', _value: 'double' } as const;
    const ask = async (flux: string) =>
      (await influx.collect(flux, SHAPE)).map(
        ({ _time, _value }) => [Date.parse(_time), _value] as const,
      );
    const close = (
      found: readonly (readonly [number, number])[],
      right: readonly (readonly [number, number])[],
    ) => {
      assert.deepEqual(
        found.map(([ms]) => time(ms)),
        right.map(([ms]) => time(ms)),
      );
      for (const [index, [ms, value]] of found.entries()) {
        const other = right[index]![1];
        const error = Math.abs(value - other) / Math.max(Math.abs(other), 1e-300);
        assert.ok(error < 1e-12 || value === other, `${time(ms)}: ${value} is not ${other}`);
      }
    };

    for (const metric of ['price', 'volume', 'bid', 'ask', 'spread'] as const) {
      it(`give the ${metric} of all exchanges for each window, by its begin`, async () => {
        for (const [every, everyMs] of [
          ['1m', MINUTE_MS],
          ['5m', 5 * MINUTE_MS],
          ['20s', 20_000],
          ['7s', 7_000],
        ] as const) {
          const fromMs = Math.floor((START_MS + 60_000) / everyMs) * everyMs;
          const toMs = START_MS + 25 * MINUTE_MS + 13_000;
          const range = { pair: 'btcusd', metric, start: time(fromMs), stop: time(toMs) };
          const found = await ask(queries().records({ ...range, every }));
          const right = wanted(metric, everyMs, [fromMs, toMs]);
          assert.ok(right.length > 3);
          close(found, right);
        }
      });

      it(`give the ${metric} of one exchange as it was written`, async () => {
        const range = {
          pair: 'btcusd',
          metric,
          start: time(START_MS),
          stop: time(START_MS + MINUTES * MINUTE_MS),
        };
        for (const exchange of ['a', 'b-x', 'c', 'd.e', 'late', 'nowhere']) {
          const found = await ask(queries().exchangeRecords({ ...range, exchange }));
          const right = rows
            .filter((row) => row.exchange === exchange && row.pair === 'btcusd')
            .flatMap(({ timeMs, fields: { bid, ask: asked, ...fields } }) => {
              const all = { ...fields, bid, ask: asked };
              const spread = bid !== undefined && asked !== undefined ? asked - bid : undefined;
              const value = metric === 'spread' ? spread : all[metric];
              return value === undefined ? [] : [[timeMs, value] as const];
            });
          close(found, right);
        }
      });
    }

    it('give nothing for a pair or a time that has nothing', async () => {
      for (const metric of ['price', 'volume', 'spread'] as const) {
        const range = { metric, start: time(START_MS), stop: time(START_MS + 600_000) };
        assert.deepEqual(
          await ask(queries().records({ ...range, pair: 'nousd', every: '1m' })),
          [],
        );
        const old = { start: '2001-01-01T00:00:00Z', stop: '2001-01-02T00:00:00Z' };
        const longAgo = { metric, ...old, pair: 'btcusd' };
        assert.deepEqual(await ask(queries().records({ ...longAgo, every: '1m' })), []);
      }
    });

    it('give a part, joined to the next, as the whole', async () => {
      const ends = [0, 7, 8, 20, MINUTES].map((minute) => START_MS + minute * MINUTE_MS);
      const shared = { pair: 'btcusd', metric: 'price', every: '1m' } as const;
      const part = (fromMs: number, toMs: number) =>
        ask(queries().records({ ...shared, start: time(fromMs), stop: time(toMs) }));
      const parts = [];
      for (const [index, fromMs] of ends.slice(0, -1).entries()) {
        parts.push(...(await part(fromMs, ends[index + 1]!)));
      }
      assert.deepEqual(parts, await part(ends[0]!, ends.at(-1)!));
    });

    it('tell how punctual slots were', async () => {
      const shape = {
        _time: 'time',
        late_ms: 'double',
        took_ms: 'double',
        rows: 'long',
        ok: 'bool',
      };
      const range = { start: time(START_MS), stop: time(START_MS + 600_000) };
      const found = await influx.collect(
        queries().slots({ exchange: 'a', ...range }),
        shape as never,
      );
      const slot = (index: number) => ({
        _time: time(START_MS + index * MINUTE_MS).replace('.000Z', 'Z'),
        late_ms: index + 0.5,
        took_ms: 120,
        rows: index,
        ok: index === 1,
      });
      assert.deepEqual(found, [slot(0), slot(1)]);
      assert.deepEqual(await influx.collect(queries().slots({ exchange: 'b', ...range }), {}), []);
    });
  });
});
