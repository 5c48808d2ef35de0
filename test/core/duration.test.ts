import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  absoluteText,
  backMs,
  fixedMs,
  fixedMsOrNone,
  formatMs,
  parseDuration,
  spanMs,
} from '../../core/duration.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('parseDuration', () => {
  const now = Date.parse('2022-10-11T03:35:02.358Z');
  const cases: readonly [string, string, number][] = [
    ['-24h', '1d', DAY],
    ['24h', '1d', DAY],
    ['-1h', '1h', HOUR],
    ['1d12h', '36h', 1.5 * DAY],
    ['12h1d', '36h', 1.5 * DAY],
    ['-90s', '90s', 90_000],
    ['1h1h', '2h', 2 * HOUR],
    ['2w', '14d', 14 * DAY],
    ['1500ms', '1500ms', 1500],
    ['1us', '1us', 1],
    ['1µs', '1us', 1],
    ['1ns', '1ns', 1],
    ['007m', '7m', 420_000],
    ['1mo', '1mo', 30 * DAY],
    ['1y', '12mo', 365 * DAY],
    ['1mo1d', '1mo1d', 31 * DAY],
    ['0s', '0s', 0],
  ];
  for (const [text, canonical, span] of cases) {
    it(`reads ${text} as ${canonical}`, () => {
      const duration = parseDuration(text);
      assert.equal(absoluteText(duration), canonical);
      assert.equal(spanMs(duration, now), span);
      assert.equal(duration.negative, text.startsWith('-'));
      assert.equal(duration.text, text);
    });
  }

  const refused = [
    ['', 'nothing'],
    ['-', 'a lone sign'],
    ['h', 'no number'],
    ['1', 'no unit'],
    ['1.5h', 'a fraction'],
    ['--1h', 'two signs'],
    ['+1h', 'a plus'],
    ['1h-1m', 'a sign inside'],
    ['1 h', 'a space'],
    ['1h\n', 'a line end'],
    ['1H', 'an upper-case unit'],
    ['1hour', 'a word'],
    ['1h) |> drop(', 'an injection'],
    ['١h', 'digits of another script'],
    ['9'.repeat(100_000), 'a very long text'],
    [`${'1h'.repeat(50)}`, 'too many parts'],
    ['99999999999mo', 'months beyond any calendar'],
  ] as const;
  for (const [text, why] of refused) {
    it(`refuses ${why}`, () => {
      assert.throws(() => parseDuration(text), { name: 'TidemarkError', code: 'invalid' });
    });
  }

  it('ends on the last day of a shorter month', () => {
    const marchEnd = Date.parse('2024-03-31T10:00:00Z');
    const back = marchEnd - spanMs(parseDuration('1mo'), marchEnd);
    assert.equal(new Date(back).toISOString(), '2024-02-29T10:00:00.000Z');
  });

  it('goes over the turn of a year', () => {
    const january = Date.parse('2023-01-15T00:00:00Z');
    const back = january - spanMs(parseDuration('14mo'), january);
    assert.equal(new Date(back).toISOString(), '2021-11-15T00:00:00.000Z');
  });
});

describe('fixedMs', () => {
  it('reads settings', () => {
    assert.equal(fixedMs('1m'), 60_000);
    assert.equal(fixedMs('30d'), 30 * DAY);
    assert.equal(fixedMs('1m30s'), 90_000);
  });
  for (const text of ['1mo', '-1m', '1ns', '1us', 'soon']) {
    it(`refuses ${text}`, () => {
      assert.throws(() => fixedMs(text), { code: 'invalid' });
      assert.equal(fixedMsOrNone(text), undefined);
    });
  }
  it('is the same where nothing is thrown', () => {
    assert.equal(fixedMsOrNone('1m30s'), 90_000);
  });
});

describe('backMs', () => {
  const now = Date.parse('2022-10-11T03:35:02.358Z');
  it('is a time before now, by the calendar', () => {
    assert.equal(backMs('-24h', now), now - DAY);
    assert.equal(backMs('1mo', now), Date.parse('2022-09-11T03:35:02.358Z'));
  });
  it('is undefined for what is no duration', () => {
    assert.equal(backMs('soon', now), undefined);
  });
});

it('formatMs gives the shortest exact text', () => {
  assert.equal(formatMs(DAY), '1d');
  assert.equal(formatMs(1.5 * HOUR), '90m');
  assert.equal(formatMs(1), '1ms');
  assert.equal(formatMs(0), '0s');
});
