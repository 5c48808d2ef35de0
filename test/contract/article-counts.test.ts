/** Articles counted by feed, rule and currency, on every engine, against a plain count. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { bind, loadFlux } from '../../flux/load.ts';
import { forEachEngine } from '../helpers/engines.ts';

const MINUTE_MS = 60_000;
const START_MS = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 86_400_000;
const HOURS = 5;
const time = (ms: number) => new Date(ms).toISOString();

interface Point {
  readonly tags: Readonly<Record<string, string>>;
  readonly atMs: number;
}

/** Feeds of different pace, some articles in the same millisecond, some hours with none. */
const points: Point[] = Array.from({ length: 400 }, (_, n) => {
  const feed = `${1 + (n % 4)}`;
  const atMs = START_MS + ((n * n * 7) % (HOURS * 60)) * MINUTE_MS + (n % 3) * 20_000;
  const inThirdHour = atMs >= START_MS + 120 * MINUTE_MS && atMs < START_MS + 180 * MINUTE_MS;
  if (inThirdHour && feed !== '1') return [];
  const told: Point[] = [{ tags: { feed, event: n % 9 === 0 ? 'updated' : 'new' }, atMs }];
  for (const rule of [2, 3, 5]) {
    if (n % rule === 0) told.push({ tags: { feed, event: 'matched', rule: `${rule}` }, atMs });
  }
  for (const symbol of n % 2 === 0 ? ['BTC'] : ['BTC', 'ETH']) {
    if (n % 3 !== 0) told.push({ tags: { feed, event: 'mentioned', symbol }, atMs });
  }
  return told;
}).flat();

/** As they are written: times are unique, whatever the millisecond. */
function line({ tags, atMs }: Point, moment: number): string {
  const labels = Object.entries(tags).map(([name, value]) => `,${name}=${value}`);
  const fields = `article=${moment}i,title="t, ${moment}",url="https://x.test/",lag_ms=1.5`;
  return `article${labels.join('')} ${fields} ${BigInt(atMs) * 1_000_000n + BigInt(moment)}`;
}

interface Range {
  readonly start: string;
  readonly stop: string;
  readonly everyMs: number;
}

/** `window begin, value of the tag, count`, sorted. */
function counted(range: Range, event: string, tag: string): string[] {
  const counts = new Map<string, number>();
  for (const { tags, atMs } of points) {
    if (tags.event !== event || atMs < Date.parse(range.start) || atMs >= Date.parse(range.stop)) {
      continue;
    }
    const window = time(Math.floor(atMs / range.everyMs) * range.everyMs);
    // Where the range begins in the middle of a window, that one begins with the range.
    const key = `${[window, range.start].sort().at(-1)} ${tags[tag]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`).sort();
}

forEachEngine((name, start) => {
  describe(`articles on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    const whole = { start: time(START_MS), stop: time(START_MS + HOURS * 60 * MINUTE_MS) };
    const ranges: readonly Range[] = [
      { ...whole, everyMs: 60 * MINUTE_MS },
      { ...whole, everyMs: 5 * MINUTE_MS },
      { ...whole, start: time(START_MS + 17 * MINUTE_MS), everyMs: 60 * MINUTE_MS },
      { ...whole, stop: time(START_MS + 95 * MINUTE_MS), everyMs: 30 * MINUTE_MS },
    ];

    before(async () => {
      engine = await start();
      influx = createInflux({ ...engine, timeoutMs: 60_000, clock: systemClock });
      const answer = await influx.write(gzipSync(points.map(line).join('\n')), { gzip: true });
      assert.equal(answer.status, 204, answer.text);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    const count = async (query: string, { everyMs, ...range }: Range, more = {}) => {
      const every = `${everyMs / MINUTE_MS}m`;
      const script = bind(loadFlux(query), { bucket: engine.bucket, ...range, every, ...more });
      const tag = query.slice('article-'.length, -1);
      const shape = { _time: 'time', _value: 'long', [tag]: 'string' } as const;
      const rows = await influx.collect(script, shape);
      return rows.map((row) => {
        const cells: Readonly<Record<string, unknown>> = row;
        return `${time(Date.parse(String(cells._time)))} ${cells[tag]} ${cells._value}`;
      });
    };

    it('are counted by feed, new ones and updated ones apart', async () => {
      for (const range of ranges) {
        for (const event of ['new', 'updated']) {
          const got = await count('article-feeds', range, { event });
          assert.deepEqual(got.sort(), counted(range, event, 'feed'));
        }
      }
      assert.ok(counted(ranges[0]!, 'new', 'feed').length > 10);
    });

    it('are counted by rule, whatever the feed', async () => {
      for (const range of ranges) {
        const got = await count('article-rules', range);
        assert.deepEqual(got.sort(), counted(range, 'matched', 'rule'));
      }
    });

    it('are counted by currency, whatever the feed', async () => {
      for (const range of ranges) {
        const got = await count('article-symbols', range);
        assert.deepEqual(got.sort(), counted(range, 'mentioned', 'symbol'));
      }
    });

    it('that are not there are none', async () => {
      const range = {
        start: time(START_MS - 60_000),
        stop: time(START_MS - 1_000),
        everyMs: MINUTE_MS,
      };
      for (const query of ['article-feeds', 'article-rules', 'article-symbols']) {
        const more = query === 'article-feeds' ? { event: 'new' } : {};
        assert.deepEqual(await count(query, range, more), []);
      }
    });
  });
});
