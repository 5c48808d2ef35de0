import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshForMs, pauseAskedMs } from '../../../ingest/articles/poll/hints.ts';
import { type Ended, inWords, nextCheck } from '../../../ingest/articles/poll/next-check.ts';
import { NO_PACE, type Pace, paceAfter, readPace } from '../../../ingest/articles/poll/pace.ts';
import { isFinal, retryMs } from '../../../ingest/articles/poll/retries.ts';

const nowMs = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const ended = (change: Partial<Ended> & { readonly pace?: Pace } = {}) =>
  nextCheck({
    ...{ nowMs, wantedMs: null, pace: NO_PACE, failures: 0, random: () => 0.5 },
    limits: { floorMs: MINUTE_MS, maxMs: HOUR_MS },
    ...change,
  });
const pace = (change: Partial<Pace>): Pace => ({ ...NO_PACE, newsMs: nowMs, ...change });

describe('the interval of a feed', () => {
  it('is the one that was asked for, whatever the feed says, down to 10 s', () => {
    const slow = pace({ ttlMs: HOUR_MS, gapMs: DAY_MS });
    const next = ended({ wantedMs: 10_000, pace: slow, freshMs: HOUR_MS });
    assert.equal(next.intervalMs, 10_000);
    assert.equal(next.dueMs, nowMs + 10_000);
    assert.match(next.why, /as asked for/);
  });

  it('is never below what the server asks for', () => {
    const next = ended({ wantedMs: 10_000, retryAfterMs: 5 * MINUTE_MS });
    assert.ok(next.intervalMs >= 5 * MINUTE_MS);
    assert.match(next.why, /Retry-After/);
    assert.ok(ended({ retryAfterMs: 3 * HOUR_MS }).intervalMs >= 3 * HOUR_MS);
  });

  it('follows how often it has news, between the floor and the longest', () => {
    assert.equal(ended({ pace: pace({ gapMs: 20 * MINUTE_MS }) }).intervalMs, 10 * MINUTE_MS);
    assert.equal(ended({ pace: pace({ gapMs: 0 }) }).intervalMs, MINUTE_MS);
    assert.equal(ended({ pace: pace({ gapMs: 30 * DAY_MS }) }).intervalMs, HOUR_MS);
    const many = pace({ gapMs: 20 * MINUTE_MS, share: 0.9 });
    assert.equal(ended({ pace: many }).intervalMs, 5 * MINUTE_MS);
    const few = pace({ gapMs: 20 * MINUTE_MS, share: 0.05 });
    assert.equal(ended({ pace: few }).intervalMs, 15 * MINUTE_MS);
  });

  it('grows while a feed is quiet', () => {
    const quiet = pace({ gapMs: 4 * MINUTE_MS, newsMs: nowMs - 5 * HOUR_MS });
    const next = ended({ pace: quiet });
    assert.equal(next.intervalMs, 30 * MINUTE_MS);
    assert.match(next.why, /Nothing new for 5 h/);
  });

  it('is not below what the feed or its server say that they stay the same for', () => {
    const often = pace({ gapMs: 4 * MINUTE_MS, ttlMs: 30 * MINUTE_MS });
    assert.match(ended({ pace: often }).why, /ttl/);
    assert.equal(ended({ pace: often }).intervalMs, 30 * MINUTE_MS);
    const cached = ended({ pace: pace({ gapMs: 4 * MINUTE_MS }), freshMs: 10 * MINUTE_MS });
    assert.deepEqual([cached.intervalMs, /Cache-Control/.test(cached.why)], [600_000, true]);
    assert.equal(ended({ pace: pace({ ttlMs: 7 * DAY_MS }) }).intervalMs, HOUR_MS);
  });

  it('takes what a site says of its period only while nothing was measured', () => {
    const said = ended({ pace: pace({ periodMs: 20 * MINUTE_MS }) });
    assert.equal(said.intervalMs, 10 * MINUTE_MS);
    const seen = pace({ periodMs: HOUR_MS, gapMs: 6 * MINUTE_MS });
    assert.equal(ended({ pace: seen }).intervalMs, 3 * MINUTE_MS);
  });

  it('is spread, so that feeds do not fall into step', () => {
    const gap = pace({ gapMs: 20 * MINUTE_MS });
    const [early, late] = [0, 0.999].map((x) => ended({ pace: gap, random: () => x }).intervalMs);
    assert.equal(early, 9 * MINUTE_MS);
    assert.ok(late! > 10.9 * MINUTE_MS);
  });
});

describe('a feed that fails', () => {
  it('is asked again after a while that doubles, up to about a day', () => {
    const waits = [1, 2, 3, 4, 30].map((failures) => ended({ failures }).intervalMs);
    assert.deepEqual(
      waits,
      [1, 2, 4, 8, 24 * 60].map((minutes) => minutes * MINUTE_MS),
    );
    assert.equal(ended({ failures: 1, wantedMs: 10_000 }).intervalMs, 10_000);
  });

  it('does not come back together with the others of its host', () => {
    const dues = Array.from({ length: 50 }, (_, n) => {
      return ended({ failures: 4, random: () => n / 50 }).dueMs;
    });
    const [first, last] = [Math.min(...dues), Math.max(...dues)];
    assert.equal(new Set(dues).size, 50);
    assert.ok(last - first > 3 * MINUTE_MS, `${last - first} ms`);
  });
});

describe('the pace of a feed', () => {
  const first = { nowMs, first: true, fresh: 5 };

  it('is that of its dates at first, and nothing of a first check is news', () => {
    const published = [1, 2, 3, 4, 5].map((hours) => nowMs - hours * HOUR_MS);
    const known = paceAfter(NO_PACE, { ...first, published, ttlMinutes: 5, periodMinutes: 60 });
    assert.deepEqual(known, {
      ...{ gapMs: HOUR_MS, newsMs: nowMs - HOUR_MS, share: NO_PACE.share },
      ...{ ttlMs: 5 * MINUTE_MS, periodMs: HOUR_MS },
    });
  });

  it('is measured where there are no dates', () => {
    const known = paceAfter(NO_PACE, { ...first, published: [] });
    const later = { nowMs: nowMs + HOUR_MS, first: false, fresh: 2, published: [] };
    assert.equal(paceAfter(known, later).gapMs, HOUR_MS / 2);
  });

  it('keeps what is known over a check without a body', () => {
    const before = pace({ gapMs: HOUR_MS, ttlMs: MINUTE_MS, share: 1 });
    const after = paceAfter(before, { nowMs: nowMs + HOUR_MS, first: false, fresh: 0 });
    assert.deepEqual([after.gapMs, after.ttlMs, after.newsMs], [HOUR_MS, MINUTE_MS, nowMs]);
    assert.ok(after.share < 1);
  });

  it('takes no harm from dates to come, from the past, or a clock that was set', () => {
    const published = [nowMs + 9 * DAY_MS, 0, -5, Number.MAX_SAFE_INTEGER];
    const known = paceAfter(NO_PACE, { ...first, published });
    assert.deepEqual([known.gapMs, known.newsMs], [null, nowMs]);
    const back = { nowMs: nowMs - 400 * DAY_MS, first: false, fresh: 1, published: [] };
    const next = ended({ nowMs: back.nowMs, pace: paceAfter(known, back) });
    assert.ok(next.intervalMs >= MINUTE_MS && next.intervalMs <= 1.1 * HOUR_MS);
  });

  it('is none where what was kept is not one', () => {
    for (const kept of [null, {}, 'x', { gapMs: 'x' }, { ...NO_PACE, share: 7 }]) {
      assert.deepEqual(readPace(kept), NO_PACE);
    }
    assert.deepEqual(readPace(JSON.parse(JSON.stringify(pace({ gapMs: 1 })))), pace({ gapMs: 1 }));
  });
});

describe('what a server says of its answers', () => {
  const fresh: [Record<string, string>, number | undefined][] = [
    [{ 'cache-control': 'public, max-age=300' }, 300_000],
    [{ 'cache-control': 'max-age=300', age: '100' }, 200_000],
    [{ 'cache-control': 'max-age=300', age: '400' }, undefined],
    [{ 'cache-control': 'no-cache, max-age=300' }, undefined],
    [{ 'cache-control': 's-maxage=300' }, undefined],
    [{ 'cache-control': 'max-age=999999999999' }, DAY_MS],
    [{ expires: 'Thu, 01 Jan 2026 00:10:00 GMT' }, 600_000],
    [
      { expires: 'Fri, 01 Jan 2021 00:01:00 GMT', date: 'Fri, 01 Jan 2021 00:00:00 GMT' },
      MINUTE_MS,
    ],
    [{ expires: '0' }, undefined],
    [{}, undefined],
  ];
  for (const [headers, ms] of fresh) {
    it(`${JSON.stringify(headers)} holds for ${ms} ms`, () => {
      assert.equal(freshForMs(headers, nowMs), ms);
    });
  }
  const pauses: [string, number | undefined][] = [
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Sat, 01 Jan 2050 00:00:00 GMT', DAY_MS],
    ['99999999999999999999999', DAY_MS],
    ['-1', undefined],
    ['soon', undefined],
  ];
  for (const [value, ms] of pauses) {
    it(`Retry-After: ${value} is ${ms} ms`, () => {
      assert.equal(pauseAskedMs({ 'retry-after': value }, nowMs), ms);
    });
  }
});

describe('attempts at a page', () => {
  it('come after 1 min, 5 min, 30 min and 2 h, and then no more', () => {
    const waits = [1, 2, 3, 4, 5].map((attempts) => retryMs(attempts, () => 0.5));
    assert.deepEqual(waits, [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, undefined]);
  });

  it('end at once where another would find the same', () => {
    assert.ok(isFinal('not-found') && isFinal('gone') && isFinal('not-html') && isFinal('target'));
    assert.ok(!isFinal('unavailable') && !isFinal('timeout') && !isFinal('dns'));
  });
});

it('lengths of time are told in words', () => {
  const words = [300, 45_000, 89_000, 120_000, 90 * MINUTE_MS, 3 * DAY_MS].map(inWords);
  assert.deepEqual(words, ['1 s', '45 s', '89 s', '2 min', '2 h', '3 days']);
});
