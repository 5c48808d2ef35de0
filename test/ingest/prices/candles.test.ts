import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../core/paths.ts';
import type { Candle, CandleSource, MarketRef, TimeRange } from '../../../ingest/prices/adapter.ts';
import { cells, collectCandles } from '../../../ingest/prices/candles.ts';
import { exchanges } from '../../../ingest/prices/exchanges/list.ts';
import { parseNumberJson } from '../../../ingest/prices/number-json.ts';
import { Refusal } from '../../../ingest/prices/refusal.ts';

const MINUTE_MS = 60_000;
const FIXTURES = join(projectRoot, 'test', 'fixtures', 'prices');

/** What want-candles.json holds; decimals of candles are plain texts there, the oldest first. */
interface Want {
  readonly market: MarketRef;
  readonly range: TimeRange;
  /** The path that `request(market, range)` asks for. */
  readonly path: string;
  readonly candles: readonly unknown[];
}

const text = (id: string, name: string): string => {
  const file = join(FIXTURES, id, name);
  assert.ok(existsSync(file), `${id} has candles, so it needs ${file}`);
  return readFileSync(file, 'utf8');
};
const wantOf = (id: string): Want => JSON.parse(text(id, 'want-candles.json'));
const bodyOf = (id: string): unknown => parseNumberJson(text(id, 'candles.json'));

/** The oldest first, decimals as plain texts. */
function plain(candles: readonly Candle[]): unknown {
  const sorted = [...candles].sort((left, right) => left.startMs - right.startMs);
  return JSON.parse(JSON.stringify(sorted, (_key, value) => value?.floatText ?? value));
}

const HOSTILE = [
  ...[null, '', 'NaN', '-Infinity', '1e999', '0x10', ' 1', 'Invalid Date', '-1', '0', '1e-400'],
  ...[{}, [], true, { floatText: '1' }, [[]], '9'.repeat(500), 17],
];

describe('candles', () => {
  for (const { id, candles } of exchanges) {
    if (candles) describe(id, () => checkSource(id, candles));
  }

  it('leaves out what is no candle, and keeps digits as they are', () => {
    const good = { startMs: 1_700_000_040_000, open: '1', high: '3', low: '1e-8', close: '2.50' };
    const raws = [
      good,
      { ...good, startMs: good.startMs + 1 },
      { ...good, startMs: good.startMs / 1000 },
      { ...good, startMs: Number.NaN },
      { ...good, close: '3.01' },
      { ...good, close: '0' },
      { ...good, low: '2.6' },
      { ...good, open: null },
      { ...good, volume: 'NaN' },
      { ...good, volume: '0' },
      undefined,
    ];
    const first = {
      startMs: good.startMs,
      open: { floatText: '1' },
      high: { floatText: '3' },
      low: { floatText: '1e-8' },
      close: { floatText: '2.50' },
    };
    assert.deepEqual(
      collectCandles(raws, (raw) => raw),
      [first, first, { ...first, volume: { floatText: '0' } }],
    );
  });

  it('reads a row of cells only when it has enough of them, all texts', () => {
    assert.deepEqual(cells(['1', '2', {}], 2), ['1', '2']);
    for (const row of [['1'], ['1', null], '12', null, { length: 2 }]) {
      assert.equal(cells(row, 2), undefined);
    }
  });
});

function checkSource(id: string, source: CandleSource): void {
  it('asks for a page at the path of its documents, within its limit', () => {
    const { market, range, path } = wantOf(id);
    assert.equal(source.request(market, range), path);
    assert.ok(path.startsWith('/') && URL.canParse(path, 'http://a'));
    assert.ok(source.pageRowsMax >= 1 && source.spacingMs > 0);
    assert.ok(range.toMs - range.fromMs <= source.pageRowsMax * MINUTE_MS);
  });

  it('reads an answer: each closed minute with its digits, open ones where they are marked', () => {
    const { market, range, candles } = wantOf(id);
    const parsed = source.parse(bodyOf(id), market);
    assert.deepEqual(plain(parsed), candles);
    const inside = parsed.filter(({ startMs }) => startMs >= range.fromMs && startMs < range.toMs);
    assert.ok(inside.length > 1, 'two candles of the range at least');
    assert.ok(inside.length < parsed.length, 'one candle outside of the range at least');
  });

  it('refuses an answer of another shape', () => {
    const { market } = wantOf(id);
    for (const body of [null, 'text', true, 7, { unrelated: 1 }]) {
      assert.throws(() => source.parse(body, market), Refusal, JSON.stringify(body));
    }
  });

  it('survives anything in any place of its answer, and never invents a number', () => {
    const { market } = wantOf(id);
    const good = bodyOf(id);
    const times = new Set(source.parse(good, market).map(({ startMs }) => startMs));
    for (const hostile of HOSTILE) {
      for (const mutant of mutants(good, hostile)) {
        const candles = attempt(() => source.parse(mutant, market));
        for (const candle of candles ?? []) {
          assert.ok(times.has(candle.startMs), `a minute that was not there: ${candle.startMs}`);
          checkNumbers(candle);
        }
      }
    }
  });
}

function checkNumbers(candle: Candle): void {
  const { open, high, low, close, volume } = candle;
  for (const { floatText } of [open, high, low, close]) {
    const value = Number(floatText);
    assert.ok(Number.isFinite(value) && value > 0, JSON.stringify(candle));
  }
  const amount = typeof volume === 'object' ? Number(volume.floatText) : (volume ?? 0);
  assert.ok(Number.isFinite(amount) && amount >= 0, JSON.stringify(candle));
}

/** The body with each value anywhere in it replaced, one at a time. */
function* mutants(body: unknown, hostile: unknown): Generator<unknown> {
  if (typeof body !== 'object' || body === null) return;
  for (const [key, value] of Object.entries(body)) {
    yield withValue(body, key, hostile);
    for (const changed of mutants(value, hostile)) yield withValue(body, key, changed);
  }
}

function withValue(holder: object, key: string, value: unknown): unknown {
  if (Array.isArray(holder)) return holder.with(Number(key), value);
  return { ...holder, [key]: value };
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return undefined;
  }
}
