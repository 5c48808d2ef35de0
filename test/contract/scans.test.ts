/** What is answered of a monitor's scans, on every engine, against a plain computation of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { createScanQueries, type ScanRange } from '../../flux/scan-queries.ts';
import { forEachEngine } from '../helpers/engines.ts';

type Fields = Readonly<Record<string, number | boolean | string>>;

interface Scan {
  readonly monitor: string;
  readonly slotMs: number;
  readonly fields: Fields;
}

const MINUTE_MS = 60_000;
const MINUTES = 180;
const START_MS = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 86_400_000;
const STOP_MS = START_MS + MINUTES * MINUTE_MS;
const WHOLE = new Set(['status', 'bytes', 'wire_bytes', 'hops']);
const time = (ms: number) => new Date(ms).toISOString();

/** Scans that are answered, fail in every phase, have a pattern, or no TLS, as it comes. */
function scansOf(monitor: string): Scan[] {
  return Array.from({ length: MINUTES }, (_, minute) => {
    // Not on whole minutes: each monitor has a phase of its own.
    const slotMs = START_MS + minute * MINUTE_MS + 17_345;
    const base = { late_ms: minute % 7, total_ms: 20 + ((minute * 37) % 101) + minute / 1_000 };
    if (minute % 10 === 3) {
      return { monitor, slotMs, fields: { ...base, ok: false, reason: 'dns', hops: 0, dns_ms: 5 } };
    }
    const reached = { ...base, hops: minute % 3, dns_ms: minute % 11, connect_ms: 1.5 };
    if (minute % 10 === 6) {
      const fields = { ...reached, ok: false, reason: 'timeout-first-byte', ttfb_ms: 10_000 };
      return { monitor, slotMs, fields: { ...fields, total_ms: 10_000 } };
    }
    const answered = { ...reached, status: 200, bytes: minute, wire_bytes: 12, ttfb_ms: 3 };
    if (minute % 20 === 9) {
      const fields = { ...answered, status: 429, ok: false, reason: 'throttled' };
      return { monitor, slotMs, fields };
    }
    const value: Fields = minute > 100 ? { value_price: minute / 3, matched: true } : {};
    const fields = { ...answered, ok: true, reason: 'ok', transfer_ms: 0.25, ...value };
    return { monitor, slotMs, fields };
  }).filter((_, minute) => minute < 60 || minute >= 120);
}

const all = ['7', '70', '8'].flatMap(scansOf);

function line({ monitor, slotMs, fields }: Scan): string {
  const texts = Object.entries(fields).map(([name, value]) => {
    if (typeof value === 'string') return `${name}="${value}"`;
    return `${name}=${value}${WHOLE.has(name) ? 'i' : ''}`;
  });
  return `scan,monitor=${monitor} ${texts.join(',')} ${slotMs}000000`;
}

/** Between two values in proportion, as `exact_mean` has it. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = q * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
  return below + (above - below) * (rank - Math.floor(rank));
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function close(got: number | undefined, right: number, what: string): void {
  const error = Math.abs((got ?? Number.NaN) - right) / Math.max(Math.abs(right), 1e-9);
  assert.ok(error < 1e-9, `${what}: ${got} is not ${right}`);
}

const inside = ({ start, stop }: ScanRange, monitor: string) =>
  all.filter(
    (scan) =>
      scan.monitor === monitor &&
      scan.slotMs >= Date.parse(start) &&
      scan.slotMs < Date.parse(stop),
  );

forEachEngine((name, start) => {
  describe(`scans on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    const queries = () => createScanQueries({ bucket: engine.bucket });
    const whole = { monitor: '7', start: time(START_MS), stop: time(STOP_MS) };

    before(async () => {
      engine = await start();
      influx = createInflux({ ...engine, timeoutMs: 60_000, clock: systemClock });
      const answer = await influx.write(gzipSync(all.map(line).join('\n')), { gzip: true });
      assert.equal(answer.status, 204, answer.text);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    const results = async (range: ScanRange) => {
      const rows: (readonly [number, Fields])[] = [];
      for await (const batch of influx.queryRows(queries().results(range))) {
        for (const row of batch.rows) {
          const cells = batch.columns.map(({ label }, index) => [label, row[index] ?? ''] as const);
          const { _time, result, table, ...fields } = Object.fromEntries(cells);
          rows.push([Date.parse(_time!), read(fields)]);
        }
      }
      return rows;
    };
    const read = (cells: Readonly<Record<string, string>>): Fields =>
      Object.fromEntries(
        Object.entries(cells)
          .filter(([, cell]) => cell !== '')
          .map(([label, cell]) => {
            if (label === 'reason') return [label, cell];
            return [label, label === 'ok' || label === 'matched' ? cell === 'true' : Number(cell)];
          }),
      );

    it('give every scan of one monitor by time, with the fields that it has and no other', async () => {
      const ranges = [
        whole,
        { ...whole, stop: time(START_MS + 4 * MINUTE_MS) },
        { ...whole, start: time(START_MS + 90 * MINUTE_MS + 17_345) },
        { ...whole, monitor: '9' },
      ];
      for (const range of ranges) {
        const right = inside(range, range.monitor).map(({ slotMs, fields }) => [slotMs, fields]);
        assert.deepEqual(await results(range), right);
      }
      assert.equal((await results(whole)).length, 120);
    });

    it('leave out a slot of which only some fields are there', async () => {
      const lines = [`scan,monitor=half ok=true ${START_MS}000000`];
      lines.push(`scan,monitor=half ok=true,reason="ok",total_ms=1 ${START_MS + 1}000000`);
      assert.equal((await influx.write(lines.join('\n'), { gzip: false })).status, 204);
      const found = await results({ ...whole, monitor: 'half' });
      assert.deepEqual(
        found.map(([ms]) => ms),
        [START_MS + 1],
      );
    });

    it('count reasons in each window', async () => {
      for (const everyMs of [MINUTE_MS * 60, MINUTE_MS * 25]) {
        const right = new Map<string, number>();
        for (const { slotMs, fields } of inside(whole, '7')) {
          const key = `${time(Math.floor(slotMs / everyMs) * everyMs)} ${fields.reason}`;
          right.set(key, (right.get(key) ?? 0) + 1);
        }
        const every = `${everyMs / MINUTE_MS}m`;
        const shape = { _time: 'time', _value: 'long', reason: 'string' } as const;
        const rows = await influx.collect(queries().reasons({ ...whole, every }), shape);
        const got = rows.map((row) => [`${time(Date.parse(row._time))} ${row.reason}`, row._value]);
        // The range begins in the middle of a window: that one is said to begin with the range.
        const clipped = [...right].map(([key, count]) => {
          const [begin = '', reason] = key.split(' ');
          return [`${[begin, whole.start].sort().at(-1)} ${reason}`, count];
        });
        assert.deepEqual(got.sort(), clipped.sort());
      }
    });

    const LATENCY = { part: 'string', _value: 'double' } as const;

    it('tell how long answered scans took, and the mean of each phase of all', async () => {
      const rows = await influx.collect(queries().latency(whole), LATENCY);
      const got = new Map(rows.map(({ part, _value }) => [part, _value]));
      assert.equal(got.size, rows.length, 'each part once');
      const scans = inside(whole, '7');
      const took = scans
        .filter(({ fields }) => fields.ok)
        .map(({ fields }) => fields.total_ms as number);
      close(got.get('mean'), mean(took), 'mean');
      close(got.get('p50'), quantile(took, 0.5), 'p50');
      close(got.get('p90'), quantile(took, 0.9), 'p90');
      close(got.get('p99'), quantile(took, 0.99), 'p99');
      close(got.get('max'), Math.max(...took), 'max');
      for (const field of ['dns_ms', 'connect_ms', 'ttfb_ms', 'transfer_ms', 'late_ms']) {
        const values = scans.flatMap(({ fields }) =>
          field in fields ? [Number(fields[field])] : [],
        );
        close(got.get(field), mean(values), field);
      }
      assert.equal(got.get('tls_ms'), undefined, 'no scan came to it');
      assert.equal(got.size, 10);
    });

    it('tell how long answered scans took in each window', async () => {
      const shape = { ...LATENCY, _time: 'time' } as const;
      const rows = await influx.collect(queries().latencySteps({ ...whole, every: '20m' }), shape);
      const right: string[] = [];
      for (let fromMs = START_MS; fromMs < STOP_MS; fromMs += 20 * MINUTE_MS) {
        const stop = time(fromMs + 20 * MINUTE_MS);
        const took = inside({ ...whole, start: time(fromMs), stop }, '7')
          .filter(({ fields }) => fields.ok)
          .map(({ fields }) => fields.total_ms as number);
        if (took.length === 0) continue;
        right.push(`max ${fromMs} ${Math.max(...took).toFixed(6)}`);
        right.push(`mean ${fromMs} ${mean(took).toFixed(6)}`);
      }
      const got = rows.map(
        (row) => `${row.part} ${Date.parse(row._time)} ${row._value.toFixed(6)}`,
      );
      assert.deepEqual(got.sort(), right.sort());
    });

    it('answer with nothing where there are no scans', async () => {
      const none = { ...whole, monitor: '9' };
      assert.deepEqual(await influx.collect(queries().latency(none), LATENCY), []);
      assert.deepEqual(await influx.collect(queries().reasons({ ...none, every: '1h' }), {}), []);
      const steps = queries().latencySteps({ ...none, every: '1h' });
      assert.deepEqual(await influx.collect(steps, {}), []);
    });

    it('answer with no latency where every scan failed', async () => {
      const lines = [0, 1].map((minute) => {
        const fields = 'ok=false,reason="refused",total_ms=2,dns_ms=1,late_ms=0';
        return `scan,monitor=dark ${fields} ${START_MS + minute * MINUTE_MS}000000`;
      });
      assert.equal((await influx.write(lines.join('\n'), { gzip: false })).status, 204);
      const rows = await influx.collect(queries().latency({ ...whole, monitor: 'dark' }), LATENCY);
      assert.deepEqual(rows.map(({ part }) => part).sort(), ['dns_ms', 'late_ms']);
    });
  });
});
