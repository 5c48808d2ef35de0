import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Exchange } from '../../client/types.ts';
import { closed } from '../../web/flux/tokens.ts';
import { exact, lengthMs, lengthWords } from '../../web/format.ts';
import { totalsOf, withTick } from '../../web/overview/state.ts';
import { lengthText, seenOf, windowMs, zoomed } from '../../web/pair/range.ts';
import { medianLine, newestOf, Series } from '../../web/pair/series.ts';
import { lonely, lookOf, stacked, summaryOf } from '../../web/parts/chart-lines.ts';

const MINUTE_MS = 60_000;
const time = (minute: number, second = 0) =>
  new Date(minute * MINUTE_MS + second * 1000).toISOString();

describe('the lines of a pair', () => {
  it('have a place for each window, whichever exchange has a price in it', () => {
    const series = new Series(0, 3 * MINUTE_MS, MINUTE_MS);
    series.put([
      { exchange: 'okx', price: 2, time: time(1) },
      { exchange: 'okx', price: 3, time: time(1, 30) },
      { exchange: 'gate', price: 5, time: time(4) },
    ]);
    assert.deepEqual(series.times, [0, 60, 120, 180, 240]);
    assert.deepEqual(series.lines.get('okx'), [null, 3, null, null, null]);
    assert.deepEqual(series.lines.get('gate'), [null, null, null, null, 5]);
    assert.equal(series.count, 2);
  });

  it('forget what is older than what is seen, and take nothing from before', () => {
    const series = new Series(0, 3 * MINUTE_MS, MINUTE_MS);
    series.put([0, 1, 2, 3].map((at) => ({ exchange: 'okx', price: at, time: time(at) })));
    const rest = series.trim(2 * MINUTE_MS + 1);
    rest.put([{ exchange: 'okx', price: 9, time: time(0) }]);
    assert.deepEqual(rest.times, [120, 180]);
    assert.deepEqual(rest.lines.get('okx'), [2, 3]);
    assert.equal(rest.count, 2);
  });

  it('have a median where at least half of them have a price', () => {
    const lines = [
      [1, null, 4],
      [2, null, null],
      [9, 5, 6],
    ];
    assert.deepEqual(medianLine(lines), [2, null, 5]);
    assert.deepEqual(medianLine([]), []);
  });

  it('know the newest price of each exchange', () => {
    const newest = newestOf([
      { exchange: 'okx', price: 2, time: time(2) },
      { exchange: 'okx', price: 1, time: time(1) },
      { exchange: 'okx', price: null, time: time(3) },
    ]);
    assert.equal(newest.get('okx')?.price, 2);
  });
});

describe('what is seen', () => {
  it('is a day, a preset, or a stretch that makes sense', () => {
    const nowMs = Date.parse('2026-01-02T00:00:00Z');
    assert.equal(seenOf({}, nowMs).preset, '24h');
    assert.equal(seenOf({ range: '7d' }, nowMs).fromMs, nowMs - 7 * 86_400_000);
    assert.equal(seenOf({ range: 'x', from: '9', to: '3' }, nowMs).preset, '24h');
    const from = nowMs / 1000 - 100;
    const seen = seenOf({ from: String(from), to: String(from + 50) }, nowMs);
    assert.deepEqual(seen, { fromMs: from * 1000, toMs: (from + 50) * 1000, preset: undefined });
    const still = { fromMs: -4000, toMs: 6000, preset: undefined };
    assert.deepEqual(zoomed(1000, 1000, nowMs), still);
    assert.deepEqual(zoomed(11_000, 31_000, 21_000), { ...still, fromMs: 1000, toMs: 21_000 });
  });

  it('comes in windows that fit, each long enough for every exchange', () => {
    const day = { fromMs: 0, toMs: 86_400_000, preset: undefined };
    assert.equal(windowMs(day, 1400, 1000), 120_000);
    assert.equal(windowMs(day, 1400, 300_000), 300_000);
    for (const text of ['5s', '90s', '2m', '1h', '7d']) {
      assert.equal(lengthMs(lengthText(lengthMs(text)!)), lengthMs(text));
    }
    assert.equal(lengthMs('1y'), undefined);
  });
});

describe('what people read', () => {
  it('is a length as it was set where that is short, else rounded', () => {
    const told = [
      ...[['15m', '15 min'] as const, ['90m', '90 min'] as const, ['10s', '10 s'] as const],
      ...[['929886ms', '15 min'] as const, ['350ms', '350 ms'] as const, ['1h', '1 h'] as const],
      ...[['1d12h', '36 h'] as const, ['5415s', '1.5 h'] as const, ['2w', '2 w'] as const],
      ...[['1mo', '1mo'] as const, [null, '–'] as const, ['', ''] as const],
    ];
    for (const [text, words] of told) assert.equal(lengthWords(text), words, `${text}`);
  });

  it('is a value with the digits that a quant wants', () => {
    const told = [
      ...[[58_812.3, '58,812.3'] as const, [58_537.70714285714, '58,537.70714'] as const],
      ...[[1_234_567_890_123, '1,234,567,890,123'] as const, [0, '0'] as const],
      ...[[-0.000012345678912, '-0.00001234567891'] as const, [1.5e-12, '1.5e-12'] as const],
      ...[[6.02e23, '6.02e+23'] as const, [null, '–'] as const, [Number.NaN, '–'] as const],
    ];
    for (const [value, words] of told) assert.equal(exact(value), words);
  });
});

describe('a proposal of the Flux console', () => {
  /** `|` is the cursor, `<` where what gives way begins; the same mark is where the cursor ends. */
  const taken = (marked: string, insert: string) => {
    const from = marked.indexOf('<');
    const cursor = marked.indexOf('|>>') - 1;
    const script = marked.replace('<', '').replace('|>>', '');
    const { text, to } = closed(script, { insert, from, cursor });
    return `${script.slice(0, from)}${text}|>>${script.slice(to)}`;
  };

  it('within a text closes it, and the cursor stands behind', () => {
    const cases = [
      ['from(bucket: "<|>>', 'from(bucket: "tidemark"|>>'],
      ['from(bucket: "<ti|>>', 'from(bucket: "tidemark"|>>'],
      ['from(bucket: "<ti|>>")', 'from(bucket: "tidemark"|>>)'],
      ['from(bucket: "<ti|>>de")', 'from(bucket: "tidemark"|>>)'],
      ['from(bucket: "<|>>)\n// "', 'from(bucket: "tidemark"|>>)\n// "'],
      ['x = "a\\"b<|>>', 'x = "a\\"btidemark"|>>'],
    ] as const;
    for (const [before, after] of cases) assert.equal(taken(before, 'tidemark'), after);
  });

  it('elsewhere writes what it is', () => {
    assert.equal(taken('x = "a"\n<fr|>>', 'from('), 'x = "a"\nfrom(|>>');
    assert.equal(taken('// "\n<|>>', '"b"'), '// "\n"b"|>>');
  });
});

describe('a chart', () => {
  it('stands areas one upon another', () => {
    const tops = stacked([{ values: [1, null, null] }, { values: [2, 5, null] }]);
    assert.deepEqual(tops, [
      [1, 0, null],
      [3, 5, null],
    ]);
  });

  it('finds points that no line reaches', () => {
    const times = [0, 10, 20, 30, 40];
    assert.deepEqual(lonely(times, [1, null, 2, null, null]), [0, 2]);
    assert.deepEqual(lonely(times, [1, null, 2, null, null], 20), []);
    assert.deepEqual(lonely(times, [null, 1, 2, null, 3]), [4]);
    assert.deepEqual(lonely(times, [null, null, 7, null, null], 20), [2]);
  });

  it('tells 32 lines apart', () => {
    for (const dark of [false, true]) {
      const looks = Array.from({ length: 32 }, (_, at) => JSON.stringify(lookOf(at, dark)));
      assert.equal(new Set(looks).size, 32);
    }
  });

  it('says in words what is drawn', () => {
    const lines = [
      { label: 'okx', values: [3, null, 1, null] },
      { label: 'gate', values: [null] },
    ];
    const words = summaryOf(lines, () => String, 2);
    assert.equal(words, 'okx: 1 at last, from 1 to 3; gate: nothing');
    assert.match(
      summaryOf(lines, () => String, 1),
      /and 1 more$/,
    );
  });
});

describe('what is known of the exchanges', () => {
  const kraken = {
    ...{ exchange: 'kraken', enabled: true, interval: '5s', mode: 'poll', streaming: false },
    ...{ state: 'failing', rows: 3, dropped: {}, consecutiveFailures: 2, error: 'away' },
    ...{ lastSuccess: time(1), lastAttempt: time(2), pausedUntil: null, latenessMs: 900 },
  } satisfies Exchange;

  it('is moved on by an event, but never back', () => {
    const tick = { exchange: 'kraken', markets: 7, time: time(3), at: time(3, 2) };
    const now = withTick(kraken, tick);
    assert.deepEqual(
      [now.state, now.rows, now.latenessMs, now.consecutiveFailures, now.error],
      ['ok', 7, 2000, 0, null],
    );
    assert.equal(withTick(now, { ...tick, at: time(3, 1) }), now);
  });

  it('is summed up without those that are off', () => {
    const off = { ...kraken, exchange: 'okx', enabled: false, rows: 100, latenessMs: 1e6 };
    const none = { ...kraken, exchange: 'gate', lastSuccess: null, latenessMs: null };
    const totals = totalsOf([kraken, off, none]);
    assert.deepEqual(totals, {
      ...{ markets: 6, on: 2, ok: 0, newestMs: MINUTE_MS - 900 },
      worst: { exchange: 'kraken', latenessMs: 900 },
    });
  });
});
